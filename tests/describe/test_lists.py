"""Figures of the lists of a scored bank: products, scores, chances, and how much of a list stays from a month to the next."""

from collections import Counter, defaultdict

import pytest
from pyspark.sql import SparkSession

from santander.pipeline.steps import Steps
from santander.schema.catalogue import RECOMMENDATIONS
from santander.schema.months import Month
from tests.banks import TARGET, copied
from tests.conftest import Bank
from tests.describe.test_describe import profiles


def test_lists_are_described_and_held_against_those_of_the_month_before(
    scored_bank: Bank, session: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> None:
    steps = Steps(copied(scored_bank.settings.data, tmp_path_factory.mktemp("lists") / "data"), session)
    before = TARGET - 1
    steps.lake.overwrite_rows(RECOMMENDATIONS, _moved(steps, before), [before])
    steps.describe(RECOMMENDATIONS, [TARGET], anyway=False)
    found = profiles(steps.lake, TARGET, RECOMMENDATIONS.name)
    now, then = _lists(steps, TARGET), _lists(steps, before)
    products = Counter(product for listed in now.values() for product in listed)
    row = found["product", "all"]
    assert dict(zip(row["values"], row["counts"], strict=True)) == products
    kept = Counter(str(len(listed & then[who])) for who, listed in now.items() if who in then)
    row = found["overlap", "all"]
    assert (row["rows"], row["nulls"]) == (len(now), len(now) - kept.total())
    assert dict(zip(row["values"], row["counts"], strict=True)) == kept
    assert row["nulls"] > 0
    assert len(kept) > 1
    assert found["chance", "all"]["rows"] == products.total()
    assert sum(found["chance", "segment top"]["counts"]) == found["chance", "segment top"]["rows"]


def _lists(steps: Steps, month: Month) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for row in steps.lake.rows(RECOMMENDATIONS):
        if row["snapshot_date"] == month.snapshot:
            found[row["customer_id"]].add(row["product"])
    return dict(found)


def _moved(steps: Steps, month: Month) -> list[dict[str, object]]:
    """The lists of the last month as those of another one: a tenth of the customers have none, most have fewer products."""
    rows = [row for row in steps.lake.rows(RECOMMENDATIONS) if row["snapshot_date"] == TARGET.snapshot]
    return [
        row | {"snapshot_date": month.snapshot}
        for row in rows
        if row["customer_id"] % 10 and row["rank"] <= 1 + row["customer_id"] % 7
    ]
