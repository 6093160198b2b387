"""Offers of the shared bank: what rules keep back, lists to hand over, and what an objection or a changed rule makes anew."""

import csv
import json
import re
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer
from pyspark.sql import SparkSession

from santander.audit.audit import Audit
from santander.cli.verbs.offers import offers as verb
from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.ledger.step_ledger import StepLedger
from santander.offers.export import Wanted, export_offers
from santander.offers.month_offers import offers_of_month
from santander.offers.objecting import record_objections
from santander.pipeline.run import walk
from santander.pipeline.status import look
from santander.pipeline.steps import Steps
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, OFFER_EXCLUSIONS, OFFERS, RECOMMENDATIONS
from santander.schema.months import Month
from tests.conftest import Bank
from tests.environment import CONF_LOCAL
from tests.landing_files import landing_file, record
from tests.own_bank import own_copy

JUNE = Month(2016, 6)
Row = dict[str, object]


def rows(lake: Lake, table: object) -> list[Row]:
    return [row for row in lake.rows(table) if row["snapshot_date"] == JUNE.snapshot]  # type: ignore[arg-type]


@pytest.fixture
def own(scored_bank: Bank, tmp_path: Path) -> Settings:
    return own_copy(scored_bank, tmp_path / "data")


def differences(settings: Settings) -> list[str]:
    return [f"{d.check}: {d.column}" for d in Audit(settings, tables_only=True).run([JUNE])[0].differences]


def test_offers_are_the_lists_without_what_is_kept_back_and_made_up_from_below(scored_bank: Bank) -> None:
    lake = scored_bank.lake
    listed, offered, kept = (rows(lake, table) for table in (RECOMMENDATIONS, OFFERS, OFFER_EXCLUSIONS))
    excluded = {(row["customer_id"], row["product"]) for row in kept}
    by_customer: dict[object, list[object]] = {}
    for row in sorted(offered, key=lambda row: row["rank"]):
        by_customer.setdefault(row["customer_id"], []).append(row["product"])
    lists: dict[object, list[object]] = {}
    for row in sorted(listed, key=lambda row: row["rank"]):
        lists.setdefault(row["customer_id"], []).append(row["product"])
    assert excluded.isdisjoint((row["customer_id"], row["product"]) for row in offered)
    assert any((customer, product) in excluded for customer, products in lists.items() for product in products)
    for customer, products in lists.items():
        left = [product for product in products if (customer, product) not in excluded]
        assert by_customer.get(customer, [])[: len(left)] == left
    gone = {row["customer_id"] for row in lake.rows(CUSTOMERS) if row["snapshot_date"] == JUNE.snapshot and row["is_deceased"]}
    assert gone.isdisjoint(by_customer)


def test_the_audit_finds_no_difference_and_names_an_offer_that_a_rule_forbids(own: Settings) -> None:
    assert differences(own) == []
    lake = Lake(own)
    forbidden = next(row for row in rows(lake, OFFER_EXCLUSIONS) if row["product"] == "loan")
    offer = forbidden | {"rank": 1, "chance": None, "reasons": None}
    lake.append_rows(OFFERS, [{name: offer[name] for name, _ in OFFERS.columns}])
    assert "offers: customers offered what a rule keeps from them" in differences(own)


def test_a_list_to_hand_over_is_sorted_and_leaves_out_who_objects_by_then(own: Settings, tmp_path: Path) -> None:
    lake, file = Lake(own), tmp_path / "loans.csv"
    before = rows(lake, OFFERS)
    exported = export_offers(lake, JUNE, file, Wanted(product="funds"), force=False)
    with file.open() as lines:
        written = list(csv.DictReader(lines))
    assert exported.offers == len(written) == sum(row["product"] == "funds" for row in before)
    chances = [float(row["chance"] or 0) for row in written]
    assert chances == sorted(chances, reverse=True)
    first = int(written[0]["customer_id"])
    # the rows of an objector that a run has put back, as one with another state folder might
    theirs = [row for row in before if row["customer_id"] == first]
    assert record_objections(own, [first], withdraw=False).offers_removed == len(theirs)
    assert first not in {row["customer_id"] for row in rows(lake, OFFERS)}
    lake.append_rows(OFFERS, theirs)
    again = export_offers(lake, JUNE, tmp_path / "loans.parquet", Wanted(top=50), force=False)
    table = pq.read_table(tmp_path / "loans.parquet")
    assert (again.objecting, again.offers) == (1, 50)
    assert table.column_names == ["customer_id", "product", "chance", "reasons"]
    assert first not in table["customer_id"].to_pylist()


def test_reasons_in_a_csv_are_no_formulas_of_a_spreadsheet(own: Settings, tmp_path: Path) -> None:
    lake = Lake(own)
    one = rows(lake, OFFERS)[0] | {"customer_id": 999, "chance": 1.0, "reasons": ["+income", "-tenure", "+own_family"]}
    lake.append_rows(OFFERS, [{name: one[name] for name, _ in OFFERS.columns}])
    for file in (tmp_path / "offers.csv", tmp_path / "offers.parquet"):
        export_offers(lake, JUNE, file, Wanted(top=1), force=False)
    [written] = csv.DictReader((tmp_path / "offers.csv").read_text().splitlines())
    assert written["reasons"] == "for:income against:tenure for:own_family"
    assert pq.read_table(tmp_path / "offers.parquet")["reasons"].to_pylist() == [one["reasons"]]


def test_what_cannot_be_exported_is_refused_and_nothing_is_written_over(scored_bank: Bank, tmp_path: Path) -> None:
    lake, there = scored_bank.lake, tmp_path / "there.csv"
    there.write_text("mine")

    def refused(file: Path, **wanted: object) -> str:
        with pytest.raises(InputError) as error:
            export_offers(lake, JUNE, file, Wanted(**wanted), force=False)  # type: ignore[arg-type]
        return str(error.value)

    new = tmp_path / "new.csv"
    assert refused(there).endswith("the file is there already: name another, or give --force")
    assert refused(tmp_path / "new.xlsx").endswith("a list is written as csv or as Parquet: end its name with .csv or .parquet")
    assert refused(tmp_path / "no" / "new.csv").endswith(f"there is no folder {tmp_path / 'no'}: make it first")
    assert "unknown product 'lone': did you mean loan?" in refused(new, product="lone")
    assert "unknown segment 'student': did you mean students?" in refused(new, segment="student")
    assert there.read_text() == "mine"
    assert not new.exists()
    assert export_offers(lake, JUNE, there, Wanted(segment="top", top=3), force=True).offers == 3


def test_a_changed_rule_makes_the_offers_anew_and_leaves_the_lists(
    own: Settings, session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(own, session)
    lists, submission = lake.version(RECOMMENDATIONS), lake.fingerprints(RECOMMENDATIONS)
    assert look(own).months[JUNE].stale == ()
    (tmp_path / "offers.yaml").write_text(
        "offers:\n  rules:\n    not_sold_any_more: {products: [funds]}\n"
        "    nobody_abroad: {where: NOT is_resident, products: all, sentence: Not abroad, sentence_es: Fuera no}\n"
    )
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    settings = Settings.load(data_dir=own.data_dir)
    assert look(settings).months[JUNE].stale == ("offers",)
    with pytest.raises(InputError, match=r"were made by other rules, .*: run 'santander score --month 2016-06' first"):
        export_offers(Lake(settings), JUNE, tmp_path / "a.csv", Wanted(), force=False)
    steps = Steps(settings, session)
    assert list(steps.score(JUNE, anyway=False).done) == [JUNE]
    assert (lake.version(RECOMMENDATIONS), lake.fingerprints(RECOMMENDATIONS)) == (lists, submission)
    assert "funds" not in {row["product"] for row in rows(lake, OFFERS)}
    assert offers_of_month(Lake(settings), JUNE).rules["nobody_abroad"].sentence == "Not abroad"
    assert look(settings).months[JUNE].stale == ()
    assert list(Steps(settings, session).score(JUNE, anyway=False).up_to_date) == [JUNE]
    assert differences(settings) == []


def test_a_rule_with_an_unknown_column_is_named_though_no_engine_starts(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "offers.yaml").write_text(
        "offers:\n  rules:\n    grown_up:\n      where: agee < 18\n      products: [funds]\n"
        "      sentence: Only for adults\n      sentence_es: Solo adultos\n"
    )
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    lake = Lake(Settings.load(data_dir=own.data_dir))
    list_of = partial(export_offers, lake, JUNE, tmp_path / "a.csv", Wanted(), force=False)
    for asked in (partial(offers_of_month, lake, JUNE), list_of):
        with pytest.raises(InputError, match=r"offers\.yaml.*grown_up.*there is no column 'agee'.*age") as refused:
            asked()
        assert refused.value.column == "agee"


@pytest.mark.parametrize("name", [".csv", ".parquet"])
def test_a_list_without_a_name_is_not_written(own: Settings, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"has no name before {name}: such as offers{name}"):
        export_offers(Lake(own), JUNE, tmp_path / name, Wanted(), force=False)
    assert not (tmp_path / name).exists()


def test_after_an_objection_the_offers_are_out_of_date_and_the_rule_is_named_when_they_are_made(
    own: Settings, session: SparkSession
) -> None:
    lake = Lake(own, session)
    customer = int(str(rows(lake, OFFERS)[0]["customer_id"]))
    record_objections(own, [customer], withdraw=False)
    assert look(own).months[JUNE].stale == ("offers",)
    Steps(own, session).score(JUNE, anyway=False)
    assert look(own).months[JUNE].stale == ()
    kept = {row["rule"] for row in rows(lake, OFFER_EXCLUSIONS) if row["customer_id"] == customer}
    assert "objection" in kept
    assert customer not in {row["customer_id"] for row in rows(lake, OFFERS)}
    assert differences(own) == []


def test_without_offers_the_lists_are_the_same_to_the_byte(own: Settings, session: SparkSession) -> None:
    lake = Lake(own, session)
    before = lake.delta(RECOMMENDATIONS).to_pyarrow_table()
    versions = [lake.version(table) for table in (OFFERS, OFFER_EXCLUSIONS)]
    without = own.model_copy(update={"offers": own.offers.model_copy(update={"with_lists": False})})
    Steps(without, session).score(JUNE, anyway=True)
    assert lake.delta(RECOMMENDATIONS).to_pyarrow_table().equals(before)
    assert [lake.version(table) for table in (OFFERS, OFFER_EXCLUSIONS)] == versions


def test_the_verb_shows_products_and_rules(scored_bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()
    app.command()(verb)
    app(["--data-dir", scored_bank.settings.data_dir], standalone_mode=False)
    said = capsys.readouterr().out
    assert "2016-06: " in said
    assert "Credit is only for those known to be 18 or older" in said
    app(["--data-dir", scored_bank.settings.data_dir, "--json"], standalone_mode=False)
    shown = json.loads(capsys.readouterr().out)
    assert shown["offers"] == sum(each["customers"] for each in shown["products"].values()) > 1000
    assert shown["out_of_date"] == []
    with pytest.raises(InputError, match="belong to --export: give --export FILE too"):
        app(["--data-dir", scored_bank.settings.data_dir, "--top", "5"], standalone_mode=False)


def test_a_wrong_rule_is_refused_before_anything_is_made_of_what_is_taken_in(
    settings: Settings, session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert session  # a run starts the engine there is
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    rule = "offers: {rules: {mine: {where: agee < 18, products: [lone], sentence: Not here, sentence_es: Aquí no}}}"
    landing = landing_file(tmp_path / "a.csv", [record(1375586)])
    for text, told in (
        (rule, "unknown product 'lone'"),
        (rule.replace("lone", "loan"), "unknown column 'agee': did you mean age?"),
    ):
        (tmp_path / "offers.yaml").write_text(text)
        with pytest.raises(InputError, match=rf"offers.yaml, line 1: rule 'mine': {re.escape(told)}"):
            walk(Settings.load(data_dir=settings.data_dir), [landing], recipe="popularity")
        assert not Lake(settings).exists(FEATURES_TABLE)


def test_only_offers_with_the_least_chance_are_handed_over(scored_bank: Bank, tmp_path: Path) -> None:
    file = tmp_path / "likely.parquet"
    chances = sorted((float(str(row["chance"])) for row in rows(scored_bank.lake, OFFERS)), reverse=True)
    exported = export_offers(scored_bank.lake, JUNE, file, Wanted(least_chance=chances[99]), force=False)
    assert pq.read_table(file)["chance"].to_pylist() == chances[: exported.offers]
    assert exported.offers >= 100


def test_a_run_records_its_offers(scored_bank: Bank) -> None:
    from santander.ledger.steps import OFFER

    made = StepLedger(scored_bank.lake).last(OFFER, JUNE)
    assert made is not None
    assert (made.result.offers, made.result.exclusions) == tuple(
        scored_bank.lake.rows_by_month(table)[JUNE] for table in (OFFERS, OFFER_EXCLUSIONS)
    )
