"""Which landing files ``run`` takes when none is named: those of two names in ``raw``; others are said to be left out."""

import logging
import shlex
from collections.abc import Sequence
from pathlib import Path

from santander.config.settings import Settings
from santander.errors import InputError
from santander.ingest.synthetic_mark import SyntheticMark
from santander.lake.family_tables import all_tables
from santander.lake.ingestions import read_ingestions
from santander.lake.lake import Lake
from santander.storage.places import Place, is_name_of, names_in

log = logging.getLogger(__name__)

LANDING_FILES = ("train_ver2.csv", "test_ver2.csv")
SHOWN = 4
"""Files that one line names."""

_OF_A_BANK = ("oracle.json", "dirty.json", "dirty", "propensity", "monthly")
"""What ``generate`` leaves in ``raw`` beside the landing files."""
_LANDING_ENDINGS = (".csv", ".csv.gz", ".csv.zip", ".gz", ".zip")


def landing_files(settings: Settings, lake: Lake) -> list[Place] | None:
    """The landing files in ``raw``; an empty list where tables are there to work on, None where there is nothing at all.

    Raises InputError where there is no table and ``raw`` holds files of other names alone.
    """
    raw = settings.data / "raw"
    names = names_in(raw)
    chosen = [raw / name for name in LANDING_FILES if name in names]
    others = files_of_the_user(settings)
    if chosen or any(lake.exists(table) for table in all_tables(lake)):
        _say_not_taken(settings, lake, others)
        return chosen
    if others:
        raise InputError(
            f"{raw} holds {listed(others)} and neither {' nor '.join(LANDING_FILES)}", file=raw, hint=_remedy(settings, others)
        )
    return None


def files_of_the_user(settings: Settings) -> list[str]:
    """Names in ``raw`` other than the two landing files, hidden files and, where there is a bank, what ``generate`` leaves."""
    raw = settings.data / "raw"
    names = names_in(raw)
    is_bank = "oracle.json" in names or SyntheticMark.read(settings.data) is not None
    passed_over = {*LANDING_FILES, *(_OF_A_BANK if is_bank else ())}
    return [name for name in names if name not in passed_over and not name.startswith(".")]


def listed(names: Sequence[str]) -> str:
    """Names for one line, the first few of many."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _say_not_taken(settings: Settings, lake: Lake, others: Sequence[str]) -> None:
    csv = [name for name in others if name.endswith(_LANDING_ENDINGS)]
    ingested = {row.file for row in read_ingestions(lake)} if csv else set()
    ingested |= {str(Path(file).absolute()) for file in ingested}  # a name is recorded as it was typed
    if left := [name for name in csv if not any(is_name_of(file, str(settings.data / "raw" / name)) for file in ingested)]:
        log.warning("%s: %s not taken: %s", settings.data / "raw", listed(left), _remedy(settings, left))


def _remedy(settings: Settings, names: Sequence[str]) -> str:
    """Return how to have files of other names taken: by naming them, those in a zip after unpacking it."""
    raw = settings.data / "raw"
    plain = [raw / name for name in names if not name.endswith(".zip")] or [raw / "FILE.csv"]
    unpack = "unpack what is zipped and " if any(name.endswith(".zip") for name in names) else ""
    files = " ".join(shlex.quote(str(file)) for file in plain[:SHOWN])
    return f"{unpack}name the files to take: 'santander run {files} --data-dir {shlex.quote(settings.data_dir)}'"
