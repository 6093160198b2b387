"""A model's scores as shares: of all that a customer may add, how much each product is expected to be."""

import numpy as np
import numpy.typing as npt

from santander.models.ranking import Prior, Scores

Shares = npt.NDArray[np.float64]


def shares_of(scores: Scores, open_: npt.NDArray[np.bool_], prior: Prior) -> Shares:
    """Return scores of any kind (rows x 24) as probabilities that sum to 1 over the ``open_`` products of each row.

    A product without a score gets the share that its prior has among the open products, not 0; the scores share the rest by size.
    """
    scored = open_ & ~np.isnan(scores)
    priors = _in_proportion(np.where(open_, prior, 0.0))
    left = np.where(scored, 0.0, priors)
    sizes = np.where(scored, np.maximum(scores, 0.0), 0.0)
    # a row whose scores are all 0, or that has none, goes by the priors alone
    shares = np.where(sizes.sum(axis=1, keepdims=True) > 0, _in_proportion(sizes), _in_proportion(np.where(scored, priors, 0.0)))
    mixed: Shares = shares * (1.0 - left.sum(axis=1, keepdims=True)) + left
    return mixed


def _in_proportion(sizes: Shares) -> Shares:
    total = sizes.sum(axis=1, keepdims=True)
    shares: Shares = np.divide(sizes, total, out=np.zeros_like(sizes, dtype=np.float64), where=total > 0)
    return shares
