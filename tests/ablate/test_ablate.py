"""Ablations: what a file of steps says, what a row is compared with, and the table of a small bank."""

import csv
import dataclasses
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from santander.ablate.ablate import ablate
from santander.ablate.ablation import Ablation, plan_table
from santander.ablate.row import AblationRow, csv_of, markdown_of, tables_of
from santander.config.settings import Settings
from santander.errors import InputError
from santander.evaluation.buyers import BuyersOfMonth
from santander.evaluation.judgement import precisions_of
from santander.evaluation.oracle import HiddenMonth, hidden_month
from santander.evaluation.resampling import paired_difference
from santander.models.month_weight import ALIKE
from santander.models.popularity import Popularity, PopularitySettings
from santander.schema.months import Month, month_range
from santander.schema.products import N_PRODUCTS
from santander.store.access import open_store
from santander.training.collect import collect_month, collect_training_set, through
from santander.training.fitting import fit_candidate
from santander.training.plan import FitName
from santander.training.recipe import Recipe
from tests.conftest import Bank
from tests.models.toy_world import BIT, MASK, PENSIONER, STUDENT, feature_rows, toy_training_set

LABELLED = month_range(Month(2015, 2), Month(2016, 5))
MAY, JUNE = Month(2016, 5), Month(2016, 6)
EVERY_FIT = {"rounds": False, "judged": True, "promoted": True}
STEPS: list[dict[str, Any]] = [
    {"name": "plain", "recipe": "popularity", "months": [{"from": 1, "to": 1}]},
    {
        "name": "trees",
        "kind": "xgboost",
        "months": [{"from": 1, "to": 2}],
        "settings": {"columns": ["profile", "lag_1_bits"], "rounds": 5, "max_depth": 3, "eta": 0.3},
    },
    {"name": "+ months held", "settings": {"columns": ["profile", "lag_1_bits", "months_held"], "max_depth": 4}},
    {"name": "searched", "after": "trees", "search_rounds": True, "settings": {"rounds": 9}},
]


@pytest.fixture
def ablations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A conf folder with the recipes that are shipped and ablations of its own."""
    shipped = Path(__file__).parents[2] / "conf" / "base"
    (tmp_path / "base" / "ablations").mkdir(parents=True)
    (tmp_path / "base" / "recipes").symlink_to(shipped / "recipes")
    monkeypatch.setenv("SANTANDER_CONF_DIR", str(tmp_path))
    return tmp_path / "base" / "ablations"


def load(ablations: Path, steps: object) -> Ablation:
    (ablations / "small.yaml").write_text(yaml.safe_dump({"steps": steps}))
    return Ablation.load("small")


# --- the file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "conf" / "base" / "ablations").glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_ablation_that_is_shipped_can_be_read_and_planned(path: Path) -> None:
    table = plan_table(Ablation.load(path.stem), JUNE, [], LABELLED)
    assert [list(fits) for fits in table.fits.values()] == [[variant.name for variant in table.variants]]


def test_the_shipped_ablation_ends_at_the_default_recipe() -> None:
    default = Recipe.load(Settings.load().training.recipe)
    made = [variant.recipe for variant in Ablation.load(default.name).variants()]
    assert any((recipe.fingerprint, recipe.fits.rounds) == (default.fingerprint, default.fits.rounds) for recipe in made)


def test_a_step_changes_the_one_above_it(ablations: Path) -> None:
    plain, trees, held, _ = load(ablations, STEPS).variants()
    assert (plain.after, trees.after, held.after) == (None, "plain", "trees")
    assert plain.recipe.kind == "popularity"
    assert plain.recipe.settings == {"min_group": 500}
    assert held.recipe.months == trees.recipe.months
    assert held.recipe.settings == {**trees.recipe.settings, "columns": ["profile", "lag_1_bits", "months_held"], "max_depth": 4}


def test_a_step_may_follow_one_further_up(ablations: Path) -> None:
    searched = load(ablations, STEPS).variants()[-1]
    assert searched.after == "trees"
    assert searched.recipe.settings["columns"] == ["profile", "lag_1_bits"]
    assert (searched.recipe.settings["rounds"], searched.recipe.fits.rounds) == (9, True)


def test_another_kind_takes_over_no_settings_and_null_takes_one_away(ablations: Path) -> None:
    back = {"name": "back", "kind": "popularity"}
    assert load(ablations, [*STEPS, back]).variants()[-1].recipe.settings == {}
    without = {"name": "without", "after": "plain", "settings": {"min_group": None}}
    assert load(ablations, [*STEPS, without]).variants()[-1].recipe.settings == {}


NO_RECIPE = "step 'trees': the first step has no recipe to begin with"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([STEPS[1]], f"{NO_RECIPE}: give it one: 'recipe: next_products': correct .*/base/ablations/small.yaml$"),
        ([*STEPS, STEPS[2]], "two steps are named '\\+ months held'"),
        ([STEPS[0], {"name": "x", "after": "y"}], "step 'x': 'y', which it follows, is not a step above it"),
        ([{**STEPS[0], "after": "y"}], "'y', which it follows, is not a step above it"),
        ([*STEPS, {"name": "x", "settings": {"depth": 3}}], "step 'x': settings of the kind 'xgboost': depth"),
        ([{"name": "x", "recipe": "none"}], "step 'x': there is no recipe 'none'"),
        ([{"name": "x", "colour": "red"}], "colour"),
        ([], "steps"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line_that_names_the_step(ablations: Path, steps: object, said: str) -> None:
    with pytest.raises(InputError, match=f"ablation small.yaml: .*{said}") as refused:
        load(ablations, steps)
    assert "\n" not in str(refused.value)


def test_an_unknown_ablation_names_those_there_are(ablations: Path) -> None:
    load(ablations, STEPS)
    with pytest.raises(InputError, match="no ablation 'large': there are small"):
        Ablation.load("large")


# --- the fits --------------------------------------------------------------------------------------------------------


def test_the_gate_month_is_predicted_by_the_judged_fit_and_a_hidden_one_by_the_promoted(ablations: Path) -> None:
    table = plan_table(load(ablations, STEPS), None, [JUNE, Month(2015, 12)], LABELLED)
    assert table.judged == [MAY, JUNE, Month(2015, 12)]
    found = {month: [fit.name for fit in fits["searched"].fits] for month, fits in table.fits.items()}
    assert found == {
        MAY: [FitName.ROUNDS, FitName.JUDGED],
        JUNE: [FitName.ROUNDS, FitName.PROMOTED],
        Month(2015, 12): [FitName.ROUNDS, FitName.JUDGED],
    }
    for month, fits in table.fits.items():
        assert all(fitted < month for plan in fits.values() for fitted in plan.months)


def test_a_hidden_month_is_judged_by_the_chances_of_its_customers() -> None:
    model = Popularity.fit(PopularitySettings(min_group=1), toy_training_set())
    rows = feature_rows([STUDENT, PENSIONER])
    chances = np.zeros((2, N_PRODUCTS), np.float32)
    chances[0, BIT["e_account"]], chances[1, BIT["payroll"]], chances[1, BIT["loan"]] = 0.5, 0.25, 0.5
    hidden = HiddenMonth(JUNE, rows, chances)
    ranks = model.rank(rows, model.score(rows)).tolist()
    assert ranks[0][0] == BIT["e_account"]
    assert ranks[1][0] == BIT["payroll"]
    loan = ranks[1].index(BIT["loan"]) + 1 if BIT["loan"] in ranks[1] else np.inf
    assert hidden.precisions(model).tolist() == pytest.approx([0.5, 0.25 + 0.5 / loan])
    assert hidden.oracle == pytest.approx((0.5 + 0.5 + 0.25 / 2) / 2)
    assert hidden.map7(model) <= hidden.oracle


def test_chances_of_other_customers_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "propensity").mkdir()
    features = feature_rows([STUDENT, PENSIONER]).append_column("customer_id", pa.array([1, 2], pa.int64()))
    customers = np.array([2, 1])
    of = lambda wanted: features.filter(pc.field("customer_id").isin(wanted))  # noqa: E731
    assert hidden_month(tmp_path, JUNE, customers, of) is None

    def write(*customers: int) -> None:
        lists = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(len(customers) * N_PRODUCTS, np.float32)), N_PRODUCTS)
        owned = pa.array([MASK["payroll"]] * len(customers), pa.int32())
        table = pa.table({"customer_id": pa.array(customers, pa.int64()), "owned": owned, "propensity": lists})
        pq.write_table(table, tmp_path / "propensity" / "2016-06.parquet")

    write(1, 3)
    assert hidden_month(tmp_path, JUNE, customers, of) is None
    write(2, 1)
    found = hidden_month(tmp_path, JUNE, customers, of)
    assert found is not None
    assert found.rows["customer_id"].to_pylist() == [1, 2]


# --- the table of a bank ---------------------------------------------------------------------------------------------


embedded = pytest.mark.embedded  # Spark collects the same rows (tests/training/test_distributed.py), and slowly


@pytest.fixture(scope="module")
def ablated(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the verb says of the bank, judged on May and June, with the third step as the default recipe."""
    folder = tmp_path_factory.mktemp("ablated")
    for part in ("lake", "raw"):
        (folder / part).symlink_to(Path(bank.settings.data_dir) / part)
    conf = folder / "conf" / "base"
    shutil.copytree(Path(__file__).parents[2] / "conf" / "base", conf)
    (conf / "ablations" / "small.yaml").write_text(yaml.safe_dump({"steps": STEPS}))
    third = {**STEPS[1], **STEPS[2], "settings": {**STEPS[1]["settings"], **STEPS[2]["settings"]}, "fits": EVERY_FIT}
    del third["name"]
    (conf / "recipes" / "the_one.yaml").write_text(yaml.safe_dump(third))
    environment = {"SANTANDER_CONF_DIR": str(conf.parent), "SANTANDER_TRAINING__RECIPE": "the_one"}
    command = [str(Path(sys.executable).with_name("santander")), "ablate", "small", "--also", "2016-06", "--json"]
    done = subprocess.run(
        [*command, "--data-dir", str(folder)],
        capture_output=True, text=True, timeout=200, check=False, env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "folder": folder}


@pytest.fixture(scope="module")
def rows(ablated: dict[str, Any]) -> list[AblationRow]:
    def row(figures: dict[str, Any]) -> AblationRow:
        own = {field.name: figures[field.name] for field in dataclasses.fields(AblationRow)}
        months = tuple(Month.parse(month) for month in figures["fit_months"])
        return AblationRow(**{**own, "month": Month.parse(figures["month"]), "fit_months": months})

    return [row(figures) for figures in ablated["rows"]]


@embedded
def test_rows_stand_by_month_in_the_order_of_the_steps(rows: list[AblationRow]) -> None:
    names = [str(step["name"]) for step in STEPS]
    assert [(row.month, row.step) for row in rows] == [(month, name) for month in (MAY, JUNE) for name in names]
    assert [row.is_recipe for row in rows[:4]] == [None, None, "the_one", None]
    assert [row.columns for row in rows[:4]] == [None, 42, 66, 42]
    assert [row.rounds for row in rows[:3]] == [None, 5, 5]
    assert rows[1].fit_months == (Month(2016, 3), Month(2016, 4))
    assert rows[5].fit_months == (Month(2016, 4), MAY)


@embedded
def test_map7_and_gain_are_those_of_all_customers(bank: Bank, rows: list[AblationRow], tmp_path: Path) -> None:
    settings = Settings.load(data_dir=bank.settings.data_dir, state_dir=str(tmp_path))
    retrieve = through(open_store(settings, bank.lake))
    judged = collect_month(bank.lake, retrieve, MAY)
    plan = plan_table(Ablation(name="small", steps=STEPS), None, [], LABELLED)  # type: ignore[arg-type]
    training = collect_training_set(bank.lake, retrieve, dict.fromkeys(plan.months, ALIKE))
    before, after = (
        precisions_of(fit_candidate(variant.recipe, plan.fits[MAY][variant.name], training).scoring.model, judged)
        for variant in plan.variants[1:3]
    )
    compared = paired_difference(before, after, settings.gate.resamples, settings.gate.seed, judged.customers)
    assert (rows[1].map7, rows[2].map7) == (pytest.approx(compared.champion), pytest.approx(compared.challenger))
    assert rows[2].gain == pytest.approx(compared.relative)
    assert (rows[2].gain_lower, rows[2].gain_upper) == (
        pytest.approx(compared.relative_lower),
        pytest.approx(compared.relative_upper),
    )
    assert rows[2].ceiling == judged.buyers / judged.customers


@embedded
def test_a_row_is_compared_with_the_one_it_follows(rows: list[AblationRow]) -> None:
    for month in (rows[:4], rows[4:]):
        assert month[0].gain is None
        assert month[3].gain == pytest.approx(month[3].map7 / month[1].map7 - 1)


@embedded
def test_a_hidden_month_has_an_oracle_and_no_ceiling(rows: list[AblationRow]) -> None:
    for row in rows[4:]:
        assert (row.ceiling, row.share_of_ceiling, row.gain_lower) == (None, None, None)
        assert row.share_of_oracle is not None
        assert 0 < row.share_of_oracle < 1


@embedded
def test_each_row_is_a_run_below_one_for_the_table_and_nothing_is_registered(
    ablated: dict[str, Any], rows: list[AblationRow]
) -> None:
    client = mlflow.MlflowClient(*[f"sqlite:///{ablated['folder'] / 'state' / 'mlflow.db'}"] * 2)
    parent = client.get_run(ablated["run_id"])
    below = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    assert parent.info.status == "FINISHED"
    assert {(run.data.params["judged_on"], run.data.params["step"]) for run in below} == {(str(r.month), r.step) for r in rows}
    assert sorted(run.data.metrics["map7"] for run in below) == pytest.approx(sorted(row.map7 for row in rows))
    assert not client.search_registered_models()


@embedded
def test_tables_say_the_same_in_every_form(ablated: dict[str, Any], rows: list[AblationRow]) -> None:
    markdown, as_csv = (Path(file) for file in ablated["files"])
    assert markdown == ablated["folder"] / "reports" / "ablation-small-2016-05.md"
    assert markdown.read_text() == markdown_of(rows)
    assert as_csv.read_text() == csv_of(rows)
    written = list(csv.DictReader(io.StringIO(as_csv.read_text())))
    assert [float(line["map7"]) for line in written] == [row.map7 for row in rows]
    lines = markdown_of(rows).splitlines()
    assert sum(line.startswith("| ") for line in lines) == len(rows) + 2
    assert sum(line.startswith("| 3 | + months held = recipe the_one | 2 |") for line in lines) == 2
    assert sum(line.startswith("| 4 | searched | 2 |") for line in lines) == 2
    assert [table.row_count for table in tables_of(rows)] == [4, 4]
    assert [len(table.columns) for table in tables_of(rows)] == [11, 9]  # a hidden month has no ceiling and no bounds


@embedded
def test_a_month_that_nobody_can_judge_is_refused_before_anything_is_fitted(bank: Bank, tmp_path: Path) -> None:
    settings = Settings.load(data_dir=str(tmp_path))  # no landing files, so no chances beside them
    plan = plan_table(Ablation(name="small", steps=STEPS), None, [JUNE], LABELLED)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="2016-06 cannot be judged: its additions are not known"):
        ablate(settings, bank.lake, through(open_store(settings, bank.lake)), plan)


def test_map7_is_the_mean_of_the_precisions_over_everyone() -> None:
    training = toy_training_set()
    rows = training.buyers.slice(0, 4)
    judged = BuyersOfMonth(MAY, lambda do: do(rows), buyers=4, customers=10)
    model = Popularity.fit(PopularitySettings(min_group=1), training)
    assert judged.map7(model) == pytest.approx(judged.precisions(model).sum() / 10)
