"""How a customer's profile bears on each bundle: a bell over age plus effects of segment, activity, income, tenure.

The effects of ``calibration/affinity.csv`` are ours, on the log scale, chosen by what the products are for; the
facts fix only the totals. Columns: ``age_peak``/``age_spread`` in years; ``student``, ``top`` against the individual
segment; ``active`` against inactive; ``income`` per unit of log income over 100,000; ``tenure`` per unit of
log(1 + years) over log 6; ``held`` per product held (up to 6); ``lapse`` for who held the product in M-2 but not M-1.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from santander.schema.columns import HIGHEST_AGE
from santander.synthetic import facts
from santander.synthetic.bundles import BUNDLES
from santander.synthetic.sampling import Indices, stream

AGES, SEGMENTS, INCOMES, TENURES, CHANNELS = HIGHEST_AGE + 1, len(facts.SEGMENTS), 24, 24, len(facts.CHANNELS)
_UNKNOWN_INCOME = INCOMES - 1
_LOWEST_AGE_EFFECT = -4.5
_CHANNEL_SEED, _CHANNEL_SPREAD = 2015, 0.8
"""Effects of the 160-odd channels have no meaning of their own: normal numbers, the same in every bank."""


@dataclass(frozen=True, slots=True)
class Affinity:
    """Log effects of one bundle as lookup tables.

    ``group``: shape (ages x 4 segments x 2 activity), flat. ``income`` and ``tenure``: per class of
    ``income_class``/``tenure_class``. ``channel``: per channel code. ``held``: per product held, ``lapse``: see above.
    """

    group: NDArray[np.float32]
    income: NDArray[np.float32]
    tenure: NDArray[np.float32]
    channel: NDArray[np.float32]
    held: float
    lapse: float


@cache
def affinities() -> dict[str, Affinity]:
    """The affinity of every bundle by its name."""
    read = {row["bundle"]: {key: float(row[key]) for key in row if key != "bundle"} for row in facts.table("affinity")}
    return {bundle.name: _affinity(read[bundle.name], stream(_CHANNEL_SEED, bundle.name)) for bundle in BUNDLES}


def _affinity(effect: dict[str, float], random: np.random.Generator) -> Affinity:
    ages = np.arange(AGES)
    bell = np.maximum(-0.5 * ((ages - effect["age_peak"]) / effect["age_spread"]) ** 2, _LOWEST_AGE_EFFECT)
    segment = np.array([0.0, effect["top"], 0.0, effect["student"]])
    active = np.array([0.0, effect["active"]])
    group = bell[:, None, None] + segment[None, :, None] + active[None, None, :]
    income = np.append(effect["income"] * (np.arange(INCOMES - 1) - 11) / 4, 0.0)
    tenure = effect["tenure"] * (np.arange(TENURES) / 8 - np.log(6))
    channel = random.normal(0, _CHANNEL_SPREAD, CHANNELS)
    return Affinity(
        group=group.ravel().astype(np.float32),
        income=income.astype(np.float32),
        tenure=tenure.astype(np.float32),
        channel=channel.astype(np.float32),
        held=effect["held"],
        lapse=effect["lapse"],
    )


def group_class(age: Indices, segment: NDArray[np.int16], active: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Position in ``Affinity.group``."""
    return ((age * SEGMENTS + segment) * 2 + active).astype(np.int32)


def income_class(income: NDArray[np.float64]) -> NDArray[np.int8]:
    """Quarters of a log unit around 100,000 euros; the last class is unknown income."""
    steps = np.round(4 * np.log(np.where(np.isnan(income), 1e5, income) / 1e5)) + 11
    return np.where(np.isnan(income), _UNKNOWN_INCOME, np.clip(steps, 0, INCOMES - 2)).astype(np.int8)


def tenure_class(seniority: Indices) -> NDArray[np.int8]:
    """Eighths of a unit of log(1 + years)."""
    return np.clip(np.round(8 * np.log1p(np.maximum(seniority, 0) / 12)), 0, TENURES - 1).astype(np.int8)
