"""What scores must be like, whoever made them: there for everybody, finite, and of the same products for all."""

import numpy as np

from santander.models.ranking import Scores


def complaint_about(scores: Scores, rows: int) -> str | None:
    """Return the fault in the scores of so many customers, as the end of a sentence about their model; None without one."""
    if len(scores) != rows:
        return f"gives scores of {len(scores):,} customers where {rows:,} were asked for"
    with np.errstate(over="ignore", invalid="ignore"):
        known = np.isfinite(scores.sum(axis=0))  # a column's sum is a number only if all of it are
    if known.any() and np.isnan(scores[:, ~known]).all():
        return None
    return _complaint_about_some(scores, rows)


def _complaint_about_some(scores: Scores, rows: int) -> str | None:
    if endless := int(np.isinf(scores).any(axis=1).sum()):
        return f"gives infinite scores to {endless:,} of {rows:,} customers"
    missing = np.isnan(scores)
    if silent := int(missing.all(axis=1).sum()):
        return f"has no score of any product for {silent:,} of {rows:,} customers"
    of_product = missing.sum(axis=0)
    partly = [bit for bit in range(scores.shape[1]) if 0 < of_product[bit] < rows]
    if partly:
        return f"has no score of the products with bits {partly} for some customers only"
    return None
