"""Settles a state folder before another program opens its registry: ``python -m santander.relocation STATE_DIR``."""

import logging
import sys
from pathlib import Path

from santander.config.settings import Settings
from santander.relocation.settle import settle


def main(state_dir: str) -> None:
    """Settle the state folder, and the data folder that it lies in."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    settle(Settings.load(data_dir=str(Path(state_dir).absolute().parent), state_dir=state_dir))


if __name__ == "__main__":
    main(sys.argv[1])
