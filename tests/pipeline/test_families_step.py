"""The step of a family: up to date or stale like all others, made anew as a whole when its columns change."""

import pytest
from pyspark.sql import SparkSession

from santander.errors import InputError
from santander.ledger.own_families import FamiliesStanding, refuse_unfit_families
from santander.ledger.step_ledger import StepLedger
from santander.pipeline.families_step import FamiliesStep
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import month_range
from santander.schema.own_family import OwnFamily
from tests.features.own.world import FIRST, MONTH, World, _no_families_left, customers_of, select, world

__all__ = ["_no_families_left", "world"]

ALL = month_range(FIRST, MONTH)


@pytest.fixture
def steps(world: World, session: SparkSession) -> FamiliesStep:
    return FamiliesStep(world.settings, session)


def standing(world: World) -> FamiliesStanding:
    return FamiliesStanding.look(world.lake, StepLedger(world.lake))


def test_only_what_changed_is_built_again(world: World, steps: FamiliesStep) -> None:
    family = world.family("activity.sql", select())
    assert steps.build_family(family, ALL, anyway=False).done == ALL
    assert steps.build_family(family, ALL, anyway=False).done == []
    assert steps.build_family(family, [MONTH], anyway=True).done == [MONTH]
    reworded = world.family("activity.sql", select().replace("lately", "of late").replace("[0, 3]", "[0, 9]"))
    assert steps.build_family(reworded, ALL, anyway=False).done == []
    world.lake.delete_rows(CUSTOMERS, f"snapshot_date = '{FIRST.snapshot}'", 3)
    world.lake.append_rows(CUSTOMERS, list(customers_of(FIRST)))
    assert standing(world).families["activity"].stale == ALL, "the history of each reaches the first month"
    world.lake.delete_rows(CUSTOMERS, f"snapshot_date = '{MONTH.snapshot}'", 4)
    world.lake.append_rows(CUSTOMERS, list(customers_of(MONTH)))
    with pytest.raises(InputError, match=r"family activity of 2016-01 to 2016-04 are out of date: run 'santander features --fam"):
        refuse_unfit_families(steps.lake, {"activity"}, ALL)
    steps.build_family(family, ALL[:-1], anyway=False)
    refuse_unfit_families(steps.lake, {"activity"}, ALL[:-1])
    assert standing(world).stale() == {"features_activity": [MONTH]}
    other = world.family("activity.sql", select().replace("1.0D", "0.5D"))
    assert steps.build_family(other, ALL, anyway=False).done == ALL


def test_other_columns_make_all_months_anew(world: World, steps: FamiliesStep) -> None:
    steps.build_family(world.family("changing.sql", select()), ALL[1:], anyway=True)
    family = world.family("changing.sql", select().replace("share_active", "share"))
    assert standing(world).families["changing"].stale == ALL[1:]
    assert steps.build_family(family, [MONTH], anyway=True).done == ALL[1:]
    assert standing(world).families["changing"].stale == []


def test_a_removed_and_a_broken_file_are_told_and_stop_nothing(world: World, steps: FamiliesStep) -> None:
    family = world.family("going.sql", select())
    steps.build_family(family, [MONTH], anyway=True)
    assert not [line for line in standing(world).lines() if "going" in line]
    family.file.unlink()
    found = standing(world)
    assert "features_going stays as it is: the file of the family going is gone" in found.lines()
    assert (found.families["going"].file, found.families["going"].months) == (None, [MONTH])
    family.file.write_text(select().replace("-- months: 3\n", ""))
    broken = standing(world)
    assert broken.problem is not None
    assert broken.lines() == [f"no family of features can be built: {broken.problem}"]
    assert f"{family.file}, line 1: 'months' is missing" in broken.problem


def test_a_run_builds_families_of_the_user_those_it_needs_and_those_that_are_there(
    world: World, steps: FamiliesStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(name: str) -> OwnFamily:
        return world.family(f"{name}.sql", select().replace("months_active", f"m_{name}").replace("share_active", f"s_{name}"))

    steps.build_family(written("there"), [MONTH], anyway=True)
    written("shipped"), written("named")
    base = world.folder.parent / "conf" / "base"
    base.mkdir(parents=True)
    world.folder.rename(base / "features")
    monkeypatch.setenv("SANTANDER_CONF_DIR", str(base.parent))
    world.folder.mkdir()
    assert [family.name for family in steps.families_of_run({"named"})] == ["named", "there"]
    written("mine")
    assert [family.name for family in steps.families_of_run(())] == ["mine", "there"]
