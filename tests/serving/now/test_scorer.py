"""Scored now is scored as the batch did: the same functions on what callers send."""

import csv
import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.ledger.published import published as named
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, PARTITION, RECOMMENDATIONS, Table
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES
from santander.serving.now.scorer import Result, Scorer
from santander.serving.snapshot.folders import local_folder
from santander.serving.snapshot.reading import Snapshot, open_snapshot
from tests.banks import TARGET

Lists = dict[int, list[tuple[str, float | None, float | None]]]
PROFILE = [column.name for column in PROFILE_COLUMNS]
NOTHING_HELD = [0] * 24
NEWCOMER = {"age": 31, "sex": "H", "segment": "02 - PARTICULARES", "province_code": 28, "is_active": True, "history": {}}


@pytest.fixture(scope="module")
def snapshot(published: Settings) -> Snapshot:
    current = named(published.data)
    assert current is not None
    return open_snapshot(local_folder(published, current))


@pytest.fixture(scope="module")
def scorer(published: Settings, snapshot: Snapshot) -> Scorer:
    made = Scorer(snapshot, published.ingest.null_spellings)
    made.warm_up()
    return made


def rows_of(settings: Settings, table: Table, month: Month = TARGET) -> list[dict[str, Any]]:
    rows = Lake(settings).delta(table).to_pyarrow_table(filters=[(PARTITION, "=", month.snapshot)])
    return rows.sort_by(table.key[0]).to_pylist()


@pytest.fixture(scope="module")
def histories(published: Settings) -> dict[int, dict[str, list[int]]]:
    """For each customer the flags of the five months before that have any."""
    found: dict[int, dict[str, list[int]]] = {}
    for month in (TARGET - lag for lag in range(1, 6)):
        for row in rows_of(published, CUSTOMERS, month):
            if row["holdings"] is not None:
                found.setdefault(row["customer_id"], {})[str(month)] = [int(row[name] or False) for name in PRODUCT_NAMES]
    return found


@pytest.fixture(scope="module")
def records(published: Settings, snapshot: Snapshot, histories: dict[int, dict[str, list[int]]]) -> list[dict[str, object]]:
    """A record of each customer of the snapshot, as JSON has it: the row of ``customers`` and the history."""
    rows = [row for row in rows_of(published, CUSTOMERS) if snapshot.row(row["customer_id"]) is not None]
    made = [{name: row[name] for name in PROFILE} | {"history": histories.get(row["customer_id"], {})} for row in rows]
    return json.loads(json.dumps(made, default=str))


@pytest.fixture(scope="module")
def meant(published: Settings) -> Lists:
    """The list of each customer as batch scoring wrote it."""
    found: Lists = {}
    for row in sorted(rows_of(published, RECOMMENDATIONS), key=lambda row: row["rank"]):
        found.setdefault(row["customer_id"], []).append((row["product"], row["score"], row["chance"]))
    return found


def listed(result: Result) -> list[tuple[str, float | None, float | None]]:
    numbers = ([None if np.isnan(x) else float(x) for x in each] for each in (result.scores, result.chances))
    return list(zip([PRODUCT_NAMES[bit] for bit in result.products], *numbers, strict=True))


def test_every_customer_has_the_list_that_batch_scoring_wrote(
    scorer: Scorer, records: Sequence[Mapping[str, Any]], meant: Lists
) -> None:
    assert len(records) > 2_500
    for record, result in zip(records, scorer.score(records), strict=True):
        assert (list(result.refused), list(result.missing_features), result.features) == ([], [], None)
        assert (result.customer_id, listed(result)) == (record["customer_id"], meant.get(record["customer_id"], []))


def test_lines_of_the_landing_file_give_the_same_lists(
    published: Settings, scorer: Scorer, histories: Mapping[int, Any], meant: Lists, snapshot: Snapshot
) -> None:
    with (published.data / "raw" / "test_ver2.csv").open(encoding="utf-8", newline="") as file:
        lines = [row for row in csv.DictReader(file) if snapshot.row(int(row["ncodpers"].strip())) is not None][:1_000]
    ids = [int(line["ncodpers"].strip()) for line in lines]
    results = scorer.score([line | {"history": histories.get(each, {})} for line, each in zip(lines, ids, strict=True)])
    assert [listed(result) for result in results] == [meant.get(each, []) for each in ids]


def test_the_history_of_a_known_customer_may_be_left_out(
    scorer: Scorer, records: Sequence[Mapping[str, Any]], meant: Lists
) -> None:
    without = [{name: value for name, value in record.items() if name != "history"} for record in records[:300]]
    assert [listed(each) for each in scorer.score(without)] == [meant.get(each["customer_id"], []) for each in without]


def test_a_history_that_is_given_counts_in_place_of_the_one_that_is_known(
    scorer: Scorer, records: Sequence[Mapping[str, Any]]
) -> None:
    record = next(each for each in records if sum(each["history"].get("2016-05", ())) >= 2)
    held = {PRODUCT_NAMES[bit] for bit, flag in enumerate(record["history"]["2016-05"]) if flag}
    everything = dict.fromkeys(record["history"], [1] * 24)
    known, new, full = scorer.score([record, record | {"history": {}}, record | {"history": everything}], with_features=True)
    assert not held & {product for product, _, _ in listed(known)}
    assert json.loads(new.features)["owned"] == 0
    assert new.missing_features == ()
    assert len(new.products) == 7
    assert (full.scored, len(full.products)) == (True, 0)


def test_the_features_used_are_those_of_the_table(
    published: Settings, scorer: Scorer, records: Sequence[Mapping[str, Any]]
) -> None:
    built = {row["customer_id"]: row for row in rows_of(published, FEATURES_TABLE)}
    for record, result in zip(records[:300], scorer.score(records[:300], with_features=True), strict=True):
        used = json.loads(result.features)
        assert {"owned", "holdings_lag_5", "was_active", "household_income"} <= used.keys()
        assert used == {name: built[record["customer_id"]][name] for name in used}


def test_what_nobody_tells_is_named(scorer: Scorer, snapshot: Snapshot) -> None:
    known = {"customer_id": int(snapshot.ids[0])}
    stranger = {"customer_id": int(snapshot.ids[-1]) + 1, "history": {"2016-05": NOTHING_HELD}}
    of_known, of_stranger, of_newcomer, of_nobody = scorer.score([known, stranger, NEWCOMER, {}])
    assert of_known.missing_features == ()
    last_month = {"relation_type_last", "was_active"}
    assert set(of_stranger.missing_features) == set(of_newcomer.missing_features) == last_month
    assert last_month | {"holdings_lag_1", "owned", "additions"} <= set(of_nobody.missing_features)
    assert all(len(each.products) == 7 and not each.refused for each in (of_stranger, of_newcomer, of_nobody))


def test_of_a_customer_who_is_withheld_neither_a_list_nor_a_feature_is_told(
    scorer: Scorer, records: Sequence[Mapping[str, Any]]
) -> None:
    one, other = records[:2]
    results = scorer.score([one, other], with_features=True, withheld=lambda each: each == one["customer_id"])
    assert [each.rule for each in results[0].refused] == ["not_served"]
    assert (len(results[0].products), results[0].features, results[0].missing_features, results[0].scored) == (0, None, (), False)
    assert listed(results[1]) == listed(scorer.score([other])[0])


def test_what_callers_do_wrong_harms_nobody_else(scorer: Scorer, records: Sequence[Mapping[str, Any]], meant: Lists) -> None:
    good = records[7]
    wrong: list[object] = [
        None, [], 3, {"age": {"a": []}}, {"history": 5}, {"history": {"2016-05": [9]}}, {"customer_id": "x"}, {"a" * 10_000: 1},
        {"customer_id": 10**400}, {"household_income": float("nan")}, {"segment": "\ud800"}, {"snapshot_date": "2016-05-28"},
        {"province_code": 99}, {"channel": "ZZZ", "country": "NA"}, dict.fromkeys(PROFILE, "NA"),
    ]  # fmt: skip
    results = scorer.score([good, *wrong, good], with_features=True)
    assert [result.position for result in results] == list(range(len(wrong) + 2))
    assert listed(results[0]) == listed(results[-1]) == meant[good["customer_id"]]
    assert all(result.scored == bool(len(result.products)) for result in results)
    json.dumps([[each.refused, each.missing_features, each.features] for each in results])
    assert scorer.score([]) == []


def test_a_record_has_the_same_list_alone_among_others_and_from_any_thread(
    scorer: Scorer, records: Sequence[Mapping[str, Any]]
) -> None:
    some = records[:40]
    alone = [listed(scorer.score([record])[0]) for record in some]
    assert [listed(each) for each in scorer.score(some)] == alone
    found: list[bool] = []

    def ask() -> None:
        found.append(all([listed(each) for each in scorer.score(some)] == alone for _ in range(5)))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


def test_scoring_imports_no_engine_and_no_frames(snapshot: Snapshot) -> None:
    code = (
        "import sys; from pathlib import Path; from santander.serving.now.starting import import_lean; import_lean(); "
        "from santander.serving.now.gathering import Gathering; "
        "from santander.serving.now.scorer import Scorer; from santander.serving.snapshot.reading import open_snapshot; "
        "scorer = Scorer(open_snapshot(Path(sys.argv[1]))); scorer.warm_up(); "
        "print(sorted({'pyspark', 'pysail', 'pandas', 'sklearn', 'mlflow', 'feast', 'deltalake'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(snapshot.folder)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
    assert Path(snapshot.model_folder, "model", "kind.json").is_file()
