"""What a registered version carries, and that it loads and serves on its own."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.registry.champion import version_named
from santander.registry.promotion import register_candidate
from santander.registry.tracking import open_tracking
from santander.registry.versions import load_version
from santander.schema.features import FEATURE_NAMES
from santander.schema.months import Month
from santander.training.plan import FitName
from santander.training.train import TrainReport
from tests.models.toy_world import feature_rows
from tests.registry.conftest import Named
from tests.registry.two_holders import SAVER, WORKER, recipe, report_for

MAY = Month(2016, 5)

LOAD_ALONE = """
import json, sys
from importlib.abc import MetaPathFinder

class Forbidden(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"pyspark", "pysail", "feast", "deltalake", "typer", "rich", "pydantic_settings"}:
            raise ImportError(f"{name} is not a requirement of the model")

sys.meta_path.insert(0, Forbidden())
sys.path = [place for place in sys.path if place not in ("", sys.argv[3])]
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
import santander
rows = pd.read_json(sys.argv[2], dtype=float)
print(json.dumps({"code": santander.__file__, "products": model.predict(rows)["products"].tolist()}))
"""


@pytest.fixture(scope="module")
def report() -> TrainReport:
    return report_for(MAY, recipe())


@pytest.fixture(scope="module")
def settings(named: Named, report: TrainReport) -> Settings:
    settings = named("carried")
    register_candidate(settings, Lake(settings), report)
    return settings


def run_of(settings: Settings, number: int) -> mlflow.entities.Run:
    return open_tracking(settings).get_run(load_version(settings, number).run_id)


def test_a_loaded_version_scores_as_the_fits_did(settings: Settings, report: TrainReport) -> None:
    rows = feature_rows([SAVER, WORKER])
    loaded = load_version(settings, 2).candidate
    for name in (FitName.JUDGED, FitName.PROMOTED):
        fitted = report.candidate.fits[name]
        np.testing.assert_array_equal(loaded.fits[name].model.score(rows), fitted.model.score(rows))
        np.testing.assert_array_equal(loaded.fits[name].baseline.score(rows), fitted.baseline.score(rows))
        assert loaded.fits[name].weights == fitted.weights
    assert loaded.recipe == report.candidate.recipe
    assert loaded.target == MAY


def test_a_run_says_what_it_was_made_from(settings: Settings) -> None:
    run = run_of(settings, 2)
    assert run.data.params["recipe"] == "small_xgboost"
    assert run.data.params["settings.max_depth"] == "2"
    assert run.data.params["months.promoted"] == "2016-03 2016-04"
    assert run.data.tags["feature_service"] == "next_products_v1"
    assert run.data.tags["delta.customers"] == "None"
    assert run.data.tags["git_sha"]


def test_a_run_names_the_versions_that_training_began_to_read(named: Named, report: TrainReport) -> None:
    settings = named("read_at")
    read_at = {"customers": 7, "features": 9}
    register_candidate(settings, Lake(settings), replace(report, versions=read_at), promote=False)
    assert {run_of(settings, number).data.tags["delta.features"] for number in (1, 2)} == {"9"}


def test_a_run_has_the_figures(settings: Settings, report: TrainReport) -> None:
    metrics = run_of(settings, 2).data.metrics
    assert report.judgement is not None
    assert metrics["map7"] == report.judgement.evaluation.map7 > metrics["baseline"] > 0
    assert metrics["ceiling"] == 70 / 400
    assert {"share_of_ceiling", "share_of_ceiling_lost/securities", "share_of_ceiling/individuals", "seconds_judged"} <= set(
        metrics
    )


def test_the_baselines_run_has_its_own_figures(settings: Settings, report: TrainReport) -> None:
    assert report.judgement is not None
    assert run_of(settings, 1).data.metrics["map7"] == report.judgement.evaluation.baseline


def test_plots_and_tables_lie_beside_the_figures(settings: Settings) -> None:
    client, run_id = open_tracking(settings), load_version(settings, 2).run_id
    names = {item.path for folder in ("", "plots") for item in client.list_artifacts(run_id, folder or None)}
    plots = {f"plots/{name}.png" for name in ("importance", "recall_by_product", "calibration")}
    assert plots | {"settings.json", "recipe.json", "evaluation.json"} <= names


def test_a_version_records_fit_and_validation_months(settings: Settings) -> None:
    version = open_tracking(settings).get_model_version("carried", "2")
    assert version.tags["fit_months.judged"] == "2016-02 2016-03"
    assert version.tags["fit_months.promoted"] == "2016-03 2016-04"
    assert version.tags["validation_months"] == "none"
    assert version.tags["trained_on"] == "the driver"


def test_the_model_has_a_signature_and_an_example_it_can_serve(settings: Settings) -> None:
    model = mlflow.pyfunc.load_model(_uri(settings, 2))
    read = load_version(settings, 2).model.feature_names
    assert 0 < len(read) < len(FEATURE_NAMES)
    assert model.metadata.signature.inputs.input_names() == list(read)
    example = pd.read_json(Path(_folder(settings, 2)) / "input_example.json", orient="split").astype(float)
    assert list(example.columns) == list(read)
    answer = model.predict(example)
    assert answer["products"].map(len).tolist() == [7, 7, 7]


def test_the_model_takes_features_in_the_types_that_frames_have_them_in(settings: Settings) -> None:
    model = mlflow.pyfunc.load_model(_uri(settings, 2))
    rows = feature_rows([SAVER, WORKER, {"age": None, "is_active": None, "holdings_lag_1": None}])
    doubles = rows.to_pandas().astype(float)
    wanted = model.predict(doubles)
    as_arrow_gives = rows.to_pandas()
    assert as_arrow_gives["is_active"].dtype == object, "flags with nulls among them"
    more = as_arrow_gives.assign(customer_id=[1, 2, 3], event_timestamp=pd.Timestamp("2016-05-28", tz="UTC"))
    for frame in (as_arrow_gives, as_arrow_gives.convert_dtypes(), more):
        pd.testing.assert_frame_equal(model.predict(frame), wanted)
    unknown = doubles.assign(age=pd.Series([None] * 3, dtype=object))
    pd.testing.assert_frame_equal(model.predict(unknown), model.predict(doubles.assign(age=float("nan"))))
    with pytest.raises(InputError, match="feature is_active must be numbers or true and false, and holds 'S'"):
        model.predict(as_arrow_gives.assign(is_active="S"))


def test_nothing_in_the_model_is_pickled(settings: Settings) -> None:
    files = [path for path in Path(_folder(settings, 2)).rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".ubj", ".py", ".txt", ".yaml", ""}
    assert "python_model.pkl" not in {path.name for path in files}
    assert "santander/engine/session.py" not in {str(path) for path in files}


def test_the_model_serves_in_a_process_without_the_engine_and_the_store(settings: Settings, tmp_path: Path) -> None:
    rows = feature_rows([SAVER, WORKER]).to_pandas().astype(float)
    rows.to_json(tmp_path / "rows.json")
    repository = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", LOAD_ALONE, _folder(settings, 2), str(tmp_path / "rows.json"), repository]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert [products[0] for products in answer["products"]] == ["securities", "credit_card"]
    assert answer["code"].startswith(_folder(settings, 2))


def test_versions_are_found_by_number_and_alias(settings: Settings) -> None:
    assert version_named(settings, None, None).number == 2
    assert version_named(settings, 1, None).number == 1
    assert version_named(settings, None, "challenger").number == 2
    with pytest.raises(InputError, match="'carried' has no version 9"):
        version_named(settings, 9, None)
    with pytest.raises(InputError, match="no version of 'carried' has the alias 'shadow'"):
        version_named(settings, None, "shadow")
    with pytest.raises(InputError, match="not both"):
        version_named(settings, 1, "champion")


def _uri(settings: Settings, number: int) -> str:
    open_tracking(settings)
    return f"models:/{settings.mlflow.registered_model}/{number}"


def _folder(settings: Settings, number: int) -> str:
    return mlflow.artifacts.download_artifacts(_uri(settings, number)).rstrip("/")
