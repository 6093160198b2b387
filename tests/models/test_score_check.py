import numpy as np
import numpy.typing as npt
import pytest

from santander.models.list_check import complaint_about

NAN, INF, HUGE = np.nan, np.inf, np.finfo(np.float32).max


def scores(*rows: list[float]) -> npt.NDArray[np.float32]:
    return np.array(rows, np.float32)


@pytest.mark.parametrize(
    "given",
    [
        scores([0.1, 0.2], [0.3, 0.4]),
        scores([0.1, NAN], [0.3, NAN]),  # a product that nobody has a score of
        scores([HUGE, 0.2], [HUGE, 0.4]),  # whose sum is no number any more
        scores([HUGE, NAN], [HUGE, NAN]),
        np.empty((0, 2), np.float32),
    ],
)
def test_scores_that_are_as_they_must_be(given: npt.NDArray[np.float32]) -> None:
    assert complaint_about(given, len(given)) is None


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (scores([0.1, 0.2]), "gives scores of 1 customers where 2 were asked for"),
        (scores([0.1, INF], [0.3, 0.4]), "gives infinite scores to 1 of 2 customers"),
        (scores([0.1, INF], [0.3, -INF]), "gives infinite scores to 2 of 2 customers"),
        (scores([0.1, NAN], [NAN, NAN]), "has no score of any product for 1 of 2 customers"),
        (scores([NAN, NAN], [NAN, NAN]), "has no score of any product for 2 of 2 customers"),
        (scores([0.1, NAN], [0.3, 0.4]), "has no score of the products with bits [1] for some customers only"),
        (scores([HUGE, NAN], [HUGE, 0.4]), "has no score of the products with bits [1] for some customers only"),
    ],
)
def test_scores_that_are_not(given: npt.NDArray[np.float32], complaint: str) -> None:
    assert complaint_about(given, 2) == complaint
