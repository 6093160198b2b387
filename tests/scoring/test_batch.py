from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow.csv as pa_csv
import pytest

from santander.errors import InputError, SantanderError
from santander.features.expansion import Features
from santander.models.family_columns import Families
from santander.models.ranking import Ranks, Scores
from santander.models.recommender import Recommender
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS
from santander.schema.months import Month
from santander.schema.products import PRODUCTS
from santander.scoring import submission
from santander.scoring.batch import Scoring, score_month
from santander.scoring.submission import write_submission
from tests.conftest import Bank

TARGET = Month(2016, 6)
BIT = {product.name: product.bit for product in PRODUCTS}


@pytest.fixture(scope="module")
def lists(scored_bank: Bank) -> dict[int, list[dict[str, object]]]:
    """The recommendations of each customer of the target month, in order of rank."""
    rows = scored_bank.lake.read_months(RECOMMENDATIONS, [TARGET]).toArrow().sort_by("rank").to_pylist()
    found: dict[int, list[dict[str, object]]] = {}
    for row in rows:
        found.setdefault(row["customer_id"], []).append(row)
    return found


@pytest.fixture(scope="module")
def owned(scored_bank: Bank) -> dict[int, int]:
    """What each customer of the target month held in the latest of the five months before, told from ``customers`` alone."""
    latest: dict[int, int] = {}
    for month in sorted(TARGET - lag for lag in range(1, 6)):
        for row in scored_bank.lake.read_months(CUSTOMERS, [month]).select("customer_id", "holdings").toArrow().to_pylist():
            latest[row["customer_id"]] = row["holdings"]
    everyone = scored_bank.lake.read_months(CUSTOMERS, [TARGET]).select("customer_id").toArrow()["customer_id"].to_pylist()
    return {customer: latest.get(customer, 0) for customer in everyone}


@pytest.mark.plan
def test_everyone_of_the_month_has_a_list_of_the_defined_length(
    lists: dict[int, list[dict[str, object]]], owned: dict[int, int]
) -> None:
    assert set(lists) == {customer for customer, held in owned.items() if held.bit_count() < 24}
    for customer, rows in lists.items():
        assert [row["rank"] for row in rows] == list(range(1, 1 + min(7, 24 - owned[customer].bit_count())))


@pytest.mark.plan
def test_no_owned_and_no_repeated_product_is_recommended(
    lists: dict[int, list[dict[str, object]]], owned: dict[int, int]
) -> None:
    assert any(held for held in owned.values())
    for customer, rows in lists.items():
        bits = [BIT[str(row["product"])] for row in rows]
        assert len(set(bits)) == len(bits)
        assert not any(owned[customer] >> bit & 1 for bit in bits)


@pytest.mark.plan
def test_scores_fall_with_the_rank_and_products_left_out_come_last(lists: dict[int, list[dict[str, object]]]) -> None:
    for rows in lists.values():
        scores = [-np.inf if row["score"] is None else row["score"] for row in rows]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.plan
def test_the_submission_has_exactly_the_customers_of_the_test_file_once_and_the_ranked_products(
    scored_bank: Bank, lists: dict[int, list[dict[str, object]]]
) -> None:
    found = (scored_bank.settings.data / "submissions" / f"{TARGET}.csv").read_text().splitlines()
    assert found[0] == "ncodpers,added_products"
    written = dict(line.split(",") for line in found[1:])
    test_file = pa_csv.read_csv(scored_bank.raw / "test_ver2.csv")["ncodpers"].to_pylist()
    assert len(found) - 1 == len(written) == len(test_file)
    assert set(written) == {str(customer) for customer in test_file}
    source = {product.name: product.source for product in PRODUCTS}
    for customer, products in written.items():
        assert products.split() == [source[str(row["product"])] for row in lists.get(int(customer), [])]


@pytest.mark.plan
def test_a_submission_is_the_same_however_many_lists_are_spelled_out_together(
    scored_bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = scored_bank.settings.data / "submissions" / f"{TARGET}.csv"
    monkeypatch.setattr(submission, "ROWS_AT_A_TIME", 1_000)
    path, customers = write_submission(scored_bank.lake, TARGET, tmp_path)
    assert customers > 2_000
    assert path.read_bytes() == written.read_bytes()


def test_a_month_that_is_not_ready_is_refused_with_the_verb_to_run(scored_bank: Bank) -> None:
    from santander.registry.champion import champion

    lake = scored_bank.lake
    model = champion(scored_bank.settings).model
    with pytest.raises(InputError, match="no features for 2017-01: run 'santander features --month 2017-01' first"):
        score_month(lake, None, Scoring(model, 1, Month(2017, 1)))  # type: ignore[arg-type]
    assert Month(2016, 5) in lake.months(FEATURES_TABLE)
    with pytest.raises(InputError, match="no recommendations for 2016-05"):
        write_submission(lake, Month(2016, 5), scored_bank.settings.data / "submissions")


@pytest.mark.plan
def test_a_model_that_leaves_one_customer_without_scores_writes_nothing(scored_bank: Bank) -> None:
    from santander.registry.champion import champion
    from santander.store.access import open_store

    class Forgetful:
        """The champion, but for the customer with the greatest number."""

        families: ClassVar[Families] = {}

        def __init__(self, model: Recommender, forgotten: int) -> None:
            self.model, self.forgotten = model, forgotten

        def score(self, features: Features) -> Scores:
            scores = self.model.score(features)
            scores[features["customer_id"].to_numpy() == self.forgotten] = np.nan
            return scores

        def rank(self, features: Features, scores: Scores) -> Ranks:
            return self.model.rank(features, scores)

    lake = scored_bank.lake
    before = lake.version(RECOMMENDATIONS)
    last = lake.read_months(CUSTOMERS, [TARGET]).selectExpr("max(customer_id)").collect()[0][0]
    model = Forgetful(champion(scored_bank.settings).model, last)
    with pytest.raises(SantanderError, match=r"version 9 has no score of any product for 1 of .* customers of 2016-06"):
        score_month(lake, open_store(scored_bank.settings, lake), Scoring(model, 9, TARGET))  # type: ignore[arg-type]
    assert lake.version(RECOMMENDATIONS) == before
    assert not list((scored_bank.settings.data / "lake").glob("_staging*/*"))


def test_a_model_that_names_a_product_twice_for_one_customer_writes_nothing_and_the_list_is_shown(scored_bank: Bank) -> None:
    from santander.registry.champion import champion
    from santander.store.access import open_store

    class Stammering:
        """The champion, but for the customer with the greatest number, who gets the first product at rank 2 too."""

        families: ClassVar[Families] = {}

        def __init__(self, model: Recommender, customer: int) -> None:
            self.model, self.customer = model, customer

        def score(self, features: Features) -> Scores:
            return self.model.score(features)

        def rank(self, features: Features, scores: Scores) -> Ranks:
            ranks = self.model.rank(features, scores)
            theirs = features["customer_id"].to_numpy() == self.customer
            ranks[theirs, 1] = ranks[theirs, 0]
            return ranks

    lake = scored_bank.lake
    before = lake.version(RECOMMENDATIONS)
    last = lake.read_months(CUSTOMERS, [TARGET]).selectExpr("max(customer_id)").collect()[0][0]
    model = Stammering(champion(scored_bank.settings).model, last)
    told = (
        rf"version 9 names a product twice in the list \((\w+) \1( \w+){{5}}\) of customer {last} of 2016-06: nothing was written"
    )
    with pytest.raises(SantanderError, match=told):
        score_month(lake, open_store(scored_bank.settings, lake), Scoring(model, 9, TARGET))  # type: ignore[arg-type]
    assert lake.version(RECOMMENDATIONS) == before
