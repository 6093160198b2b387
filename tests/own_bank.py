"""The small bank in a folder of its own, for tests that change it."""

from pathlib import Path

from santander.config.settings import Settings
from santander.relocation.settle import remember
from tests.banks import copied
from tests.conftest import Bank


def own_copy(bank: Bank, folder: Path) -> Settings:
    """The bank in another folder, with nothing that points back to the one that other tests read."""
    remember(bank.settings)
    return copied(Path(bank.settings.data_dir), folder)
