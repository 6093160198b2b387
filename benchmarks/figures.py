"""What a bench found: figures of steps, their ratios, and whether each target is reached."""

import statistics
from dataclasses import dataclass, field
from typing import Any

from contestants import OURS
from measuring import Run

FASTEST = ("polars_lazy", "duckdb_sql")
"""The peers that targets are set by."""
ARROW, ARROW_TEXTS = "arrow", "arrow, all texts"


@dataclass
class Figure:
    """One step of one tool at one size. ``verdict`` says how its output compares with ours."""

    size: float
    rows: int
    step: str
    tool: str
    runs: list[Run] = field(default_factory=list)
    verdict: str = ""
    inner: dict[str, float] = field(default_factory=dict)
    """Seconds of parts, as the process said itself."""

    @property
    def failure(self) -> str | None:
        """Why there is no figure."""
        return next((run.failure for run in self.runs if run.failure), None if self.runs else "not run")

    @property
    def seconds(self) -> float | None:
        """Median by the clock, start and imports included."""
        return None if self.failure else statistics.median(run.seconds for run in self.runs)

    @property
    def processor_seconds(self) -> float | None:
        """Median over the runs."""
        return None if self.failure else statistics.median(run.processor_seconds for run in self.runs)

    @property
    def peak_gb(self) -> float | None:
        """The largest of the runs."""
        return max((run.peak_gb for run in self.runs), default=None)

    def as_json(self) -> dict[str, Any]:
        """For the file of the results."""
        return {
            "size": self.size, "rows": self.rows, "step": self.step, "tool": self.tool, "seconds": self.seconds,
            "processor_seconds": self.processor_seconds, "peak_gb": self.peak_gb, "failure": self.failure,
            "verdict": self.verdict, "inner": self.inner,
            "runs": [[run.seconds, run.processor_seconds, run.peak_gb] for run in self.runs],
        }  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """A target of the project and what was measured; ``value`` is None where it was not."""

    name: str
    value: float | None
    target: float
    unit: str = "x"
    at_least: bool = False
    """Whether the target is the least that will do, not the most."""

    @property
    def told(self) -> str:
        """Reached, short, or not measured."""
        if self.value is None:
            return "not measured"
        return "reached" if (self.value >= self.target if self.at_least else self.value <= self.target) else "short"


class Figures(list[Figure]):
    """All figures of a bench."""

    def one(self, step: str, tool: str, size: float) -> Figure | None:
        """The figure of a step, if it was measured."""
        return next((each for each in self if (each.step, each.tool, each.size) == (step, tool, size)), None)

    def seconds(self, step: str, tool: str, size: float) -> float | None:
        """Its median seconds."""
        found = self.one(step, tool, size)
        return found.seconds if found else None

    def fastest(self, step: str, size: float) -> float | None:
        """Seconds of the faster of the peers that targets are set by, of those whose output is equal to ours."""
        found = [each for tool in FASTEST if (each := self.one(step, tool, size)) and each.verdict == "equal"]
        return min((each.seconds for each in found if each.seconds is not None), default=None)

    def inner(self, step: str, part: str, size: float) -> float | None:
        """Seconds of a part of ours."""
        found = self.one(step, OURS, size)
        return found.inner.get(part) if found else None

    def goals(self) -> list[Goal]:
        """Every target, at the largest size measured."""
        if not self:
            return []
        size, least = max(each.size for each in self), min(each.size for each in self)

        def ours(step: str) -> float | None:
            return self.seconds(step, OURS, size)

        def peak(step: str, at: float = size) -> float | None:
            found = self.one(step, OURS, at)
            return found.peak_gb if found else None

        def part(step: str, above: str, below: str) -> float | None:
            return _ratio(self.inner(step, above, size), self.inner(step, below, size))

        goals = [
            Goal("ingest / the faster of Polars and DuckDB", _ratio(ours("ingest"), self.fastest("ingest", size)), 1.0),
            Goal("ingest / Arrow's bare csv parse", _ratio(ours("ingest"), self.seconds("parse", ARROW, size)), 1.6),
            Goal("ingest, peak memory", peak("ingest"), 4.0, "GB"),
            Goal("features / the faster of Polars and DuckDB", _ratio(ours("features"), self.fastest("features", size)), 1.0),
            Goal("features, peak memory", peak("features"), 6.0, "GB"),
            Goal("features of one month", ours("month"), 3.0, "s"),
            Goal("training set through Feast / plain equi-join", part("training_set", "through_feast", "equi_join"), 1.3),
            Goal("scoring / bare predict in memory", part("fit", "scoring", "bare_predict"), 1.3),
            Goal("fit / bare xgboost.train", part("fit", "fit", "bare_train"), 1.1),
            Goal("whole walk", ours("walk"), 180.0, "s"),
            Goal("whole walk, peak memory", peak("walk"), 6.0, "GB"),
            Goal("monthly refresh", ours("refresh"), 20.0, "s"),
            Goal("santander --help", ours("help"), 0.5, "s"),
            Goal("santander status", ours("status"), 2.0, "s"),
        ]  # fmt: skip
        if least < size:
            for step in ("ingest", "features"):
                small, large = self.one(step, OURS, least), self.one(step, OURS, size)
                if small and large and small.seconds and large.seconds:
                    growth = (large.seconds / large.rows) / (small.seconds / small.rows)
                    goals.append(Goal(f"{step}: seconds per row, size {size:g} / size {least:g}", growth, 1.15))
                goals.append(
                    Goal(f"{step}: peak memory, size {size:g} / size {least:g}", _ratio(peak(step), peak(step, least)), 1.3)
                )
        return goals


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None
