"""What became of the answers of logs that have ended: a line each in ``settled.jsonl``, beside the segments.

``served = logged + dropped + lost``: lost is what a killed worker still had in its ring.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from santander.serving.log.counters import CLOSED, DROPPED, LOGGED, SERVED, STARTED_NS, SUFFIX, WORKER, counters_in
from santander.serving.log.segments import segments_in

NAME = "settled.jsonl"


@dataclass(frozen=True, slots=True)
class Settled:
    """One life of a worker that has ended."""

    log: str
    worker: int
    started_ns: int
    closed: bool
    """Whether it ended by itself, and not by a kill."""
    served: int
    logged: int
    dropped: int
    lost: int


def dead_logs(folder: Path, logs: Collection[str] = ()) -> set[str]:
    """Return which logs have no worker any more: of ``logs``, and of those that were counted here."""
    alive = {counters.log: counters.is_alive() for counters in counters_in(folder)}
    return {log for log in {*alive, *logs} if not alive.get(log)}


def settle(folder: Path, dead: Collection[str], in_table: Mapping[str, int]) -> None:
    """Write the line of each dead log that has no segment left, and remove its counts."""
    left = {segment.log for segment in segments_in(folder)}
    before = {line.log for line in settled(folder)}
    for counters in counters_in(folder):
        log, values = counters.log, counters.values
        if log not in dead or log in left:
            continue
        if log not in before:  # a crash may have come between the line and the removal
            # a kill between a write and its count leaves more in the segment, and so in the table, than was counted
            logged = max(values[LOGGED], in_table[log])
            lost = max(values[SERVED] - values[DROPPED] - logged, 0)
            line = Settled(
                log, values[WORKER], values[STARTED_NS], bool(values[CLOSED]), values[SERVED], logged, values[DROPPED], lost
            )
            with (folder / NAME).open("a") as out:
                out.write(json.dumps(asdict(line)) + "\n")
        (folder / f"{log}{SUFFIX}").unlink()


def settled(folder: Path) -> Iterator[Settled]:
    """The lines there are; one that a crash has cut off is left out."""
    try:
        lines = (folder / NAME).read_text().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield Settled(**json.loads(line))
        except ValueError:
            continue
