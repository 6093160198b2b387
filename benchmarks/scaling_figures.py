"""What a step took at each size on each master, kept in a file, and what the project asks of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from event_log import Stages
from figures import Goal
from process_kinds import DRIVER, WORKER

STEPS = ("ingest", "features", "train", "evaluate", "score")
"""In order: each reads what those before it left, but for ``evaluate``, which leaves nothing."""
SAIL, ONE_CORE, TWO_CORES, CLUSTER = "sail", "local[1]", "local[2]", "cluster"
MASTERS = (SAIL, ONE_CORE, TWO_CORES, CLUSTER)

MORE_PER_ROW = 1.15
"""By how much processor seconds a row may grow from the smallest bank to one four times as large."""
MORE_IN_A_WORKER = 1.2
"""By how much the memory of a Python worker may."""
FASTER = 1.6
"""How much sooner two cores end the stages of several tasks than one core does."""
DEARER_THAN_SAIL = 2.5
"""How many processor seconds of the embedded engine Apache Spark may take."""
IN_THE_DRIVER = 4.0
"""GB that the driver's Python may hold at the largest size."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One step, run once as a process of its own, start and imports included."""

    size: float
    master: str
    step: str
    commit: str
    rows: int = 0
    """Customer-months that the step is about."""
    seconds: float = 0.0
    processor_seconds: float = 0.0
    peak_gb: float = 0.0
    others: float = 0.0
    """Cores that the rest of the machine used meanwhile: with many of them ``seconds`` mean little."""
    held: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """By kind of process: the most GB that each held, the largest first."""
    used: Mapping[str, float] = field(default_factory=dict)
    """By kind of process: processor seconds."""
    stages: Sequence[Stages] = ()
    failure: str | None = None

    @property
    def key(self) -> tuple[float, str, str]:
        """What is measured once."""
        return self.size, self.master, self.step

    @property
    def a_million(self) -> float | None:
        """Processor seconds for a million rows."""
        return self.processor_seconds / self.rows * 1e6 if self.rows and not self.failure else None

    def most(self, kind: str) -> float | None:
        """The most GB that a process of a kind held."""
        return max(self.held.get(kind, []), default=None)


class Measured(dict[tuple[float, str, str], Figure]):
    """All figures, by size, master and step."""

    @classmethod
    def load(cls, file: Path) -> "Measured":
        """Those of a file; none where there is no such file."""
        kept = json.loads(file.read_text(encoding="utf-8"))["figures"] if file.is_file() else []
        figures = [Figure(**{**each, "stages": [Stages(**stages) for stages in each["stages"]]}) for each in kept]
        return cls({figure.key: figure for figure in figures})

    def save(self, file: Path, around: dict[str, Any]) -> None:
        """Write the figures, and the goals for whoever reads the file without this code."""
        file.parent.mkdir(parents=True, exist_ok=True)
        goals = [{**asdict(goal), "told": goal.told} for goal in self.goals()]
        content = {"surroundings": around, "goals": goals, "figures": [asdict(figure) for figure in self.in_order()]}
        file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def in_order(self) -> list[Figure]:
        """By size, then master, then step."""
        return sorted(self.values(), key=lambda each: (each.size, MASTERS.index(each.master), STEPS.index(each.step)))

    def good(self, size: float, master: str, step: str) -> Figure | None:
        """The figure, unless the step failed or was not run."""
        found = self.get((size, master, step))
        return found if found and not found.failure else None

    def speed_up(self, size: float, master: str, step: str) -> float | None:
        """Seconds on one core over those on two, of the stages that had several tasks on two."""
        one, two = self.good(size, ONE_CORE, step), self.good(size, master, step)
        if one is None or two is None:
            return None
        parallel = {stages.name: stages.seconds for stages in two.stages if stages.parallel}
        alone = sum(stages.seconds for stages in one.stages if stages.name in parallel)
        return _ratio(alone, sum(parallel.values()))

    def goals(self) -> list[Goal]:
        """Every goal, between the smallest size and the largest that is at most four times as large."""
        small = min((size for size, _, _ in self), default=1.0)
        large = max((size for size, _, _ in self if size <= 4 * small), default=small)
        large = large if large > small else 4 * small
        goals = []
        for step in STEPS:
            goals += self._growth(step, small, large)
        for step in STEPS:
            name = f"{step}: speed-up of the parallel part from one to two cores, size {small:g}"
            goals.append(Goal(name, self.speed_up(small, TWO_CORES, step), FASTER, at_least=True))
        for step in ("ingest", "features"):
            spark, sail = self.good(small, TWO_CORES, step), self.good(small, SAIL, step)
            value = _ratio(spark and spark.processor_seconds, sail and sail.processor_seconds)
            goals.append(Goal(f"{step}: processor seconds, {TWO_CORES} / {SAIL}, size {small:g}", value, DEARER_THAN_SAIL))
        for step in ("train", "evaluate"):
            most = max((size for size, master, _ in self if master == TWO_CORES), default=small)
            figure = self.good(most, TWO_CORES, step)
            held = figure and figure.most(DRIVER)
            goals.append(Goal(f"{step}: memory of the driver's Python, size {most:g}", held, IN_THE_DRIVER, "GB"))
        return goals

    def _growth(self, step: str, small: float, large: float) -> list[Goal]:
        before, after = (self.good(size, TWO_CORES, step) for size in (small, large))
        between = f"size {large:g} / size {small:g}"
        rows = _ratio(after and after.a_million, before and before.a_million)
        goals = [Goal(f"{step}: processor seconds a row, {between}", rows, MORE_PER_ROW)]
        if before and after and not (before.most(WORKER) or after.most(WORKER)):
            return goals  # a step without Python workers
        memory = _ratio(after and after.most(WORKER), before and before.most(WORKER))
        return [*goals, Goal(f"{step}: memory of a Python worker, {between}", memory, MORE_IN_A_WORKER)]


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None
