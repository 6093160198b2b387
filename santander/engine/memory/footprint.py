"""What the steps hold in memory, as measured: a fixed part, and bytes for each row of what is worked on at a time.

The figures are for deciding how much to do at a time, and are meant to err on the safe side. They lie above
what was measured of all processes on the embedded engine, on two cores, at one, two and four full banks (docs/scaling.md).
"""

from dataclasses import dataclass, replace


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

SCORE = Footprint("score", fixed=950_000_000, per_row=80)
"""A row: a customer of the month that is scored."""

JUDGE = Footprint("judge", fixed=1_200_000_000, per_row=450)
"""A row: a customer of the month that a model is judged on."""

LEARNT_FROM = 30
"""Bytes for each customer of the months that a model is fitted on: few of them added something and are held."""
