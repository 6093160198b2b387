"""Where studies are kept: a file that another release of Optuna wrote."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from optuna.storages import RDBStorage

from santander.errors import SantanderError
from santander.tune.study import _storage


def test_studies_of_another_release_are_named_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "tuning.db"
    RDBStorage(f"sqlite:///{file}").engine.dispose()
    with closing(sqlite3.connect(file)) as studies:
        studies.execute("UPDATE alembic_version SET version_num = 'v2.4.0.a'")
        studies.commit()
    with pytest.raises(SantanderError) as refused:
        _storage(file, 1.0)
    assert f"{file} is of another release of Optuna" in str(refused.value)
    assert f"'optuna storage upgrade --storage sqlite:///{file}'" in str(refused.value)
