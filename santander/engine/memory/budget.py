"""The memory that a step needs, as measured, and may use: so many months are worked on at a time, or none is begun.

The figures are for deciding how much to do at a time, and are meant to err on the safe side. They lie above what was measured of
all processes on the embedded engine, on two cores, at one, two and four full banks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from santander.config.machine import machine_memory
from santander.config.sections import shown_size
from santander.config.settings import Settings
from santander.errors import InputError
from santander.schema.months import Month


@dataclass(frozen=True, slots=True)
class Footprint:
    """The memory of one step: ``fixed`` bytes for libraries and engine, ``per_row`` for each row in work at a time."""

    step: str
    fixed: int
    per_row: int

    def peak(self, rows: int) -> int:
        """Bytes at the most while so many rows are in work."""
        return self.fixed + rows * self.per_row

    def beside(self, rows: int, per_row: int) -> "Footprint":
        """Return this footprint while ``rows`` other rows, of ``per_row`` bytes each, are held all the time."""
        return replace(self, fixed=self.fixed + rows * per_row)


INGEST = Footprint("ingest", fixed=350_000_000, per_row=18)
"""A row: a byte of the chunks that are parsed at once, whose rows wait until there are enough of a month to be written."""

FEATURES = Footprint("features", fixed=700_000_000, per_row=130)
"""A row: a customer of the month that is built, by two threads."""
FEATURES_THREAD = 100_000_000
"""Bytes for each thread more: the piece that it works on."""

VALIDATE = Footprint("validate", fixed=700_000_000, per_row=150)
"""A row: a customer of one of the months whose figures one pass counts."""

DESCRIBE = Footprint("describe", fixed=500_000_000, per_row=300)
"""A row: a customer of the month that is described, by two threads."""

SCORE = Footprint("score", fixed=950_000_000, per_row=80)
"""A row: a customer of the month that is scored."""

JUDGE = Footprint("judge", fixed=1_200_000_000, per_row=450)
"""A row: a customer of the month that a model is judged on."""

LEARNT_FROM = 30
"""Bytes for each customer of the months that a model is fitted on: few of them added something and are held."""


SHARE_OF_MACHINE = 0.75
"""No budget is larger than this share of the machine's memory: the rest is the system's, and the cache of files. No setting: a
budget of one's own, memory.budget, is what this keeps from being more than there is."""

SPARK_WAY = "run with --master 'local[*]' or that of a cluster: Apache Spark spills to disk"


class OverBudget(InputError):
    """The memory budget does not hold what a step needs at the least."""


@dataclass(frozen=True, slots=True)
class Budget:
    """``limit`` bytes for all processes of a step; None on Apache Spark, whose own settings hold there."""

    limit: int | None
    by_machine: bool = False
    """Whether the machine's memory, not the setting, made it what it is."""

    @classmethod
    def of(cls, settings: Settings) -> "Budget":
        """Return the budget that the settings allow on this machine."""
        if not settings.is_embedded:
            return cls(None)
        wanted, there = settings.memory.budget, round(SHARE_OF_MACHINE * machine_memory())
        return cls(min(wanted, there), by_machine=there < wanted)

    def require(self, footprint: Footprint, rows: int, what: str) -> None:
        """Raise OverBudget, in one line with its remedies, when so many rows at a time do not fit."""
        if self.limit is None or (peak := footprint.peak(rows)) <= self.limit:
            return
        allowed = f"the memory budget is {shown_size(self.limit)}"
        if self.by_machine:
            allowed += f", {SHARE_OF_MACHINE:.0%} of this machine's memory"
            remedy = f"take a machine with more memory, or {SPARK_WAY}"
        else:
            remedy = f"raise SANTANDER_MEMORY__BUDGET to '{shown_size(_rounded_up(peak))}', or {SPARK_WAY}"
        raise OverBudget(
            f"{footprint.step}: {rows:,} rows of {what} need about {shown_size(peak)} at a time and {allowed}; "
            "nothing was started",
            hint=remedy,
        )

    def batches(self, footprint: Footprint, rows: Mapping[Month, int], at_most: int | None = None) -> list[list[Month]]:
        """The months in order, in groups whose rows fit together, none of more months than ``at_most``.

        ``rows`` are those of each month to do. Raises OverBudget for a month that does not fit alone, before any is done.
        """
        for month in sorted(rows, key=lambda month: (-rows[month], month)):
            self.require(footprint, rows[month], str(month))
        groups: list[list[Month]] = []
        for month in sorted(rows):
            together = [*groups[-1], month] if groups else [month]
            fits = self.limit is None or footprint.peak(sum(rows[each] for each in together)) <= self.limit
            if groups and fits and (at_most is None or len(together) <= at_most):
                groups[-1] = together
            else:
                groups.append([month])
        return groups

    def tasks(self, fixed: int, per_task: int, at_most: int) -> int:
        """Return how many tasks of ``per_task`` bytes may run at once beside ``fixed`` bytes: one at the least."""
        return at_most if self.limit is None else max(1, min(at_most, (self.limit - fixed) // per_task))


def _rounded_up(size: int) -> int:
    """To the next tenth of a gigabyte: the size that a person is told to set must be enough as it is shown."""
    return -(-size // 100_000_000) * 100_000_000
