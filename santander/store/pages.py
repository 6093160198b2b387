"""Whether Feast's pages can be opened, asked by ``make feast`` first: ``python -m santander.store.pages PORT``."""

import sys
from pathlib import Path

from santander.config.free_port import refuse_taken
from santander.errors import InputError, SantanderError
from santander.store.repository import repository_settings


def main(port: str) -> None:
    """Raise InputError where there are no tables yet, for which Feast would begin a registry, and for a port that is taken."""
    settings = repository_settings()
    if isinstance(settings.data, Path) and not (settings.data / "lake").is_dir():
        raise InputError(
            f"{settings.data} has no tables yet",
            file=settings.data,
            hint="'make run' makes them, or name another data folder by SANTANDER_DATA_DIR",
        )
    refuse_taken(port, "feast")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except SantanderError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
