"""The snapshot of a month says what the tables say, for every customer."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.ledger.published import published as named
from santander.schema.catalogue import FEATURES_TABLE, OFFERS, PARTITION, RECOMMENDATIONS, Table
from santander.schema.features import FEATURES
from santander.schema.products import PRODUCT_NAMES
from santander.serving.snapshot.folders import local_folder
from santander.serving.snapshot.reading import NO_PRODUCT, Lists, Snapshot, open_snapshot
from santander.suppression.objections import objectors
from tests.banks import TARGET, WHO_OBJECT


@pytest.fixture(scope="module")
def snapshot(published: Settings) -> Snapshot:
    current = named(published.data)
    assert current is not None
    opened = open_snapshot(local_folder(published, current))
    assert opened.digest == current.manifest
    return opened


@pytest.fixture(scope="module")
def lake(published: Settings) -> Lake:
    return Lake(published)


def rows_of(lake: Lake, table: Table) -> list[dict[str, Any]]:
    return lake.delta(table).to_pyarrow_table(filters=[(PARTITION, "=", TARGET.snapshot)]).to_pylist()


def lists_of(snapshot: Snapshot, lists: Lists) -> dict[tuple[int, int], tuple[Any, ...]]:
    """By customer and rank: product, score, chance, reasons."""
    rows, places = np.nonzero(lists.products != NO_PRODUCT)
    return {
        (int(snapshot.ids[row]), place + 1): (
            PRODUCT_NAMES[lists.products[row, place]],
            float(lists.scores[row, place]),
            float(lists.chances[row, place]),
            [snapshot.reasons[code] for code in lists.reasons[row, place] if code],
        )
        for row, place in zip(rows.tolist(), places.tolist(), strict=True)
    }


def test_every_customer_of_the_month_is_there_but_who_objects(snapshot: Snapshot, lake: Lake) -> None:
    everyone = {row["customer_id"] for row in rows_of(lake, FEATURES_TABLE)}
    objecting = objectors(lake.settings, lake).among(everyone)
    assert len(objecting) == WHO_OBJECT
    assert set(snapshot.ids.tolist()) == everyone - objecting
    assert (np.diff(snapshot.ids) > 0).all()
    assert [snapshot.row(each) for each in snapshot.ids[:5].tolist()] == [0, 1, 2, 3, 4]
    assert all(snapshot.row(each) is None for each in (*objecting, 0, 2**70, -1))


def test_rows_of_many_are_the_rows_of_each(snapshot: Snapshot) -> None:
    ids = snapshot.ids.tolist()
    asked = [ids[3], 0, ids[-1], ids[0], ids[3], ids[0] - 1, 10**18 - 1]
    assert snapshot.rows(asked) == [snapshot.row(each) for each in asked] == [3, None, len(ids) - 1, 0, 3, None, None]
    assert snapshot.rows([]) == []


@pytest.mark.parametrize("name", ["recommendations", "offers"])
def test_a_stored_list_has_the_bytes_of_the_arrays(snapshot: Snapshot, name: str) -> None:
    lists: Lists = getattr(snapshot, name)
    for row in range(len(snapshot.ids)):
        stored = lists.at(row)
        assert all(getattr(stored, part) == getattr(lists, part)[row].tobytes() for part in stored._fields)


@pytest.mark.parametrize("fields", [("scores", "products"), ("scores", "chances", "products"), ("scores", "products", "reasons")])
def test_of_lists_without_chances_or_reasons_none_are_stored(fields: tuple[str, ...]) -> None:
    types = {"scores": ("<f4", 7), "chances": ("<f4", 7), "products": ("u1", 7), "reasons": ("u1", (7, 2))}
    records = np.zeros(3, np.dtype([(name, *types[name]) for name in fields], align=True))
    for name in fields:
        records[name] = np.arange(records[name].size).reshape(records[name].shape)
    lists = Lists(records, 2)
    for row in range(3):
        stored = lists.at(row)
        assert all(getattr(stored, part) == getattr(lists, part)[row].tobytes() for part in stored._fields)


def test_recommendations_are_those_of_the_table(snapshot: Snapshot, lake: Lake) -> None:
    found = lists_of(snapshot, snapshot.recommendations)
    objecting = objectors(lake.settings, lake).among({row["customer_id"] for row in rows_of(lake, FEATURES_TABLE)})
    meant = [row for row in rows_of(lake, RECOMMENDATIONS) if row["customer_id"] not in objecting]
    assert len(found) == len(meant)
    for row in meant:
        product, score, chance, _ = found[row["customer_id"], row["rank"]]
        assert product == row["product"]
        assert np.array_equal(
            [score, chance], [np.nan if row[x] is None else row[x] for x in ("score", "chance")], equal_nan=True
        )


def test_offers_are_those_of_the_table_with_their_reasons(snapshot: Snapshot, lake: Lake) -> None:
    assert snapshot.offers is not None
    found, meant = lists_of(snapshot, snapshot.offers), rows_of(lake, OFFERS)
    assert len(found) == len(meant)
    assert any(row["reasons"] for row in meant)
    for row in meant:
        product, _, chance, reasons = found[row["customer_id"], row["rank"]]
        assert (product, chance, reasons) == (row["product"], row["chance"], row["reasons"])


def test_a_product_has_one_score_and_the_same_reasons_in_both_lists(snapshot: Snapshot) -> None:
    assert snapshot.offers is not None
    recommended = lists_of(snapshot, snapshot.recommendations)
    scores = {(customer, product): score for (customer, _), (product, score, _, _) in recommended.items()}
    told = {(customer, product): reasons for (customer, _), (product, _, _, reasons) in recommended.items()}
    offered = lists_of(snapshot, snapshot.offers)
    assert any((customer, product) not in scores for (customer, _), (product, *_) in offered.items())
    for (customer, _), (product, score, _, reasons) in offered.items():
        assert np.array_equal(score, scores.get((customer, product), np.nan), equal_nan=True)
        assert reasons == told.get((customer, product), reasons)


def test_packed_features_are_those_that_batch_scoring_reads(snapshot: Snapshot, lake: Lake) -> None:
    unpacked = snapshot.layout.unpack([row.tobytes() for row in snapshot.features])
    columns = [feature.name for feature in FEATURES]
    rows = lake.delta(FEATURES_TABLE).to_pyarrow_table(filters=[(PARTITION, "=", TARGET.snapshot)]).sort_by("customer_id")
    rows = rows.filter(pa.array(np.isin(rows["customer_id"].to_numpy(), snapshot.ids)))
    assert unpacked.select(columns).equals(rows.select(columns).cast(unpacked.select(columns).schema))
    assert set(unpacked[PARTITION].to_pylist()) == {TARGET.snapshot}


def test_what_is_said_of_the_snapshot(snapshot: Snapshot, lake: Lake) -> None:
    assert (snapshot.month, snapshot.as_of) == (TARGET, TARGET.snapshot)
    assert {row["model_version"] for row in rows_of(lake, RECOMMENDATIONS)} == {snapshot.version}
    assert sorted(snapshot.popularity) == list(range(24))
    assert snapshot.products[18]["name_es"] == "tarjeta de crédito"
    assert (snapshot.model_folder / "model" / "kind.json").is_file()
    assert (snapshot.model_folder / "chances" / "chances.json").is_file()
    assert snapshot.incomes.shape == (53 * 16,)
    assert snapshot.entity_features == {}
    assert snapshot.manifest.tables["recommendations"] == lake.version(RECOMMENDATIONS)


_IMPORT = """
import sys
from santander.serving.snapshot import publish, reading
print(sorted({name.partition(".")[0] for name in sys.modules} & {"pyspark", "pysail", "mlflow", "feast", "pandas"}))
"""


def test_serving_imports_no_engine() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert done.stdout.strip() == "[]"
