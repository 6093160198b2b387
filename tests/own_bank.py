"""The small bank in a folder of its own, for tests that change it."""

import shutil
from pathlib import Path

from santander.config.settings import Settings
from santander.relocation.settle import remember, settle
from tests.conftest import Bank


def own_copy(bank: Bank, folder: Path) -> Settings:
    """The bank in another folder, with nothing that points back to the one that other tests read."""
    remember(bank.settings)
    shutil.copytree(bank.settings.data_dir, folder)
    settings = Settings.load(data_dir=str(folder))
    settle(settings)
    return settings
