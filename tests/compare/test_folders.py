"""`santander compare` on small tables written by deltalake: no engine takes part, neither here nor there."""

import dataclasses
import datetime as dt
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from santander.compare.comparison import FolderComparison, TableComparison, Verdict
from santander.compare.folders import compare_folders
from santander.compare.report import lines
from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.schema.catalogue import (
    ADDITIONS,
    CUSTOMERS,
    EXPECTED_ADDITIONS,
    FEATURES_TABLE,
    INGESTIONS,
    MONTH_PROFILES,
    OFFER_EXCLUSIONS,
    OFFERS,
    ONLINE_FEATURES,
    PREDICTIONS,
    QUARANTINE,
    RECOMMENDATIONS,
    STEP_RUNS,
)
from santander.schema.months import Month
from santander.storage.places import whole_file
from tests.environment import without_settings
from tests.own_families import ACTIVITY, BY_PROVINCE, active, break_a_file, of_provinces
from tests.s3_server import s3_server

MAY, JUNE = Month(2016, 5), Month(2016, 6)
Rows = dict[str, list[dict[str, Any]]]
TABLES = {
    table.name: table
    for table in (
        CUSTOMERS,
        QUARANTINE,
        INGESTIONS,
        FEATURES_TABLE,
        ADDITIONS,
        ONLINE_FEATURES,
        RECOMMENDATIONS,
        EXPECTED_ADDITIONS,
        MONTH_PROFILES,
        OFFERS,
        OFFER_EXCLUSIONS,
        PREDICTIONS,
        STEP_RUNS,
    )
}
HOUR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def trained(map7: float) -> dict[str, Any]:
    """What the step train recorded of a training that was judged, as far as every release did."""
    return {"month": "2016-05", "customers": 2, "buyers": 1, "map7": map7, "ceiling": 0.5, "baseline": 0.01, "version": 2}


def bank(run: str, hour: int = 0, version: int = 2) -> Rows:
    """Two customers in two months, one quarantined value, lists for June; ids and clocks are those of one ``run``."""
    monthly = [(customer, month) for month in (MAY, JUNE) for customer in (1, 2)]
    at = HOUR + dt.timedelta(hours=hour)
    ids = {"ingestion_id": run, "file": f"/{run}/train.csv", "file_sha256": "f00"}
    return {
        "customers": [
            {"customer_id": c, "snapshot_date": m.snapshot, "age": 30, "is_active": True, "household_income": 0.5, "holdings": 4}
            for c, m in monthly
        ],
        "quarantine": [ids | {"month": "2016-05", "line": 7, "scope": "value", "reason": "range", "column": "age", "raw": "400"}],
        "ingestions": [
            ids | {"month": str(month), "read": 2, "kept": 2, "quarantined_rows": 0, "ingested_at": at} for month in (MAY, JUNE)
        ],
        "features": [{"customer_id": c, "snapshot_date": m.snapshot, "household_income": 0.5} for c, m in monthly],
        "additions": [{"customer_id": 1, "snapshot_date": MAY.snapshot, "product": "loan"}],
        "online_features": [{"customer_id": c, "snapshot_date": JUNE.snapshot, "packed": bytes([c, 0])} for c in (1, 2)],
        "recommendations": [
            {"customer_id": c, "snapshot_date": JUNE.snapshot, "rank": rank, "product": product, "score": score,
             "model_version": version}
            for c in (1, 2) for rank, product, score in ((1, "loan", 0.5), (2, "funds", None))
        ],
        "expected_additions": [
            {"product": "loan", "snapshot_date": JUNE.snapshot, "expected": 0.5, "low": 0, "high": 2, "seen": None}
        ],
        "month_profiles": [
            {"snapshot_date": MAY.snapshot, "table": of, "column": "age", "slice": "all", "rows": 2,
             "values": ["30"], "counts": [2]}
            for of in ("customers", "recommendations")
        ],
        "offers": [
            {"snapshot_date": JUNE.snapshot, "customer_id": 1, "product": "loan", "rank": 1, "chance": 0.5, "reasons": reasons}
            for reasons in (["+age", "-income"],)
        ],
        "offer_exclusions": [
            {"snapshot_date": JUNE.snapshot, "customer_id": 1, "product": "funds", "rule": rule} for rule in ("one", "another")
        ],
        "predictions": [
            {"log": "one", "sequence": n, "day": dt.date(2016, 6, 29), "products": ["loan", "funds"], "chances": [0.5, None]}
            for n in (1, 2)
        ],
        "step_runs": [
            {"step": step, "month": "2016-06", "result": json.dumps(result), "finished_at": at, "seconds": 0.0}
            for step, result in (("score", {"run_id": "one model"}), ("train", trained(0.025)), ("offers", {}))
        ],
    }  # fmt: skip


LISTS = b"ncodpers,added_products\n1,a b\n2,\n"


def write(folder: Path | str, tables: Mapping[str, list[dict[str, Any]]], submission: bytes = LISTS) -> Settings:
    settings = Settings.load(data_dir=str(folder))
    lake = Lake(settings)
    for name, rows in tables.items():
        if rows:
            lake.append_rows(TABLES[name], rows)
    with whole_file(settings.data / "submissions" / "2016-06.csv") as file:
        file.write(submission)
    return settings


def compared(tmp_path: Path, change: Callable[[Rows], object] = lambda _: None, **other: Any) -> FolderComparison:
    there = bank("there", hour=5, version=9)
    change(there)
    return compare_folders(write(tmp_path / "here", bank("here")), write(tmp_path / "there", there, **other))


def table(comparison: FolderComparison, name: str) -> TableComparison:
    return next(each for each in comparison.tables if each.name == name)


def differing(comparison: FolderComparison) -> set[str]:
    assert comparison.equal is not any(each.verdict is Verdict.DIFFERENT for each in comparison.tables)
    return {each.name for each in comparison.tables if each.verdict is Verdict.DIFFERENT}


def test_ids_clocks_folders_version_numbers_and_the_order_of_rows_do_not_count(tmp_path: Path) -> None:
    comparison = compared(tmp_path, lambda rows: [content.reverse() for name, content in rows.items() if name != "step_runs"])
    assert comparison.equal
    assert {each.name: str(each.verdict) for each in comparison.tables} == dict.fromkeys(
        [
            "customers",
            "quarantine",
            "ingestions",
            "features",
            "additions",
            "online_features",
            "recommendations",
            "expected_additions",
            "month_profiles",
            "offers",
            "offer_exclusions",
            "predictions",
            "submissions",
        ],
        "equal",
    )


CHANGES: dict[str, tuple[str, Callable[[Rows], object]]] = {
    "a flag": ("customers", lambda rows: rows["customers"][1].update(is_active=False)),
    "a null for a 0": ("customers", lambda rows: rows["customers"][0].update(holdings=None)),
    "a row less": ("customers", lambda rows: rows["customers"].pop()),
    "a row more": ("features", lambda rows: rows["features"].append(rows["features"][0] | {"customer_id": 3})),
    "a row twice": ("features", lambda rows: rows["features"].append(rows["features"][0])),
    "a last digit": ("features", lambda rows: rows["features"][3].update(household_income=0.5 + 1e-16)),
    "the sign of zero": ("features", lambda rows: rows["features"][3].update(household_income=-0.5)),
    "an addition": ("additions", lambda rows: rows["additions"][0].update(product="funds")),
    "a quarantined text": ("quarantine", lambda rows: rows["quarantine"][0].update(raw="401")),
    "another column of the line": ("quarantine", lambda rows: rows["quarantine"][0].update(column=None)),
    "the content of a file": ("quarantine", lambda rows: rows["quarantine"][0].update(file_sha256="ba2")),
    "no quarantine": ("quarantine", lambda rows: rows["quarantine"].clear()),
    "a count": ("ingestions", lambda rows: rows["ingestions"][0].update(kept=1)),
    "a byte": ("online_features", lambda rows: rows["online_features"][0].update(packed=b"\x01\x01")),
    "a product": ("recommendations", lambda rows: rows["recommendations"][0].update(product="pension_plan")),
    "a score": ("recommendations", lambda rows: rows["recommendations"][0].update(score=0.5 + 1e-5)),
    "a score for none": ("recommendations", lambda rows: rows["recommendations"][1].update(score=0.0)),
    "what was seen": ("expected_additions", lambda rows: rows["expected_additions"][0].update(seen=0)),
    "what is expected": ("expected_additions", lambda rows: rows["expected_additions"][0].update(expected=2.0)),
    "how often a value occurs": ("month_profiles", lambda rows: rows["month_profiles"][0].update(counts=[1])),
    "an offer": ("offers", lambda rows: rows["offers"].clear()),
    "a chance": ("offers", lambda rows: rows["offers"][0].update(chance=0.5 + 1e-5)),
    "a reason": ("offers", lambda rows: rows["offers"][0].update(reasons=["+age"])),
    "no reasons": ("offers", lambda rows: rows["offers"][0].update(reasons=None)),
    "an answer": ("predictions", lambda rows: rows["predictions"][0].update(products=["funds"])),
    "a rule": ("offer_exclusions", lambda rows: rows["offer_exclusions"][1].update(rule="a third")),
    "a rank": ("recommendations", lambda rows: rows["recommendations"][3].update(rank=3)),
}


def with_family(folder: Path, share: float = 0.5, **changes: Any) -> Settings:
    settings = write(folder, bank(folder.name))
    Lake(settings).append_rows(ACTIVITY.table, active([1, 2], MAY, share_active=share, **changes))
    Lake(settings).append_rows(BY_PROVINCE.table, of_provinces([28, 8], MAY, share))
    return settings


def test_tables_of_families_are_compared_by_their_keys_with_doubles_close_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_a_file(monkeypatch, tmp_path / "conf")
    here = with_family(tmp_path / "here")
    assert compare_folders(here, with_family(tmp_path / "close", share=0.500001)).equal
    assert differing(compare_folders(here, with_family(tmp_path / "far", share=0.5 + 2e-6))) == {
        "features_activity",
        "features_by_province",
    }
    assert differing(compare_folders(here, with_family(tmp_path / "other", months_active=2))) == {"features_activity"}
    without = write(tmp_path / "without", bank("without"))
    found = compare_folders(here, without)
    assert differing(found) == differing(compare_folders(without, here)) == {"features_activity", "features_by_province"}
    assert "features_by_province differs in 1 of 1 months" in list(lines(found))


def test_a_family_of_other_entities_on_the_other_side_is_a_difference(tmp_path: Path) -> None:
    there = with_family(tmp_path / "there")
    shutil.rmtree(f"{there.lake}/features_activity")
    table = dataclasses.replace(BY_PROVINCE.table, name="features_activity")
    Lake(there).append_rows(table, of_provinces([28], MAY))
    found = compare_folders(with_family(tmp_path / "here"), there)
    assert differing(found) == {"features_activity"}
    assert "  rows of customer_id here, of province_code there" in list(lines(found))


@pytest.mark.parametrize("what", [what for what in CHANGES if what != "a last digit"])
def test_one_change_in_one_row_is_found_in_its_table_and_in_no_other(tmp_path: Path, what: str) -> None:
    name, change = CHANGES[what]
    assert differing(compared(tmp_path, change)) == {name}


def test_a_last_digit_counts_in_features_and_does_not_in_scores(tmp_path: Path) -> None:
    assert differing(compared(tmp_path / "a", lambda rows: rows["features"][3].update(household_income=0.5 + 2e-16))) == {
        "features"
    }
    assert compared(tmp_path / "b", lambda rows: rows["recommendations"][0].update(score=0.5 + 2e-16)).equal


def test_a_month_of_one_side_only_is_counted_whole(tmp_path: Path) -> None:
    comparison = compared(tmp_path, lambda rows: rows.update(customers=rows["customers"][:2]))
    parts = {part.month: part for part in table(comparison, "customers").parts}
    assert parts[MAY].verdict is Verdict.EQUAL
    assert parts[JUNE].difference is not None
    assert (parts[JUNE].difference.only_here, parts[JUNE].difference.only_there) == (2, 0)


def test_a_table_of_one_side_only_differs_and_one_of_neither_says_so(tmp_path: Path) -> None:
    here, there = bank("here"), bank("there")
    for rows in (here, there):
        rows["quarantine"].clear()
    there["online_features"].clear()
    comparison = compare_folders(write(tmp_path / "here", here), write(tmp_path / "there", there))
    assert table(comparison, "quarantine").verdict is Verdict.EMPTY
    assert differing(comparison) == {"online_features"}


def test_a_folder_of_a_release_that_wrote_no_additions_is_not_held_against_them(tmp_path: Path) -> None:
    comparison = compared(tmp_path, lambda rows: rows["additions"].clear())
    assert comparison.equal
    assert [line for line in lines(comparison) if line.startswith("additions")] == [
        "additions          not compared: one side never made it: run 'santander features' there (2016-05)"
    ]
    made = {"step": "additions", "month": "2016-05", "result": "{}", "finished_at": HOUR, "seconds": 0.0}
    lost = compared(tmp_path / "lost", lambda rows: (rows["additions"].clear(), rows["step_runs"].append(made)))
    assert differing(lost) == {"additions"}


def test_an_ingest_that_was_done_again_counts_once(tmp_path: Path) -> None:
    again = bank("again", hour=9)["ingestions"]
    assert compared(tmp_path, lambda rows: rows["ingestions"].extend(again)).equal


def test_undated_lines_of_a_file_count_though_another_file_came_later(tmp_path: Path) -> None:
    def undated(sha256: str, hour: int) -> dict[str, Any]:
        return bank(sha256, hour)["ingestions"][0] | {"month": "unknown", "file_sha256": sha256, "kept": 0, "read": 3}

    def together(rows: Rows) -> None:
        rows["ingestions"] += [undated("f00", 5), undated("ba2", 5)]

    here = bank("here")
    here["ingestions"] += [undated("f00", 1), undated("ba2", 2)]
    there = bank("there", hour=5)
    together(there)
    assert compare_folders(write(tmp_path / "here", here), write(tmp_path / "there", there)).equal
    there["ingestions"].pop(-2)
    assert differing(compare_folders(Settings.load(data_dir=str(tmp_path / "here")), write(tmp_path / "less", there))) == {
        "ingestions"
    }


def test_answers_that_one_service_alone_gave_are_neither_equal_nor_different(tmp_path: Path) -> None:
    def another_service(rows: Rows) -> None:
        rows["predictions"][1]["log"] = "another"

    comparison = compared(tmp_path, another_service)
    assert comparison.equal is False  # of the log that both have, one side lacks an answer
    said = [line for line in lines(comparison) if line.startswith("predictions")]
    assert said == ["predictions        differs"]

    def other_answers(rows: Rows) -> None:
        for row in rows["predictions"]:
            row["log"] = "another"

    comparison = compared(tmp_path / "others", other_answers)
    assert comparison.equal
    said = [line for line in lines(comparison) if line.startswith("predictions")]
    assert said == ["predictions        not compared: answers that were given from one side alone"]


@pytest.mark.parametrize(
    ("result", "reason"), [({"run_id": "another"}, "scored by different models"), ({}, "no record of the model that scored")]
)
def test_lists_of_different_models_are_neither_equal_nor_different(tmp_path: Path, result: dict[str, str], reason: str) -> None:
    def other_model(rows: Rows) -> None:
        rows["step_runs"][0]["result"] = json.dumps(result)
        rows["recommendations"][0]["product"] = "pension_plan"

    comparison = compared(tmp_path, other_model, submission=b"ncodpers,added_products\n1,b a\n2,\n")
    assert comparison.equal
    for name in ("recommendations", "expected_additions", "offers", "offer_exclusions", "submissions"):
        assert table(comparison, name).verdict is Verdict.NOT_COMPARED
    said = [line for line in lines(comparison) if line.startswith("recommendations")]
    assert said == [f"recommendations    not compared: {reason} (2016-06)"]


def test_figures_of_lists_and_of_months_that_one_side_has_not_described_do_not_count(tmp_path: Path) -> None:
    assert compared(tmp_path / "lists", lambda rows: rows["month_profiles"][1].update(rows=3)).equal
    comparison = compared(tmp_path / "none", lambda rows: rows["month_profiles"].clear())
    assert comparison.equal
    assert table(comparison, "month_profiles").verdict is Verdict.NOT_COMPARED


@pytest.mark.parametrize(
    "submission",
    [b"ncodpers,added_products\n1,b a\n2,\n", b"ncodpers,added_products\n2,\n1,a b\n", b"ncodpers,added_products\n1,a b\n"],
)
def test_submissions_differ_by_a_list_an_order_or_a_customer(tmp_path: Path, submission: bytes) -> None:
    assert differing(compared(tmp_path, submission=submission)) == {"submissions"}


def test_a_file_of_another_name_is_no_submission(tmp_path: Path) -> None:
    here, there = write(tmp_path / "here", bank("here")), write(tmp_path / "there", bank("there"))
    for name in ("notes.txt", "2016-06.csv.old", "best.csv"):
        (tmp_path / "there" / "submissions" / name).write_text("ours")
    assert compare_folders(here, there).equal


def test_training_is_told_by_its_figures_and_never_differs(tmp_path: Path) -> None:
    comparison = compared(tmp_path, lambda rows: rows["step_runs"][1].update(result=json.dumps(trained(0.026))))
    (figures,) = comparison.training
    assert (figures.here, figures.there) == (0.025, 0.026)
    assert figures.relative_difference == pytest.approx(0.04)
    assert comparison.equal
    assert list(lines(comparison))[-1] == "training           for 2016-06: MAP@7 0.025000 here, 0.026000 there, 4.00% apart"


def test_a_folder_without_tables_and_the_folder_itself_are_refused(tmp_path: Path) -> None:
    here = write(tmp_path / "here", bank("here"))
    with pytest.raises(InputError, match="nothing there holds no tables"):
        compare_folders(here, Settings.load(data_dir=str(tmp_path / "nothing there")))
    with pytest.raises(InputError, match="is the data folder itself"):
        compare_folders(here, Settings.load(data_dir=f"{tmp_path / 'here'}/"))


def test_a_folder_can_be_compared_with_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = write(tmp_path / "here", bank("here"))
    with s3_server(tmp_path / "s3") as server:
        server.make_bucket("lakes")
        server.reach(monkeypatch)
        monkeypatch.setenv("SANTANDER_STATE_DIR", str(tmp_path / "state"))
        assert compare_folders(here, write("s3a://lakes/same", bank("there", hour=5))).equal
        other = bank("there", hour=5)
        other["customers"][1]["is_active"] = False
        assert differing(compare_folders(write("s3a://lakes/other", other, LISTS[:-3]), here)) == {"customers", "submissions"}
        with pytest.raises(InputError, match="s3a://lakes/nothing holds no tables"):
            compare_folders(here, Settings.load(data_dir="s3a://lakes/nothing"))


def compare_command(*words: object) -> subprocess.CompletedProcess[str]:
    """The command with Java hidden and an engine that no one has, so that starting any would fail."""
    environment = without_settings("JAVA_HOME")
    environment |= {"PATH": "/nowhere", "SANTANDER_MASTER": "spark://127.0.0.1:1"}
    program = Path(sys.executable).with_name("santander")
    return subprocess.run(
        [program, "compare", *map(str, words)], capture_output=True, text=True, env=environment, timeout=120, check=False
    )


def test_the_command_prints_a_line_a_table_and_ends_with_0_1_or_2(tmp_path: Path) -> None:
    write(tmp_path / "here", bank("here"))
    write(tmp_path / "same", bank("there", hour=5))
    other = bank("there", hour=5)
    other["customers"][1]["is_active"] = False
    other["quarantine"][0]["raw"] = "[bold]400[/]"
    write(tmp_path / "other", other)

    same = compare_command(tmp_path / "same", "--data-dir", tmp_path / "here")
    assert same.returncode == 0, same.stderr
    assert [line.split() for line in same.stdout.splitlines()[:13]] == [
        [name, "equal"]
        for name in (
            "customers",
            "quarantine",
            "ingestions",
            "features",
            "additions",
            "online_features",
            "recommendations",
            "expected_additions",
            "month_profiles",
            "offers",
            "offer_exclusions",
            "predictions",
            "submissions",
        )
    ]

    told = compare_command(tmp_path / "other", "--data-dir", tmp_path / "here")
    assert told.returncode == 1
    assert "customers          differs in 1 of 2 months\n  2016-05: is_active differs in 1 row\n" in told.stdout
    assert "customer_id 2: is_active True here, False there" in told.stdout
    assert "raw '400' here, '[bold]400[/]' there" in told.stdout

    as_json = json.loads(compare_command(tmp_path / "other", "--data-dir", tmp_path / "here", "--json").stdout.splitlines()[-1])
    assert as_json["equal"] is False
    assert as_json["tables"]["features"] == {"verdict": "equal", "rows_here": 4, "rows_there": 4, "unequal": []}
    (month,) = as_json["tables"]["customers"]["unequal"]
    assert (month["month"], month["columns"]) == ("2016-05", {"is_active": 1})

    refused = compare_command(tmp_path / "nothing", "--data-dir", tmp_path / "here")
    assert refused.returncode == 2
    remedy = "check its name, or fill it by 'santander run --data-dir FOLDER'"
    assert refused.stderr.splitlines()[-1] == f"error: {tmp_path / 'nothing'} holds no tables: nothing to compare: {remedy}"
