"""What must hold of a model before anything is compared.

It was fitted on features that this code makes, it scores everybody, and the fit that will score ranks much as the judged one
does. That fit is checked, not judged: nobody knows yet what is added in the month it scores. It was fitted as the judged
fit was, on months one later.
"""

import numpy as np
import numpy.typing as npt

from santander.errors import SantanderError
from santander.evaluation.judgement import MonthToJudge
from santander.features.declaration import FEATURE_SET
from santander.models.ranking import NO_PRODUCT, Ranks, Scores
from santander.models.recommender import Recommender
from santander.registry.tracking import open_tracking
from santander.settings import Settings


class UnsoundModel(SantanderError):
    """A model that must not score, whatever it reaches."""


def check_features(settings: Settings, number: int) -> None:
    """Raise UnsoundModel for a version that was fitted on another feature service than this code has."""
    tags = open_tracking(settings).get_model_version(settings.mlflow.registered_model, str(number)).tags
    if (service := tags.get("feature_service")) != FEATURE_SET:
        raise UnsoundModel(
            f"version {number} was fitted on the feature service {service or 'of no name'}, this code has {FEATURE_SET}: retrain"
        )


def sound_ranks(model: Recommender, judged: MonthToJudge, whose: str) -> Ranks:
    """The lists of a model for all customers of a month; raises UnsoundModel where it does not score everybody alike."""
    scores = model.score(judged.rows)
    if (complaint := _complaint_about(scores, judged.rows.num_rows)) is not None:
        raise UnsoundModel(f"{whose} {complaint}")
    return model.rank(judged.rows, scores)


def _complaint_about(scores: Scores, rows: int) -> str | None:
    if len(scores) != rows:
        return f"gives scores of {len(scores):,} customers where {rows:,} were asked for"
    if endless := int(np.isinf(scores).any(axis=1).sum()):
        return f"gives infinite scores to {endless:,} of {rows:,} customers"
    missing = np.isnan(scores)
    if silent := int(missing.all(axis=1).sum()):
        return f"has no score of any product for {silent:,} of {rows:,} customers"
    partly = [bit for bit in range(scores.shape[1]) if 0 < missing[:, bit].sum() < rows]
    if partly:
        return f"has no score of the products with bits {partly} for some customers only"
    return None


def mean_overlap(one: Ranks, other: Ranks) -> float:
    """The share of products that two lists of the same customer have in common, over all customers; 1 when all are empty."""
    common = np.bitwise_count(_sets(one) & _sets(other)).sum()
    listed = (one != NO_PRODUCT).sum()
    return float(common / listed) if listed else 1.0


def _sets(ranks: Ranks) -> npt.NDArray[np.int64]:
    """The products of each list as a bitmask."""
    bit = np.maximum(ranks, 0).astype(np.int64)
    return np.asarray(np.where(ranks == NO_PRODUCT, 0, np.int64(1) << bit).sum(axis=1), dtype=np.int64)
