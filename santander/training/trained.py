"""The step ``train`` as the ledger knows it, and what it records."""

from dataclasses import dataclass

from santander.evaluation.figures import EvaluationFigures
from santander.ledger.steps import Step
from santander.schema.months import Month
from santander.schema.records import Inline


@dataclass(frozen=True)
class TrainResult:
    """A training: the version it made and what became of it. What an earlier release did not record is None."""

    evaluation: Inline[EvaluationFigures | None] = None
    """The figures of the judged fit; None where nothing was judged."""
    target: Month | None = None
    recipe: str | None = None
    version: int | None = None
    run_id: str | None = None
    champion: int | None = None
    """Who was champion after it."""
    promoted: bool = False
    reason: str = ""

    def line(self) -> str:
        """Return who scores after the training, and why, in one sentence."""
        fate = "is the champion" if self.champion == self.version else f"does not replace champion {self.champion}"
        return f"version {self.version}, {self.recipe} for {self.target}, {fate}: {self.reason}"


TRAIN = Step("train", TrainResult)
