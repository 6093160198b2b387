"""How a fit reports what it has done."""

from collections.abc import Callable

Progress = Callable[[int, int, float | None], None]
"""Called during a fit with: rounds done, rounds at most, loss on the validation months where there are any."""


def no_progress(_done: int, _most: int, _loss: float | None) -> None:
    """Report to nobody."""
