"""The small bank in a folder of its own, for tests that change it."""

import shutil
import sqlite3
from pathlib import Path

from santander.lake import Lake
from santander.settings import Settings
from santander.tables import INGESTIONS
from tests.conftest import Bank


def own_copy(bank: Bank, folder: Path) -> Settings:
    """The bank in another folder, with nothing that points back to the one that other tests read."""
    old = Path(bank.settings.data_dir)
    shutil.copytree(old, folder)
    settings = Settings.load(data_dir=str(folder))
    with sqlite3.connect(settings.state / "mlflow.db") as registry:
        tables = [name for (name,) in registry.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for _, column, type_, *_ in registry.execute(f"PRAGMA table_info('{table}')").fetchall():
                if type_.startswith(("VARCHAR", "TEXT")):
                    moved = f'UPDATE OR IGNORE "{table}" SET {column} = replace({column}, ?, ?) WHERE {column} LIKE ?'  # noqa: S608
                    registry.execute(moved, (str(old), str(folder), f"%{old}%"))
    Lake(settings).delta(INGESTIONS).update({"file": f"replace(file, '{old}', '{folder}')"})
    return settings
