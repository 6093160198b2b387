"""What became of a submission, for people."""

from rich.text import Text

from santander.kaggle.board import PENDING
from santander.kaggle.upload import Uploaded


def lines(uploaded: Uploaded) -> list[Text]:
    """Return the lines for people: the file sent or found, the scores beside the validation, and alerts."""
    row = uploaded.row
    done = "sent" if uploaded.sent else "sent before"
    said = [Text(f"{done} to {row.competition}: submission {row.reference}, version {row.model_version}")]
    if row.status == PENDING:
        return [*said, Text("the score is pending: run the same command again to ask for it")]
    private = "" if row.private_score is None else f", private score {row.private_score:.5f}"
    said.append(Text(f"public score {_written(row.public_score, 5)}{private}"))
    said.append(
        Text(
            f"share of the ceiling: {_written(row.public_share_of_ceiling, 3)} on the public board, "
            f"{_written(row.validation_share_of_ceiling, 3)} on the gate month"
        )
    )
    return said if uploaded.alert is None else [*said, Text(f"WARNING: {uploaded.alert}")]


def _written(figure: float | None, digits: int) -> str:
    return "unknown" if figure is None else f"{figure:.{digits}f}"
