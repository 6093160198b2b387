"""Monthly product recommendation on the Santander customer records."""

from typing import TYPE_CHECKING

from santander.former_names import find_former_names

if TYPE_CHECKING:
    from santander.lake.open_lake import open_lake

__all__ = ["open_lake"]

find_former_names()


def __getattr__(name: str) -> object:
    """Import what the package offers when it is first asked for, so that importing the package stays quick."""
    if name != "open_lake":
        raise AttributeError(f"module 'santander' has no attribute '{name}'")
    from santander.lake.open_lake import open_lake

    return open_lake
