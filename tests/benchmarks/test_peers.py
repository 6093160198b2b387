"""The peers of ``make bench`` do the same work as we do: on damaged rows, in every step, to the last value."""

import importlib
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bank_files import RAW, bank
from checking import difference
from ours import COMMON

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.models.boosted_trees import BoostedTrees, BoostedTreesSettings
from santander.models.month_weight import MonthWeight
from santander.pipeline.steps import Steps
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month
from santander.scoring.batch import Scoring, score_month
from santander.training.collect import collect_training_set, through

PEERS = ["polars_lazy", "duckdb_sql", "pandas_script"]
MONTH = Month(2016, 6)
FIT_MONTHS = [Month(2015, 6), Month(2016, 4), Month(2016, 5)]

pytestmark = pytest.mark.embedded
pytest.importorskip("polars", reason="the peers come with the extra 'bench'")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bank(tmp_path_factory.mktemp("banks"), size=0.0015, dirty_share=0.006)


@pytest.fixture(scope="module")
def ours(raw: Path, tmp_path_factory: pytest.TempPathFactory, session) -> Path:
    """Our tables of the damaged bank, with a model and its lists."""
    data = tmp_path_factory.mktemp("ours")
    steps = Steps(Settings.load(data_dir=str(data)), session)
    lake: Lake = steps.lake
    steps.ingest([raw / name for name in RAW])
    steps.build_features(lake.months(CUSTOMERS), anyway=True)
    training = collect_training_set(lake, through(steps.store), dict.fromkeys(FIT_MONTHS, MonthWeight(1.0)))
    pq.write_table(training.buyers, data / "training_set.parquet")
    model = BoostedTrees.fit(BoostedTreesSettings(**COMMON | {"rounds": 5, "min_additions": 3}), training)
    (data / "model").mkdir()
    model.save(data / "model")
    score_month(lake, steps.store, Scoring(model, 1, MONTH))
    return data


@pytest.fixture(scope="module", params=PEERS)
def theirs(request: pytest.FixtureRequest, raw: Path, ours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of one peer."""
    peer, work = request.param, tmp_path_factory.mktemp(request.param)
    steps = {name: importlib.import_module(f"peers.{peer}.{name}") for name in ("ingest", "features", "training_set", "scoring")}
    customers, features = work / "customers", work / "features"
    steps["ingest"].ingest(raw, work)
    steps["features"].features(customers, features)
    steps["features"].features(customers, work / "month", [str(MONTH)])
    steps["training_set"].training_set(customers, features, list(map(str, FIT_MONTHS)), work / "training_set.parquet")
    steps["scoring"].scoring(features, str(MONTH), ours / "model", work / "recommendations.parquet")
    return work


@pytest.mark.parametrize("step", ["ingest", "features", "month", "training_set", "scoring"])
def test_a_peer_makes_what_we_make(step: str, ours: Path, theirs: Path) -> None:
    assert difference(step, ours, theirs) is None


def test_the_bank_has_something_to_refuse(theirs: Path) -> None:
    quarantine = pq.read_table(theirs / "quarantine.parquet")
    reasons = set(quarantine["reason"].to_pylist())
    assert {"duplicate_key", "bad_product_flag", "bad_customer_id", "unreadable", "out_of_range"} <= reasons


@pytest.mark.parametrize(
    ("step", "file", "column"),
    [
        ("ingest", "customers/snapshot_date=2015-03-28", "holdings"),
        ("features", "features/snapshot_date=2016-01-28", "months_since_added_bit_1"),
        ("training_set", "training_set.parquet", "added"),
        ("scoring", "recommendations.parquet", "rank"),
    ],
)
def test_one_wrong_value_shows(step: str, file: str, column: str, ours: Path, theirs: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(theirs, tmp_path / "broken")
    place = broken / file
    _spoil(place if place.is_file() else max(place.glob("*.parquet"), key=lambda each: each.stat().st_size), column)
    told = difference(step, ours, broken)
    assert told is not None
    assert f"{column} is " in told


def _spoil(file: Path, column: str) -> None:
    table = pq.ParquetFile(file).read()
    values = table[column].to_pylist()
    values[0] = (values[0] or 0) ^ 1
    where = table.schema.get_field_index(column)
    pq.write_table(table.set_column(where, column, pa.array(values, table.schema.field(where).type)), file)
