"""What the bench of the service found: figures of loads over rounds, their ratios, and whether each goal is met."""

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from serving_load import Told
from serving_servers import FEAST, MLFLOW, OURS

LOOKUP, SCORE = "a customer from the snapshot", "one record scored now"
IDS, RECORDS = "1,000 ids in one call", "1,000 records in one call"
THE_CONSTANT, SLOW_CONSTANT = "600 bytes of JSON", "600 bytes of JSON, as often as records are scored"
ONLINE, PREDICTED = "a customer's packed features", "one row of features scored"
OPEN, CLOSED = "open", "closed"
MET, MISSED, NOT_MEASURED = "met", "missed", "not measured"


@dataclass(frozen=True, slots=True)
class Load:
    """One load in one round."""

    row: str
    """What was asked for."""
    server: str
    loop: str
    rate: float
    """Requests a second of an open loop; 0 of a closed one."""
    told: Told
    processor_us: float
    """Microseconds of a processor for an answer, of the process that answers."""
    beside_us: float
    """The same of the other processes of the server."""
    others: float
    """Cores that the rest of the machine used meanwhile."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a server takes apart from its answers."""

    server: str
    start_seconds: float
    """Until the first answer."""
    start_processor_seconds: float
    """What its processes used of a processor until then."""
    private_mb: float
    """Of the process that answers, after its load."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Something to be reached, and what was measured; ``value`` is None where it was not."""

    name: str
    value: float | None
    unit: str
    goals: tuple[tuple[str, float], ...]
    """One of these will do: how it is written, and the number."""
    at_least: bool = False
    """Whether a goal is the least that will do, not the most."""
    everywhere: bool = False
    """Whether it has to be met on every machine, however slow or busy."""

    @property
    def told(self) -> str:
        """Whether it is met."""
        if self.value is None or not self.goals:
            return NOT_MEASURED
        return MET if any(self._reaches(number) for _, number in self.goals) else MISSED

    def _reaches(self, number: float) -> bool:
        assert self.value is not None  # noqa: S101  (asked only where there is one)
        return self.value >= number if self.at_least else self.value <= number


class Figures:
    """All loads of all rounds; what is read of them are medians over the rounds."""

    def __init__(self, loads: Iterable[Load] = (), held: Iterable[Held] = ()) -> None:
        self.loads, self.held = list(loads), list(held)

    def rows(self) -> list[tuple[str, str, str]]:
        """Return row, server and loop of each load, in the order in which they came first."""
        return list(dict.fromkeys((each.row, each.server, each.loop) for each in self.loads))

    def of(self, row: str, loop: str) -> list[Load]:
        """Return the rounds of one load."""
        return [each for each in self.loads if (each.row, each.loop) == (row, loop)]

    def median(self, row: str, loop: str, name: str) -> float | None:
        """Return the median of a figure of Load or Told; None where it was not measured."""
        found = [getattr(each if hasattr(each, name) else each.told, name) for each in self.of(row, loop)]
        return statistics.median(found) if found else None

    def ratio(self, row: str, other: str) -> float | None:
        """Return how many times as many answers a second the first gives at saturation."""
        one, two = (self.median(each, CLOSED, "per_second") for each in (row, other))
        return one / two if one is not None and two else None

    def cost_ratio(self, row: str, other: str) -> float | None:
        """Return the same by processor time: how many answers of the first a processor gives for one of the other."""
        one, two = (self.median(each, CLOSED, "processor_us") for each in (row, other))
        return two / one if one and two is not None else None

    def goals(self) -> list[Goal]:
        """Return every goal."""
        constant, slow = (self.median(row, OPEN, "p999") for row in (THE_CONSTANT, SLOW_CONSTANT))
        found = [
            self._latency(LOOKUP, "p50", 0.25), self._latency(LOOKUP, "p99", 1.0),
            self._latency(LOOKUP, "p999", 3.0, ("twice the constant's", constant and 2 * constant)),
            Goal(f"{LOOKUP}: saturation / the constant's", self.ratio(LOOKUP, THE_CONSTANT), "x", _goals(1.0), at_least=True),
            Goal(f"{LOOKUP}: answers for a second of a processor / the constant's", self.cost_ratio(LOOKUP, THE_CONSTANT), "x",
                 _goals(1.0), at_least=True),
            self._latency(SCORE, "p50", 0.8), self._latency(SCORE, "p99", 2.5),
            self._latency(SCORE, "p999", 6.0, ("three times the constant's", slow and 3 * slow)),
            self._scored_at_saturation(),
            self._latency(IDS, "p99", 8.0), self._latency(RECORDS, "p99", 25.0),
            Goal(f"{LOOKUP}: saturation / that of {FEAST}", self.ratio(LOOKUP, ONLINE), "x", _goals(5.0), at_least=True),
            Goal(f"{SCORE}: saturation / that of {MLFLOW}", self.ratio(SCORE, PREDICTED), "x", _goals(5.0), at_least=True),
        ]  # fmt: skip
        ours = [each for each in self.held if each.server == OURS]
        memory = statistics.median(each.private_mb for each in ours) if ours else None
        start = statistics.median(each.start_seconds for each in ours) if ours else None
        errors = [each.told.errors for each in self.loads if each.server == OURS]
        return [
            *found,
            Goal("private memory of a worker", memory, "MB", _goals(150.0)),
            Goal("start", start, "s", _goals(1.5)),
            Goal("answers other than 200", sum(errors) if errors else None, "", _goals(0.0), everywhere=True),
        ]

    def _latency(self, row: str, name: str, goal: float, other: tuple[str, float | None] | None = None) -> Goal:
        title = {"p50": "p50", "p99": "p99", "p999": "p99.9"}[name]
        goals = _goals(goal) + (((other[0], other[1]),) if other and other[1] is not None else ())
        return Goal(f"{row}: {title}", self.median(row, OPEN, name), "ms", goals)

    def _scored_at_saturation(self) -> Goal:
        constant = self.median(THE_CONSTANT, CLOSED, "per_second")
        goals = _goals(2_500.0) + ((("0.25 times the constant", 0.25 * constant),) if constant is not None else ())
        return Goal(f"{SCORE}: saturation", self.median(SCORE, CLOSED, "per_second"), "a second", goals, at_least=True)

    def as_json(self) -> dict[str, Any]:
        """For the file of the results."""
        return {
            "loads": [asdict(each) for each in self.loads],
            "held": [asdict(each) for each in self.held],
            "goals": [asdict(each) | {"told": each.told} for each in self.goals()],
        }

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> "Figures":
        """Read them again."""
        loads = [Load(**{**each, "told": Told(**each["told"])}) for each in written["loads"]]
        return cls(loads, [Held(**each) for each in written["held"]])


def _goals(number: float) -> tuple[tuple[str, float], ...]:
    return ((f"{number:,g}", number),)
