"""Drawing with a known chance and a steady total, from random numbers that do not depend on the order of the work.

Systematic sampling (Madow 1949): lay the chances end to end in random order and mark every whole number after a
random start. Each element is drawn with exactly its own chance, while the number drawn differs from the sum of the
chances by less than one. Sequences over the same order with starts of their own are drawn independently.
"""

import zlib
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray


def stream(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """A generator of its own for ``purpose`` at ``index`` (a month's index); the same three give the same numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), index])))


Floats: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]
Masks: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]


_ROUNDS = 40
"""Steps of Newton's method at most."""


def systematic(chances: Floats, start: float) -> Indices:
    """Positions drawn from ``chances`` (each at most 1), taken in the order given; ``start`` is uniform in [0, 1)."""
    reach = np.cumsum(chances, dtype=np.float64)
    if reach.size == 0:
        return np.empty(0, np.int64)
    ticks = np.arange(start, reach[-1], 1.0)
    drawn: Indices = np.searchsorted(reach, ticks, side="right").astype(np.int64)
    return drawn[drawn < reach.size]


def scaled_to(weights: Floats, total: float, *, at_most: float) -> NDArray[np.float32]:
    """Chances that rise with ``weights`` and sum to ``total`` (or to nearly all that is possible).

    A chance is x / (1 + x / at_most) with x proportional to the weight: proportional while small, never ``at_most``.
    """
    chances = np.zeros(weights.size, np.float32)
    able = np.flatnonzero(weights)
    total = min(total, 0.98 * at_most * able.size)
    if total <= 0:
        return chances
    open_ended = weights[able] * np.float32(total / float(weights.sum(dtype=np.float64)))
    # Newton's method for the logarithm of the scale, kept inside what the values seen so far leave open: near saturation
    # its step leaps far past the goal. At scale 1 no chance is above its share of the total, so the root lies at 0 or above.
    scale, low, high = 0.0, 0.0, np.inf
    for _ in range(_ROUNDS):
        scaled = open_ended * np.float32(np.exp(scale))
        bounded = scaled / (1 + scaled * np.float32(1 / at_most))
        reached = float(bounded.sum(dtype=np.float64))
        if abs(reached - total) <= 1e-5 * total:
            break
        low, high = (scale, high) if reached < total else (low, scale)
        still_free = max(1 - float(np.square(bounded).sum(dtype=np.float64)) / (at_most * reached), 0.02)
        proposed = scale + min(np.log(total / reached) / still_free, 3.0)
        scale = proposed if low < proposed < high else (low + high) / 2
    chances[able] = bounded
    return chances


def quota(weights: Floats, total: float, random: np.random.Generator) -> Indices:
    """Positions of about ``total`` elements, drawn in random order with chances proportional to ``weights``."""
    order = random.permutation(weights.size)
    chances = scaled_to(weights, total, at_most=1.0)
    return np.sort(order[systematic(chances[order], random.random())])


def spread(chance: float | Floats, rows: Indices, random: np.random.Generator) -> Flags:
    """Mark customers with equal or given chances so that also their ``rows`` (per customer) are a fair share of all."""
    order = np.lexsort((random.random(rows.size), rows))
    chances = np.broadcast_to(np.asarray(chance, np.float64), rows.shape)[order]
    marked = np.zeros(rows.size, np.bool_)
    marked[order[systematic(chances, random.random())]] = True
    return marked


def whole(amounts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round a series so that every running total is the rounded running total of ``amounts``."""
    return np.diff(np.round(np.cumsum(amounts)), prepend=0.0).astype(np.int64)
