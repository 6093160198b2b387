"""Training a logged run again, from tables that have changed since."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from santander.cli.verbs.reproduce import reproduce as verb
from santander.errors import InputError
from santander.evaluation.resampling import PairedDifference
from santander.forget.forget import forget
from santander.lake.past import as_of
from santander.models.month_weight import MonthWeight
from santander.registry.tracking import open_tracking
from santander.reproduce.logged_run import differences, logged_run
from santander.reproduce.reproduce import is_within_noise, reproduce
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, TABLES
from santander.schema.months import Month
from santander.store.access import open_store
from santander.training.collect import through
from santander.training.labels import labels
from santander.training.plan import FitName
from tests.conftest import Bank
from tests.own_bank import own_copy
from tests.reproduce.conftest import CORRECTED, TRAINED, MovedOn


def registered(moved_on: MovedOn) -> tuple[int, int]:
    client, settings = open_tracking(moved_on.settings), moved_on.settings
    experiment = client.get_experiment_by_name(settings.mlflow.experiment)
    runs = client.search_runs([experiment.experiment_id])
    return len(runs), len(client.search_model_versions(f"name = '{settings.mlflow.registered_model}'"))


def test_a_run_is_reproduced_from_tables_that_have_changed_since_and_nothing_is_written(moved_on: MovedOn) -> None:
    before = [moved_on.lake.version(table) for table in TABLES], registered(moved_on)
    result = reproduce(moved_on.settings, moved_on.lake, moved_on.run)
    assert result.reproduced, result.reason
    assert set(result.fits) == {FitName.JUDGED, FitName.PROMOTED}
    for name, fit in result.fits.items():
        assert fit.logged_fingerprint == moved_on.run.candidate.fits[name].model.fingerprint
        assert fit.identical or not fit.must_be_identical
    assert result.map7 == pytest.approx(moved_on.run.map7, abs=1e-6)
    assert ([moved_on.lake.version(table) for table in TABLES], registered(moved_on)) == before


def test_features_as_stored_are_those_that_the_feature_store_gives(bank: Bank) -> None:
    from santander.reproduce.reproduce import as_stored

    lake, month = bank.lake, Month(2016, 5)
    now = as_of(lake, {table: lake.version(table) or 0 for table in (CUSTOMERS, FEATURES_TABLE)})
    rows = labels(lake.read_months(CUSTOMERS, [month]), lake.read_months(FEATURES_TABLE, [month]))
    # one whose features nobody has, as a customer of a month that was not built
    rows = rows.union(rows.limit(1).selectExpr("customer_id", "DATE '2019-01-28'", "added"))
    order = [("snapshot_date", "ascending"), ("customer_id", "ascending")]
    stored = as_stored(now)(rows).toArrow().sort_by(order)
    retrieved = through(open_store(bank.settings, lake))(rows).toArrow().sort_by(order)
    assert stored.schema == retrieved.schema
    assert stored.num_rows > 1000
    assert stored.equals(retrieved)


@pytest.mark.embedded
def test_flags_flipped_at_the_logged_version_are_not_reproduced(moved_on: MovedOn) -> None:
    now = {table: moved_on.lake.version(table) or 0 for table in moved_on.run.tables}
    result = reproduce(moved_on.settings, moved_on.lake, replace(moved_on.run, tables=now))
    assert not result.reproduced
    assert "another model came out of the fits judged, promoted; MAP@7" in result.reason


@pytest.mark.embedded
def test_a_run_of_workers_is_reproduced_by_a_model_as_good_and_a_run_of_the_driver_by_the_same_one_alone(
    moved_on: MovedOn,
) -> None:
    run = moved_on.run
    nearly = replace(run, recipe=run.recipe.model_copy(update={"settings": {**run.recipe.settings, "eta": 0.5001}}))
    fits = {name: replace(fit, trained_on="spark, 2 workers") for name, fit in run.candidate.fits.items()}
    of_workers = replace(nearly, candidate=replace(run.candidate, fits=fits))
    strict = reproduce(moved_on.settings, moved_on.lake, nearly)
    assert not strict.reproduced
    assert "another model came out" in strict.reason
    lenient = reproduce(moved_on.settings, moved_on.lake, of_workers)
    assert lenient.reproduced
    assert not any(fit.identical for fit in lenient.fits.values())
    assert lenient.reason.startswith("equal within noise (spark, 2 workers then, the driver now): MAP@7 of the judged fit")
    hardly = run.recipe.model_copy(update={"settings": {**run.recipe.settings, "start": "all", "rounds": 1, "eta": 0.001}})
    worse = reproduce(moved_on.settings, moved_on.lake, replace(of_workers, recipe=hardly))
    assert not worse.reproduced
    assert worse.reason.startswith("not equal within noise")


@pytest.mark.embedded
def test_a_figure_that_the_same_model_does_not_reach_is_not_reproduced(moved_on: MovedOn) -> None:
    assert moved_on.run.map7 is not None
    flattered = replace(moved_on.run, map7=moved_on.run.map7 + 0.001)
    result = reproduce(moved_on.settings, moved_on.lake, flattered)
    assert not result.reproduced
    assert "the models are identical, but MAP@7 on 2016-05 is" in result.reason


@pytest.mark.embedded
def test_months_that_the_recipe_would_not_choose_again_are_named_before_anything_is_fitted(moved_on: MovedOn) -> None:
    judged = moved_on.run.candidate.fits[FitName.JUDGED]
    other = replace(judged, weights={**judged.weights, Month(2015, 3): MonthWeight(0.5)})
    candidate = replace(moved_on.run.candidate, fits={**moved_on.run.candidate.fits, FitName.JUDGED: other})
    result = reproduce(moved_on.settings, moved_on.lake, replace(moved_on.run, candidate=candidate))
    assert not result.reproduced
    assert not result.fits
    assert "other months for the fit 'judged'" in result.reason
    assert "2015-03*0.5" in result.reason


@pytest.mark.embedded
def test_what_changed_since_the_run_is_told(moved_on: MovedOn) -> None:
    run = replace(moved_on.run, git_sha="0" * 40, packages={"xgboost": "1.0", "numpy": "1.0"})
    later = moved_on.settings.model_copy(update={"gate": moved_on.settings.gate.model_copy(update={"seed": 7})})
    told = "\n".join(differences(later, run))
    assert "code: trained by 0000" in told
    assert "package xgboost: trained with 1.0, now" in told
    assert f"setting gate.seed: was {moved_on.settings.gate.seed}, is 7" in told


@pytest.mark.embedded
def test_a_version_that_was_vacuumed_or_forgotten_is_named(scored_bank: Bank, tmp_path: Path) -> None:
    settings = own_copy(scored_bank, tmp_path / "data")
    lake, run = type(scored_bank.lake)(settings, scored_bank.lake.session), logged_run(settings, None, TRAINED)
    folder = tmp_path / "data" / "lake" / "customers"
    for file in (folder / "snapshot_date=2015-02-28").glob("*.parquet"):
        file.unlink()  # a month that the run has no use for
    as_of(lake, run.tables, run.candidate.fits[FitName.JUDGED].weights).check(CUSTOMERS)
    for file in (folder / f"snapshot_date={CORRECTED}-28").glob("*.parquet"):
        file.rename(file.with_suffix(".gone"))
    gone = reproduce(settings, lake, run)
    assert not gone.reproduced
    assert f"version {run.tables[CUSTOMERS]} of table customers can no longer be read: 1 of its" in gone.reason
    assert "no erasure is on record since the run" in gone.reason


@pytest.mark.embedded
def test_a_version_that_forget_removed_is_named_with_the_erasure(scored_bank: Bank, tmp_path: Path) -> None:
    settings = own_copy(scored_bank, tmp_path / "data")
    lake, run = type(scored_bank.lake)(settings, scored_bank.lake.session), logged_run(settings, None, TRAINED)
    person = lake.read_months(CUSTOMERS, [CORRECTED]).limit(1).collect()[0]["customer_id"]
    erasure = forget(settings, [person], [])
    gone = reproduce(settings, lake, run)
    assert not gone.reproduced
    assert f"version {run.tables[CUSTOMERS]} of table customers can no longer be read: its log no longer reaches" in gone.reason
    assert "'santander forget' removed it on" in gone.reason
    assert str(erasure.erasure_id) in gone.reason


@pytest.mark.embedded
def test_runs_that_cannot_be_trained_again_are_refused_in_one_line(moved_on: MovedOn, tmp_path: Path) -> None:
    settings = moved_on.settings
    for run_id, version, complaint in (
        ("0" * 32, None, "there is no run 0000"),
        (None, 99, "has no version 99"),
        (None, None, "name a run by its id, or a version"),
        ("a", 1, "name a run by its id, or a version"),
    ):
        with pytest.raises(InputError, match=complaint):
            logged_run(settings, run_id, version)
    assert logged_run(settings, moved_on.run.run_id, None).version == TRAINED
    empty = type(settings).load(data_dir=str(tmp_path / "empty"))
    with pytest.raises(InputError, match="nothing was ever trained here"):
        logged_run(empty, None, 1)
    assert not (tmp_path / "empty").exists()
    app = Typer()
    app.command()(verb)
    said = CliRunner().invoke(app, ["--version", "99", "--data-dir", settings.data_dir])
    assert isinstance(said.exception, InputError)


@pytest.mark.parametrize(
    ("lower", "upper", "equal"),
    [(-0.02, 0.03, True), (0.001, 0.004, True), (-0.0049, -0.001, True), (0.001, 0.006, False), (-0.02, -0.001, False)],
)
def test_within_noise_is_an_interval_that_holds_zero_or_stays_close_to_it(lower: float, upper: float, equal: bool) -> None:
    difference = PairedDifference(0.03, 0.03, 0, 0, (lower + upper) / 2, lower, upper)
    assert is_within_noise(difference, 0.005) is equal
