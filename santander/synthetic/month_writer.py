"""What is written of one month of a bank: its lines, what the oracle reaches in it, the propensities behind it."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from santander.evaluation.average_precision import average_precision
from santander.models.list_check import refuse_wrong_lists
from santander.models.ranking import top_products
from santander.schema.products import N_PRODUCTS
from santander.synthetic.bank import BankMonth
from santander.synthetic.dirt import soil
from santander.synthetic.files import coarse, content_of, write_propensity
from santander.synthetic.lines import LineWriter
from santander.synthetic.people import People
from santander.synthetic.sampling import Flags, Indices, Masks, stream
from santander.synthetic.spec import BankReport, OracleMonth

_CLUSTER = 20
"""Neighbouring ids that stay together in the files, on average; the clusters of a month come in arbitrary order."""


class MonthWriter:
    """Writes months of one bank and notes them in its report."""

    def __init__(self, report: BankReport, people: People) -> None:
        self._report, self._people, self._lines = report, people, LineWriter(people)

    def content(self, month: BankMonth, file: str, *, is_test: bool) -> memoryview:
        """Return the lines of a month as bytes: with its products or, ``is_test``, without them; dirt is noted for ``file``."""
        spec, listed = self._report.spec, listed_rows(month, is_test=is_test)
        order = file_order(np.flatnonzero(listed), spec.seed, month.month.index)
        self._report.rows[str(month.month)] = order.size
        if is_test:
            text = self._lines.test(month.month, month.rows, order)
        else:
            text = self._lines.train(month.month, month.rows, month.held, order)
        if spec.dirty_share:
            text, dirty = soil(text, month.month, spec.dirty_share, spec.seed, products=not is_test)
            self._report.add_dirt(file, month.month, dirty)
        return content_of(text)

    def score(self, month: BankMonth, *, is_test: bool, propensity: bool) -> None:
        """Score the oracle where additions are labelled; with ``propensity`` write down the chances of those listed."""
        if month.propensity is None:
            return
        marginal = coarse(month.propensity.marginal())
        if not is_test:
            found = oracle_month(str(month.month), marginal, month.owned, month.added, month.consecutive)
            self._report.oracle.append(found)
        if propensity:
            listed = listed_rows(month, is_test=is_test)
            owned = pa.array(month.owned[listed], mask=~month.consecutive[listed])
            path = self._report.spec.out / "propensity" / f"{month.month}.parquet"
            write_propensity(path, self._people.customer_id[month.rows.who[listed]], owned, marginal[:, listed])


def listed_rows(month: BankMonth, *, is_test: bool) -> Flags:
    """Rows that are written: in a month without products nobody without a row in the month before (calibration/README.md)."""
    return month.consecutive if is_test else np.ones(len(month.rows), np.bool_)


def file_order(rows: Indices, seed: int, month: int) -> Indices:
    """The order of a month's rows in the file: clusters of neighbouring ids, shuffled."""
    random = stream(seed, "order", month)
    cluster = np.cumsum(random.random(rows.size) < 1 / _CLUSTER)
    place = random.permutation(rows.size + 1)[cluster]
    return rows[np.argsort(place, kind="stable")]


def oracle_month(month: str, propensity: NDArray[np.float32], owned: Masks, added: Masks, consecutive: Flags) -> OracleMonth:
    """Score ranking by the known propensity (shape (24, rows)), the best that can be reached (calibration/README.md).

    Only consecutive rows count, ties go by bit.
    """
    buyers = np.flatnonzero(consecutive & (added != 0))
    chances = propensity[:, buyers].T
    ranks = top_products(chances, owned[buyers], prior=np.zeros(N_PRODUCTS))
    refuse_wrong_lists("the oracle", ranks, chances, owned[buyers])
    precision = average_precision(ranks, added[buyers])
    customers = int(np.count_nonzero(consecutive))
    return OracleMonth(
        month=month,
        customers=customers,
        buyers=int(buyers.size),
        additions=int(np.bitwise_count(added[buyers]).sum()),
        ceiling=buyers.size / max(customers, 1),
        oracle=float(precision.sum()) / max(customers, 1),
    )
