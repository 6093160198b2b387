"""What must hold of a model before anything is compared.

It was fitted on features that this code makes, it scores everybody alike, and the fit that will score ranks much as the judged
one does. That fit is checked, not judged: nobody knows yet what is added in the month it scores. It was fitted as the judged
fit was, on months one later.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.models.list_check import WrongLists, checked_lists
from santander.models.ranking import NO_PRODUCT, Ranks
from santander.models.recommender import Recommender
from santander.registry.tracking import open_tracking
from santander.schema.features import FEATURE_SET


class UnsoundModel(SantanderError):
    """A model that must not score, whatever it reaches."""


def check_features(settings: Settings, number: int) -> None:
    """Raise UnsoundModel for a version that was fitted on another feature service than this code has."""
    tags = open_tracking(settings).get_model_version(settings.mlflow.registered_model, str(number)).tags
    if (service := tags.get("feature_service")) != FEATURE_SET:
        raise UnsoundModel(
            f"version {number} was fitted on the feature service {service or 'of no name'}, this code has {FEATURE_SET}: retrain"
        )


def sound_ranks(model: Recommender, rows: pa.Table, whose: str) -> Ranks:
    """The lists of a model for these customers; raises UnsoundModel where its scores or a list are wrong."""
    try:
        _, ranks = checked_lists(model, rows)
    except WrongLists as wrong:
        raise UnsoundModel(f"{whose} {wrong.complaint}") from wrong
    return ranks


def mean_overlap(one: Ranks, other: Ranks) -> float:
    """The share of products that two lists of the same customer have in common, over all customers; 1 when all are empty."""
    common = np.bitwise_count(_sets(one) & _sets(other)).sum()
    listed = (one != NO_PRODUCT).sum()
    return float(common / listed) if listed else 1.0


def _sets(ranks: Ranks) -> npt.NDArray[np.int64]:
    """The products of each list as a bitmask."""
    bit = np.maximum(ranks, 0).astype(np.int64)
    return np.asarray(np.where(ranks == NO_PRODUCT, 0, np.int64(1) << bit).sum(axis=1), dtype=np.int64)
