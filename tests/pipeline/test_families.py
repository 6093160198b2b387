"""A family that a user added, from its recipe to the lists: trained, judged beside one without it, scored, out of date."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from pyspark.sql import SparkSession

from santander.config.family_files import own_family
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.registry.contest import assess
from santander.registry.decisions import decisions
from santander.registry.orders import set_alias
from santander.registry.tracking import open_tracking
from santander.registry.verdict import CARD
from santander.registry.versions import CHAMPION, families_of, load_version
from santander.reproduce.logged_run import logged_run
from santander.reproduce.reproduce import reproduce
from santander.schema.catalogue import CUSTOMERS, PARTITION, RECOMMENDATIONS, Table
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.months import Month, month_range
from santander.schema.products import PRODUCT_NAMES
from santander.serving.snapshot.publish import publish
from santander.training.collect import through
from santander.training.recipe import Recipe
from tests import banks, family_bank
from tests.environment import CONF_LOCAL
from tests.serving.http.served import own_service, serving
from tests.serving.http.test_score import score

APRIL, MAY, JUNE = (Month(2016, month) for month in (4, 5, 6))
SETTINGS = {"rounds": 8, "max_depth": 3, "eta": 0.5, "min_additions": 3}


@dataclass(frozen=True)
class World:
    """A bank, the conf of its user, and the steps that have trained a recipe without families and one with two."""

    conf: Path
    steps: Steps
    plain: int
    own: int


def recipe(conf: Path, name: str, *columns: str, **changes: object) -> Recipe:
    content = {
        "kind": "xgboost",
        "months": [{"from": 1, "to": 2}],
        "fits": {"rounds": False, "judged": True, "promoted": True},
        "settings": {"columns": list(columns), **SETTINGS},
    }
    (conf / "recipes").mkdir(exist_ok=True)
    (conf / "recipes" / f"{name}.yaml").write_text(yaml.safe_dump({**content, **changes}))
    return Recipe.load(name)


@pytest.fixture(scope="module")
def world(session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    conf = tmp_path_factory.mktemp("conf")
    with pytest.MonkeyPatch.context() as patch:
        family_bank.write_files(conf)
        patch.setenv(CONF_LOCAL, str(conf))
        steps = Steps(banks.own_bank(tmp_path_factory, banks.FEATURES), session)
        family_bank.write_tables(steps.lake, month_range(Month(2016, 1), JUNE))
        plain = steps.train(JUNE, recipe(conf, "plain", "profile"), anyway=True).result.version
        own = steps.train(JUNE, recipe(conf, "own", "profile", "activity", "by_province"), anyway=True).result.version
        assert plain is not None
        assert own is not None
        yield World(conf, steps, plain, own)


def test_the_version_names_its_families_and_is_judged_beside_one_without(world: World) -> None:
    settings = world.steps.settings
    assert families_of(settings, world.own) == {"activity", "by_province"}
    assert families_of(settings, world.plain) == frozenset()
    candidate = load_version(settings, world.own).candidate
    assert candidate.recipe.fingerprint == Recipe.load("own").fingerprint
    assert {"id_digit", "is_even", "neighbours"} <= set(candidate.scoring.model.feature_names)
    retrieve = through(world.steps.store)
    figures = assess(settings, world.steps.lake, retrieve, load_version(settings, world.own), MAY).evaluation
    assert 0 < figures.map7 <= figures.ceiling


def test_a_recipe_without_families_meets_a_champion_that_has_them(world: World) -> None:
    set_alias(world.steps.settings, CHAMPION, world.own)
    result = world.steps.train(JUNE, recipe(world.conf, "other", "profile", "season"), anyway=True).result
    assert result.evaluation is not None
    assert f"champion {world.own} (own)" in result.reason or result.promoted


def test_lists_and_model_are_out_of_date_when_the_rows_of_a_family_changed(world: World) -> None:
    steps, own = world.steps, Recipe.load("own")
    set_alias(steps.settings, CHAMPION, world.own)
    assert steps.train(JUNE, own, anyway=False).up_to_date == [JUNE]
    assert steps.score(JUNE, anyway=False).done == [JUNE]
    assert steps.score(JUNE, anyway=False).up_to_date == [JUNE]
    assert steps.stale_scores() == []
    family_bank.write_table(steps.lake, own_family("activity"), [JUNE])
    assert steps.stale_scores() == [JUNE]
    assert steps.score(JUNE, anyway=False).done == [JUNE]
    assert steps.train(JUNE, own, anyway=False).up_to_date == [JUNE]  # of June nothing was learned
    family_bank.write_table(steps.lake, own_family("activity"), [APRIL])
    assert steps.train(JUNE, own, anyway=False).done == [JUNE]
    assert steps.train(JUNE, Recipe.load("plain"), anyway=False).up_to_date == [JUNE]


def test_a_month_of_a_family_that_is_not_built_is_named_with_the_command(world: World) -> None:
    steps = world.steps
    set_alias(steps.settings, CHAMPION, world.own)
    with pytest.raises(
        InputError,
        match=r"activity has no features of 2015-03 to 2015-05: run .*features --family activity --from 2015-03 --to 2",
    ):
        steps.train(JUNE - 12, Recipe.load("own"), anyway=True)
    table = own_family("by_province").table
    steps.lake.delete_rows(table, f"snapshot_date = '{JUNE.snapshot}'", steps.lake.rows_by_month(table)[JUNE])
    with pytest.raises(
        InputError, match=r"by_province has no features of 2016-06: run 'santander features --family by_province -"
    ):
        steps.score(JUNE, anyway=True)
    family_bank.write_table(steps.lake, own_family("by_province"), [JUNE])


def test_a_champion_with_families_is_fitted_anew_for_a_later_challenger_and_may_be_a_member_of_a_blend(world: World) -> None:
    steps = world.steps
    old = steps.train(APRIL, Recipe.load("own"), anyway=True, promote=False).result.version
    assert old is not None
    set_alias(steps.settings, CHAMPION, old)
    result = steps.train(JUNE, Recipe.load("plain"), anyway=True).result
    decision = decisions(steps.settings, steps.lake)[-1]
    assert (decision.version, decision.champion_before) == (result.version, old)
    assert "fitted anew" in result.reason
    members = [{"version": world.plain}, {"version": world.own}]
    blended = steps.train(
        JUNE, recipe(world.conf, "both", kind="blend", settings={"members": members}), anyway=True, promote=False
    )
    assert families_of(steps.settings, blended.result.version) == {"activity", "by_province"}
    set_alias(steps.settings, CHAMPION, blended.result.version or 0)
    assert steps.score(JUNE, anyway=True).result.model_version == blended.result.version


def test_a_run_is_reproduced_from_the_rows_its_families_had_and_what_their_files_do_now_is_said(world: World) -> None:
    steps = world.steps
    file = world.conf / "features" / "activity.sql"
    file.write_text(family_bank.ACTIVITY.replace("% 10", "% 7"))
    family_bank.write_table(steps.lake, own_family("activity"), month_range(Month(2016, 1), JUNE))
    result = reproduce(steps.settings, steps.lake, logged_run(steps.settings, None, world.own))
    assert result.reproduced, result.reason
    assert {"features_activity", "features_by_province"} <= set(result.versions)
    assert any(f"family activity: {file} makes other rows than it did" in line for line in result.warnings)
    assert not any("by_province" in line for line in result.warnings)
    file.write_text(family_bank.ACTIVITY)
    family_bank.write_table(steps.lake, own_family("activity"), month_range(Month(2016, 1), JUNE))


def test_the_card_names_families_and_the_served_model_takes_their_columns_without_their_files(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = world.steps.settings
    version = open_tracking(settings).get_model_version(settings.mlflow.registered_model, str(world.own))
    card = mlflow.artifacts.load_text(f"runs:/{version.run_id}/{CARD}")
    assert "Beside them it reads `activity` (2 by `customer_id`), `by_province` (1 by `province_code`)." in card
    assert "| by_province | `neighbours` | bigint | 1 and more | Customers of the province |" in card
    assert "| by province: neighbours |" in card
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    served = mlflow.pyfunc.load_model(f"models:/{settings.mlflow.registered_model}/{world.own}")
    assert {"id_digit", "is_even", "neighbours"} <= set(served.metadata.get_input_schema().input_names())
    rows = pd.DataFrame({name: [1.0, None] for name in served.metadata.get_input_schema().input_names()})
    assert [len(row) for row in served.predict(rows)["products"]] == [7, 7]


@own_service
def test_records_of_every_customer_are_scored_over_http_with_their_families_as_the_batch_did(
    world: World, tmp_path: Path
) -> None:
    steps = world.steps
    set_alias(steps.settings, CHAMPION, world.own)
    steps.score(JUNE, anyway=True)
    publish(steps.settings, JUNE)
    meant: dict[int, list[tuple[str, float | None, float | None]]] = {}
    for row in sorted(rows_of(steps.lake, RECOMMENDATIONS, JUNE), key=lambda row: row["rank"]):
        meant.setdefault(row["customer_id"], []).append((row["product"], row["score"], row["chance"]))
    records = records_of(steps.lake, JUNE)
    assert len(records) > 500
    differing = []
    with serving(steps.settings, tmp_path) as service:
        for start in range(0, len(records), 200):
            part = records[start : start + 200]
            for record, result in zip(part, score(service, part, features=True).json["results"], strict=True):
                customer = record["customer_id"]
                listed = [(of["product"], of["score"], of["chance"]) for of in result["recommendations"]]
                if not same(listed, meant.get(customer, [])):
                    differing.append(customer)
                assert (result["refused"], result["missing_features"]) == ([], [])
                used = result["features"]
                assert (used["id_digit"], used["is_even"]) == (customer % 10, customer % 2 == 0)
                assert (used["neighbours"] is None) == (record["province_code"] is None)
    assert differing == []
    assert set(meant) <= {record["customer_id"] for record in records}


def rows_of(lake: Lake, table: Table, month: Month) -> list[dict[str, Any]]:
    rows = lake.delta(table).to_pyarrow_table(filters=[(PARTITION, "=", month.snapshot)])
    return list(rows.to_pylist())


def records_of(lake: Lake, month: Month) -> list[dict[str, Any]]:
    """A record of each customer of a month, as JSON has it, with the flags of the five months before."""
    histories: dict[int, dict[str, list[int]]] = {}
    for before in (month - lag for lag in range(1, 6)):
        for row in rows_of(lake, CUSTOMERS, before):
            if row["holdings"] is not None:
                histories.setdefault(row["customer_id"], {})[str(before)] = [int(row[name] or False) for name in PRODUCT_NAMES]
    made = [
        {column.name: row[column.name] for column in PROFILE_COLUMNS} | {"history": histories.get(row["customer_id"], {})}
        for row in rows_of(lake, CUSTOMERS, month)
    ]
    return list(json.loads(json.dumps(made, default=str)))


def same(listed: Sequence[tuple[Any, ...]], meant: Sequence[tuple[Any, ...]]) -> bool:
    """Whether two lists name the same products, with the same 32-bit numbers."""
    as_stored = [[(of[0], *(None if x is None else np.float32(x) for x in of[1:])) for of in each] for each in (listed, meant)]
    return as_stored[0] == as_stored[1]
