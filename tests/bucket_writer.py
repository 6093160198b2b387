"""One of two writers to the same tables in a bucket, a process of its own: ``python -m tests.bucket_writer WHO OTHER ROUNDS``.

Each round it replaces a month of its own and a month that the other replaces too, and appends a row to a log. The master
and the data folder come from the environment; ``none`` as the master appends only. Prints the last number it wrote.
"""

import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from santander.config.settings import Settings
from santander.engine.session import open_session
from santander.lake.lake import Lake
from santander.schema.catalogue import Table
from santander.schema.months import Month

NUMBERS = Table(
    name="numbers",
    row="one number of one month",
    key=("number", "snapshot_date"),
    columns=(("number", "int"), ("snapshot_date", "date")),
)
LOG = Table(
    name="log",
    row="one round of one writer",
    key=("writer", "round"),
    columns=(("writer", "string"), ("round", "int")),
    monthly=False,
)
OWN_MONTH = {"a": Month(2015, 1), "b": Month(2015, 2)}
SHARED_MONTH = Month(2015, 3)
FIRST_NUMBER = {"a": 1_000, "b": 2_000}


def main(who: str, other: str, rounds: int) -> None:
    settings = Settings.load()
    appends_only = settings.master == "none"
    with nullcontext() if appends_only else open_session(settings) as session:
        lake = Lake(settings, session)
        _meet(settings.state, who, other)
        for each in range(rounds):
            if session is not None:
                number = FIRST_NUMBER[who] + each
                for month in (OWN_MONTH[who], SHARED_MONTH):
                    rows = [(number, month.snapshot), (number + 100, month.snapshot)]
                    lake.replace_months(NUMBERS, session.createDataFrame(rows, "number int, snapshot_date date"), {month: 2})
            lake.append_rows(LOG, [{"writer": who, "round": each}])
        print(FIRST_NUMBER[who] + rounds - 1, flush=True)
    os._exit(0)


def _meet(folder: Path, who: str, other: str) -> None:
    """Go on when the other writer is ready too."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{who}.ready").touch()
    while not (folder / f"{other}.ready").exists():
        time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
