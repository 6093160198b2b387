"""A month whose inputs were shifted: what chances are worth where customers are not as they were when the model was fitted.

Incomes fall by a fifth, one customer in ten becomes inactive, and one in ten has the channel of another. Both what a version
gives and what is true follow from the rows as they are then: a synthetic bank's chances depend on what features hold.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from bank_terms import chances_of

from santander.features.expansion import bits_of, integers
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS
from santander.training.candidate import Fit

_SEED = 5
_FALL, _OFTEN = 0.8, 0.1


def shifted(rows: pa.Table) -> pa.Table:
    """Return rows of features with the shifts of the module."""
    random = np.random.default_rng(_SEED)
    inactive, moved = (random.random(rows.num_rows) < _OFTEN for _ in range(2))
    active = pc.and_(rows["is_active"], pa.chunked_array([pa.array(~inactive)]))
    channel = rows["channel"].combine_chunks()
    others = channel.take(pa.array(random.permutation(rows.num_rows)))
    columns = {
        "household_income": pc.multiply(rows["household_income"], _FALL).cast(rows.schema.field("household_income").type),
        "is_active": active,
        "channel": pc.if_else(pa.array(moved), others, channel),
    }
    for name, values in columns.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return rows


def listed_pairs(
    fit: Fit, rows: pa.Table, month: Month, share: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the chances given and the true ones of the pairs that a fit lists for such customers, and their products."""
    if fit.chances is None:
        raise SystemExit("the version has no chances: train again")
    known = rows.filter(rows["holdings_lag_1"].is_valid())
    scores = fit.model.score(known)
    given, ranks = fit.chances.at(month).of(fit.model, known, scores), fit.model.rank(known, scores)
    true = np.where(bits_of(integers(known, "owned", unknown=0)) == 0, chances_of(known, month, share).T, 0.0)
    row, place = np.nonzero((ranks >= 0) & (ranks < N_PRODUCTS))
    product = ranks[row, place].astype(np.int64)
    return given[row, product].astype(np.float64), true[row, product].astype(np.float64), product
