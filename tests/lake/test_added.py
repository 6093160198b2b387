"""How much was added in each month, by the files of the tables."""

import numpy as np
import pytest

from santander.features.expansion import bits_of
from santander.lake.added import customers_with_products_before, known_additions
from santander.lake.column_nulls import MonthNulls
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.training.labels import labels
from tests.conftest import Bank


@pytest.mark.embedded
def test_every_known_month_has_the_customers_and_additions_that_training_counts(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = labels(bank.lake.read(CUSTOMERS), bank.lake.read(FEATURES_TABLE)).toArrow()
    month, bits = rows["snapshot_date"].to_numpy(), bits_of(rows["added"].to_numpy())
    found = known_additions(Lake(bank.settings))
    assert [str(each.snapshot) for each in found] == sorted(np.unique(month).astype(str))
    for each, added in found.items():
        mine = month == np.datetime64(each.snapshot)
        assert (added.customers, list(added.additions)) == (mine.sum(), bits[mine].sum(axis=0).tolist())

    def silent(lake: Lake, table: object, columns: list[str]) -> dict[object, MonthNulls]:
        return {m: MonthNulls(n, dict.fromkeys(columns)) for m, n in lake.rows_by_month(table).items()}  # type: ignore[arg-type]

    monkeypatch.setattr("santander.lake.added.nulls_by_month", silent)
    assert known_additions(Lake(bank.settings)) == found  # where files do not count nulls, they are read


@pytest.mark.embedded
def test_who_counts_in_a_month_to_come_is_known_before_its_products_are(bank: Bank) -> None:
    last = bank.lake.months(CUSTOMERS)[-1]
    features = bank.lake.read_months(FEATURES_TABLE, [last])
    assert last not in known_additions(bank.lake)
    assert customers_with_products_before(bank.lake)[last] == features.where("holdings_lag_1 IS NOT NULL").count()
