"""Settles a data folder and a state folder where they lie: paths that name a former place, after a move or a copy, are rewritten.

Called by every verb, and before the registry is opened. Where nothing has moved it costs the reading of two small files.
"""

import json
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import SantanderError, is_out_of_space
from santander.lake.locks import write_lock
from santander.relocation.moves import (
    Move,
    former_names,
    former_places,
    moved_within,
    present_name,
    record,
    recorded_names,
    rewrite_places,
)
from santander.storage.places import whole_file
from santander.store.written import leave_to_original

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)

LOCK = "place"
_JOURNAL = "erasure.json"


class CannotSettle(SantanderError):
    """A folder lies elsewhere than before and cannot be written."""

    def __init__(self, move: Move, error: Exception) -> None:
        super().__init__(
            f"{move.present} was at {move.former} before; paths recorded in it must be rewritten, and it cannot be written "
            f"({error})",
            hint="make it writable, or name a state folder that is by --state-dir",
        )


def settle(settings: "Settings") -> None:
    """Rewrite paths in the folders of the settings that name a former place, log it, and note where the folders lie.

    Of two commands at once one does it. A process that dies on the way leaves it to the next: the places are noted last.
    Raises CannotSettle.
    """
    of_state, of_data = _moves(settings)
    if of_state or of_data:
        try:
            with write_lock(settings.state / "locks", LOCK, settings.locks.wait):
                _follow(settings, *_moves(settings))
                for folder in _folders(settings):
                    record(folder)
        except (OSError, sqlite3.OperationalError) as error:
            if is_out_of_space(error):
                raise
            raise CannotSettle((of_state or of_data)[0], error) from error


@contextmanager
def settled(settings: "Settings", *, noting: bool) -> Iterator[None]:
    """For a verb: settle the folders before it, and with ``noting`` note afterwards where they lie, those too that it made.

    Where they cannot be written it goes on with a warning, so that what is there can be looked at: whoever opens the registry
    to write settles it before, and is refused.
    """
    try:
        settle(settings)
    except CannotSettle as error:
        log.warning("%s", error)
    try:
        yield
    finally:
        if noting:
            remember(settings)


def remember(settings: "Settings") -> None:
    """Note in each of the folders, as far as they are there, by which name they are known; not while one is to be settled."""
    if any(_moves(settings)):
        return
    for folder in _folders(settings):
        record(folder)


def _folders(settings: "Settings") -> list[Path]:
    """The local folders that are there: that of the state, and the data folder once it has tables."""
    data = settings.data
    has_tables = isinstance(data, Path) and (data / "lake").is_dir()
    there = [settings.state] if settings.state.is_dir() else []
    return [*there, data] if isinstance(data, Path) and has_tables else there


def _moves(settings: "Settings") -> tuple[list[Move], list[Move]]:
    """Whence the state folder and the data folder came; none where they lie where they lay."""
    state, data = settings.state, settings.data
    folders = _folders(settings)
    of_state: list[Move] = []
    of_data: list[Move] = []
    if state in folders:
        names = recorded_names(state)
        former = former_names(state, names) if names else former_places(state)
        of_state = [Move(name, present_name(state)) for name in former]
    if isinstance(data, Path) and data in folders:
        names = recorded_names(data) or _above(present_name(state), present_name(data), of_state)
        of_data = [Move(name, present_name(data)) for name in former_names(data, names)]
    return of_state, of_data


def _above(state: Path, data: Path, of_state: Sequence[Move]) -> list[Path]:
    """Former places of a data folder without a record, by those of the state folder inside it."""
    if not state.is_relative_to(data):
        return []
    inside = state.relative_to(data).parts
    return [move.former.parents[len(inside) - 1] for move in of_state if inside and move.former.parts[-len(inside) :] == inside]


def _follow(settings: "Settings", of_state: Sequence[Move], of_data: Sequence[Move]) -> None:
    """Rewrite the paths recorded in the folders: each only its own, as a state folder may serve several data folders."""
    count = 0
    if of_data:
        from santander.lake.lake import Lake
        from santander.schema.catalogue import WITH_FILES

        lake = Lake(settings)
        for move in of_data:
            count += sum(lake.move_files(table, str(move.former), str(move.present)) for table in WITH_FILES)
    if of_state:
        moves = [*of_state, *of_data]
        _rewrite_journal(settings.state / _JOURNAL, moves)
        count += rewrite_places(settings.state, moves)
        for move in of_state:
            if move.former.exists():
                leave_to_original(settings.state, move.former)
    for move in of_data or of_state:
        how = "copied" if move.former.exists() else "moved"
        log.info("%s was %s from %s: paths recorded in it now name this place", move.present, how, move.former)
    log.debug("%d places were rewritten", count)


def _rewrite_journal(file: Path, moves: Sequence[Move]) -> None:
    """An erasure that did not end goes on in the files of this folder."""
    if not file.is_file():
        return
    before = json.loads(file.read_text(encoding="utf-8"))
    if (after := moved_within(moves, before)) != before:
        with whole_file(file) as out:
            out.write(json.dumps(after, indent=1).encode())
