"""Which months a model can learn from."""

import logging

from santander.lake.column_nulls import nulls_by_month
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.months import Month, in_spans

log = logging.getLogger(__name__)


def labelled_months(lake: Lake) -> list[Month]:
    """Months whose additions are known: products are known in it and in the month before, and its features are built."""
    with_products = _with_products(lake)
    with_features = set(lake.months(FEATURES_TABLE))
    labelled = [month for month in sorted(with_products) if month - 1 in with_products]
    if missing := [month for month in labelled if month not in with_features]:
        log.warning("no features yet of %s: these months are left out", in_spans(missing))
    return [month for month in labelled if month in with_features]


def _with_products(lake: Lake) -> set[Month]:
    """Months in which somebody's products are known: what the files say of themselves, else a look at the rows."""
    found = nulls_by_month(lake, CUSTOMERS, ["holdings"])
    if found and None not in (month.nulls["holdings"] for month in found.values()):
        return {month for month, counted in found.items() if counted.nulls["holdings"] != counted.rows}
    from santander.training.labels import months_with_products

    known = months_with_products(lake.read(CUSTOMERS)).collect()
    return {Month.of(row["snapshot_date"]) for row in known}
