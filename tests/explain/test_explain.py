"""Explanations of customers of a scored bank, as the verb gives them."""

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from santander.config.offer_rules import OBJECTION, offer_rules
from santander.errors import InputError
from santander.explain.explain import explain
from santander.explain.explanation import Explanation
from santander.explain.page import refuse_to_replace, write_page
from santander.explain.reading import rows_of
from santander.lake.lake import Lake
from santander.models.chances import FittedChances
from santander.models.reasons import OF_MARGIN
from santander.offers.objecting import record_objections
from santander.registry.versions import NoChampion, load_version
from santander.schema.catalogue import FEATURES_TABLE, OFFER_EXCLUSIONS, RECOMMENDATIONS, SUPPRESSIONS
from santander.schema.months import Month
from santander.schema.product_names import Language
from santander.schema.products import PRODUCT_NAMES, PRODUCTS
from santander.storage.places import open_read
from santander.suppression.suppression_list import suppression_list
from tests.conftest import Bank
from tests.own_bank import own_copy

JUNE = Month(2016, 6)
EN, ES = Language.ENGLISH, Language.SPANISH


def features(bank: Bank) -> list[dict[str, Any]]:
    """Customers of June and what they own."""
    rows: list[dict[str, Any]] = []
    for place in bank.lake.files_by_month(FEATURES_TABLE)[JUNE]:
        with open_read(place) as file:
            rows += pq.read_table(file, columns=["customer_id", "owned"]).to_pylist()
    return rows


@pytest.fixture(scope="module")
def owner(scored_bank: Bank) -> int:
    """A customer who owns several products."""
    return max(features(scored_bank), key=lambda row: (row["owned"].bit_count() == 3, -row["customer_id"]))["customer_id"]


@pytest.fixture(scope="module")
def explained(scored_bank: Bank, owner: int) -> Explanation:
    return explain(scored_bank.settings, owner, None, None, EN)


def test_it_has_the_list_of_the_last_month_with_chances_and_reasons(
    scored_bank: Bank, owner: int, explained: Explanation
) -> None:
    rows = rows_of(scored_bank.lake, RECOMMENDATIONS, JUNE, "customer_id", owner)
    assert rows is not None
    listed = rows.sort_by("rank").to_pylist()
    assert explained.month == JUNE
    assert [(each.product, each.rank) for each in explained.products] == [(row["product"], row["rank"]) for row in listed]
    for each, row in zip(explained.products, listed, strict=True):
        assert each.score == pytest.approx(row["score"], abs=1e-6)
        assert each.chance == pytest.approx(row["chance"], abs=1e-6)
    assert all(1 <= len(each.reasons) <= 3 for each in explained.products[:3])


def test_base_reasons_and_rest_sum_to_what_is_explained(scored_bank: Bank, owner: int, explained: Explanation) -> None:
    """A quarter of the margin, from which the scores follow, and the logarithm of what is expected, from which chances do."""
    row = rows_of(scored_bank.lake, FEATURES_TABLE, JUNE, "customer_id", owner)
    fit = load_version(scored_bank.settings, explained.model_version).candidate.scoring
    assert row is not None
    assert isinstance(fit.chances, FittedChances)
    found, logs = fit.model.contributions(row), fit.chances.rate.logs(row)[0]
    assert found is not None
    told = [(each, each.base, each.rest) for each in explained.products if each.base is not None and each.rest is not None]
    assert len(told) >= 3
    for each, base, rest in told:
        bit = PRODUCT_NAMES.index(each.product)
        total = base + rest + sum(reason.contribution for reason in each.reasons)
        assert total == pytest.approx(OF_MARGIN * found.margins[bit, 0] + logs[bit], abs=1e-4)


def test_the_strongest_reason_comes_first_and_none_is_smaller_than_the_setting(scored_bank: Bank, explained: Explanation) -> None:
    for each in explained.products:
        sizes = [abs(reason.contribution) for reason in each.reasons]
        assert sizes == sorted(sizes, reverse=True)
        assert all(size >= scored_bank.settings.reasons.least for size in sizes)


def test_what_was_held_is_told_month_by_month(scored_bank: Bank, owner: int, explained: Explanation) -> None:
    owned = next(row["owned"] for row in features(scored_bank) if row["customer_id"] == owner)
    assert explained.held["2016-05"] == [product.name for product in PRODUCTS if owned & product.mask]
    assert list(explained.held) == sorted(explained.held)
    assert len(explained.history()) >= 3


def test_a_product_outside_the_list_is_explained_where_it_is_asked_for(
    scored_bank: Bank, owner: int, explained: Explanation
) -> None:
    others = set(PRODUCT_NAMES) - {each.product for each in explained.products} - set(explained.held["2016-05"])
    name = min(others)
    [found] = explain(scored_bank.settings, owner, JUNE, name, EN).products
    assert (found.product, found.rank) == (name, None)
    assert found.chance is not None


def test_spanish_has_the_same_reasons_in_other_words(scored_bank: Bank, owner: int, explained: Explanation) -> None:
    spanish = explain(scored_bank.settings, owner, None, None, ES)
    for here, there in zip(explained.products, spanish.products, strict=True):
        assert [reason.family for reason in here.reasons] == [reason.family for reason in there.reasons]
    assert spanish.label("recommended").startswith("recomendaciones")


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"customer": 999_999_999}, "there is no customer 999999999 in 2016-06"),
        ({"month": Month(2016, 1)}, "no recommendations for 2016-01: run 'santander score --month 2016-01' first"),
        ({"month": Month(2018, 1)}, "no recommendations for 2018-01: there are no customers of it; .*: 2016-06"),
        ({"product": "loans"}, "there is no product 'loans'"),
        ({"product": "owned"}, "the customer holds it"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_one_line(
    scored_bank: Bank, owner: int, explained: Explanation, asked: dict[str, Any], refusal: str
) -> None:
    wanted = {"customer": owner, "month": None, "product": None, **asked}
    if wanted["product"] == "owned":
        wanted["product"] = explained.held["2016-05"][0]
    with pytest.raises(InputError, match=refusal) as caught:
        explain(scored_bank.settings, wanted["customer"], wanted["month"], wanted["product"], EN)
    assert "\n" not in str(caught.value)


def test_who_was_erased_is_said_to_be(scored_bank: Bank, tmp_path: Path) -> None:
    settings = own_copy(scored_bank, tmp_path / "data")
    lake = Lake(settings)
    erased = suppression_list(settings, lake, make_key=True)
    lake.append_rows(SUPPRESSIONS, [{"digest": erased.digest(999_999_999), "erasure_id": "one"}])
    with pytest.raises(InputError, match="customer 999999999 was erased"):
        explain(settings, 999_999_999, None, None, EN)


def test_without_lists_and_champion_the_remedy_is_to_train(settings: Any) -> None:
    with pytest.raises(NoChampion):
        explain(settings, 1, None, None, EN)


def test_what_is_kept_back_is_told_by_the_sentence_of_its_rule(scored_bank: Bank, explained: Explanation) -> None:
    rows = next(iter(scored_bank.lake.delta(OFFER_EXCLUSIONS).to_pyarrow_dataset().to_batches(batch_size=1)))
    customer, rule = rows["customer_id"][0].as_py(), rows["rule"][0].as_py()
    found = explain(scored_bank.settings, customer, None, None, ES)
    assert rule in {each.rule for each in found.excluded}
    [sentence] = {each.text for each in found.excluded if each.rule == rule}
    assert sentence == next(each.sentence_es for each in offer_rules(scored_bank.settings) if each.name == rule)
    assert sentence in found.kept_back()


def test_who_has_objected_since_the_offers_were_made_is_offered_nothing(
    scored_bank: Bank, owner: int, explained: Explanation, tmp_path: Path
) -> None:
    settings = own_copy(scored_bank, tmp_path / "data")
    record_objections(settings, [owner], withdraw=False)
    found = explain(settings, owner, None, None, EN)
    assert {each.rule for each in explained.excluded}.isdisjoint({OBJECTION})
    assert {each.product for each in found.excluded if each.rule == OBJECTION} == {*PRODUCT_NAMES} - {*found.held["2016-05"]}
    assert "The customer objects to marketing" in found.kept_back()


def test_a_page_needs_nothing_else_and_replaces_nothing(explained: Explanation, tmp_path: Path) -> None:
    file = tmp_path / "why.html"
    refuse_to_replace(file, force=False)
    write_page(explained, file)
    page = file.read_text(encoding="utf-8")
    assert all(reason.text in page for each in explained.products for reason in each.reasons if "'" not in reason.text)
    assert explained.label("nothing_left") not in page
    write_page(replace(explained, products=[]), file)
    assert explained.label("nothing_left") in file.read_text(encoding="utf-8")
    assert "http" not in page
    assert "src=" not in page
    with pytest.raises(InputError, match="is there already"):
        refuse_to_replace(file, force=False)
    refuse_to_replace(file, force=True)
    with pytest.raises(InputError, match="there is no folder"):
        refuse_to_replace(tmp_path / "none" / "why.html", force=False)
    with pytest.raises(InputError, match="is a folder: name a file in it"):
        refuse_to_replace(tmp_path, force=True)


def test_a_chance_is_never_told_as_certain(explained: Explanation) -> None:
    assert [explained.chance(chance).split("month ")[1] for chance in (1.0, 0.5, 0.00001)] == ["> 99 %", "50 %", "< 0.01 %"]


def test_a_page_shows_names_and_texts_as_they_are_written(explained: Explanation, tmp_path: Path) -> None:
    [first, *_] = explained.products
    wild = replace(first, reasons=[replace(first.reasons[0], text="<b>&")])
    write_page(replace(explained, products=[wild]), tmp_path / "wild.html")
    assert "&lt;b&gt;&amp;" in (tmp_path / "wild.html").read_text()


def test_the_verb_prints_the_contract_and_starts_no_engine(scored_bank: Bank, owner: int) -> None:
    script = (
        "import sys; sys.argv[0] = 'santander'\nfrom santander.cli import app\ntry: app.main()\n"
        "finally: print([name for name, module in sys.modules.items() if module], file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, "--json", "explain", str(owner), "--data-dir", str(scored_bank.settings.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told = json.loads(done.stdout)
    assert {"customer_id", "month", "products", "excluded"} <= told.keys()
    assert told["products"][0].keys() >= {"product", "rank", "score", "chance", "reasons"}
    assert told["products"][0]["reasons"][0].keys() == {"family", "contribution", "text"}
    assert not {"pysail", "pyspark", "pandas", "sklearn", "mlflow", "feast"} & {*ast.literal_eval(done.stderr.splitlines()[-1])}
