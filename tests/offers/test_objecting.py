"""Objections: kept without ids, recorded once, withdrawn, and offers that go at once."""

import json
from pathlib import Path

import pytest
import typer

from santander.cli.verbs.object import object as verb
from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.offers.objecting import Objecting, record_objections
from santander.schema.catalogue import CUSTOMERS, OBJECTIONS, OFFERS, SUPPRESSIONS
from santander.schema.months import Month
from santander.suppression.objections import objections_print, objectors
from santander.suppression.suppression_list import VARIABLE, suppression_list

MAY, JUNE = Month(2016, 5), Month(2016, 6)
KNOWN, OTHER, STRANGER, ERASED = 1375586, 15889, 777_777, 15890


def offer(customer: int, product: str, month: Month = JUNE) -> dict[str, object]:
    return {
        "snapshot_date": month.snapshot, "customer_id": customer, "product": product, "rank": 1, "chance": 0.1, "reasons": None,
    }  # fmt: skip


@pytest.fixture
def filled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv(VARIABLE, raising=False)
    lake = Lake(settings)
    lake.append_rows(CUSTOMERS, [{"customer_id": each, "snapshot_date": JUNE.snapshot} for each in (KNOWN, OTHER)])
    offers = [offer(KNOWN, "loan"), offer(KNOWN, "funds"), offer(KNOWN, "loan", MAY), offer(OTHER, "loan")]
    lake.append_rows(OFFERS, offers)
    return settings


def offered(settings: Settings) -> list[tuple[int, str]]:
    rows = Lake(settings).rows(OFFERS)
    return sorted((row["customer_id"], str(Month.of(row["snapshot_date"]))) for row in rows)


def test_an_objection_is_kept_without_the_id_and_takes_the_offers_of_every_month(filled: Settings) -> None:
    assert record_objections(filled, [KNOWN], withdraw=False) == Objecting(
        withdrawn=False, customers=1, changed=1, unchanged=0, erased=0, unknown=0, offers_removed=3
    )
    assert objectors(filled, Lake(filled)).among([KNOWN, OTHER]) == {KNOWN}
    assert offered(filled) == [(OTHER, "2016-06")]
    assert str(KNOWN) not in str(Lake(filled).rows(OBJECTIONS))


def test_objecting_again_changes_nothing(filled: Settings) -> None:
    record_objections(filled, [KNOWN], withdraw=False)
    version, before = Lake(filled).version(OBJECTIONS), objections_print(Lake(filled))
    again = record_objections(filled, [KNOWN], withdraw=False)
    assert (again.changed, again.unchanged, again.offers_removed) == (0, 1, 0)
    assert (Lake(filled).version(OBJECTIONS), objections_print(Lake(filled))) == (version, before)


def test_an_objection_may_come_before_the_customer_and_that_is_said(filled: Settings) -> None:
    recorded = record_objections(filled, [KNOWN, STRANGER], withdraw=False)
    assert (recorded.changed, recorded.unknown) == (2, 1)
    assert objectors(filled, Lake(filled)).among([STRANGER]) == {STRANGER}


def test_a_withdrawal_ends_an_objection_and_leaves_what_was_made_out_of_date(filled: Settings) -> None:
    lake = Lake(filled)
    assert objections_print(lake) == ""
    record_objections(filled, [KNOWN, OTHER], withdraw=False)
    objected = objections_print(lake)
    withdrawn = record_objections(filled, [KNOWN, STRANGER], withdraw=True)
    assert (withdrawn.changed, withdrawn.unchanged) == (1, 1)
    assert objectors(filled, lake).among([KNOWN, OTHER]) == {OTHER}
    # the offers that went with the objection are not there, so this is not the state before it
    assert len({"", objected, objections_print(lake)}) == 3
    record_objections(filled, [KNOWN], withdraw=False)
    assert objectors(filled, lake).among([KNOWN, OTHER]) == {KNOWN, OTHER}


def test_of_an_erased_customer_nothing_is_recorded(filled: Settings) -> None:
    lake = Lake(filled)
    erased = suppression_list(filled, lake, make_key=True).digest(ERASED)
    lake.append_rows(SUPPRESSIONS, [{"digest": erased, "erasure_id": "x"}])
    recorded = record_objections(filled, [ERASED], withdraw=False)
    assert (recorded.changed, recorded.erased, recorded.unknown) == (0, 1, 0)
    assert lake.rows(OBJECTIONS) == []


def test_without_its_key_no_list_is_read_and_no_other_key_is_made(filled: Settings) -> None:
    record_objections(filled, [KNOWN], withdraw=False)
    (filled.state / "suppression.key").unlink()
    with pytest.raises(InputError, match=r"1 customer objects and the key of that list is missing: put back .*suppression.key"):
        objectors(filled, Lake(filled))
    # a first erasure would make a key, and nobody could tell any more who objects
    with pytest.raises(InputError, match="1 customer objects and the key"):
        suppression_list(filled, Lake(filled), make_key=True)
    assert not (filled.state / "suppression.key").exists()
    assert not suppression_list(filled, Lake(filled))  # an ingest holds nobody against it and goes on


def test_the_verb_says_what_it_did_and_names_nobody(filled: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text(f"{STRANGER}\n")
    said = run(filled, capsys, str(KNOWN), "--from-file", str(ids))
    assert [line.partition(" (with --data-dir")[0] for line in said.splitlines()] == [
        "2 customers: 2 objections recorded",
        "1 of them without a row in customers: the objection holds from when there is one",
        "rows of offers removed: 3",
        "a list that was exported before may still name them: 'santander offers --export' makes it anew",
        "the tables of offers are out of date now: 'santander run' makes them anew",
    ]
    again = json.loads(run(filled, capsys, str(KNOWN), "--withdraw", "--json"))
    assert again == {
        "withdrawn": True, "customers": 1, "changed": 1, "unchanged": 0, "erased": 0, "unknown": 0, "offers_removed": 0,
    }  # fmt: skip
    logs = "".join(file.read_text() for file in (filled.state / "logs").iterdir())
    assert str(KNOWN) not in logs


def run(settings: Settings, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    app = typer.Typer()
    app.command()(verb)
    app([*words, "--data-dir", settings.data_dir], standalone_mode=False)
    return capsys.readouterr().out


def test_nobody_is_no_request(filled: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="'santander object 1375586'"):
        run(filled, capsys)
