"""Walk on as a person would with yesterday's data folder; prints what was seen as JSON. The champion is of fewer features."""

import json
from collections.abc import Callable
from typing import Any

from mlflow.models import get_model_info

from santander.audit.audit import Audit
from santander.audit.findings import payload
from santander.config.settings import Settings
from santander.engine.session import open_session
from santander.errors import SantanderError
from santander.maintain.tables import maintain
from santander.pipeline.steps import Steps
from santander.registry.contest import month_to_judge
from santander.registry.orders import roll_back
from santander.registry.promotion import promote_version
from santander.registry.versions import champion_number, load_version
from santander.reproduce.logged_run import logged_run
from santander.reproduce.reproduce import reproduce
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS
from santander.schema.months import Month
from santander.store.materialization import refuse_unfit_features
from santander.training.collect import through
from santander.training.recipe import Recipe

JUNE = Month(2016, 6)
NEW = "is_retired"


def line_of(refused: Callable[[], object]) -> str:
    """The line that ends it; empty where nothing is refused."""
    try:
        refused()
    except SantanderError as error:
        return str(error)
    return ""


def lists(steps: Steps) -> tuple[int, list[Any]]:
    """Who made the lists of June, and the lists."""
    rows = (
        steps.lake.read_months(RECOMMENDATIONS, [JUNE]).toArrow().sort_by([("customer_id", "ascending"), ("rank", "ascending")])
    )
    return rows["model_version"][0].as_py(), rows.select(["customer_id", "rank", "product", "score"]).to_pylist()


def walk(steps: Steps) -> dict[str, Any]:
    """Upgrade, rebuild, score, train one feature more, promote it, go back, and make yesterday's model again."""
    settings, lake, recipe = steps.settings, steps.lake, Recipe.load("next_products").with_rounds(20)
    holder, seen = champion_number(settings) or 0, [lists(steps)]
    told: dict[str, Any] = {"outdated": line_of(lambda: steps.score(JUNE, anyway=True))}
    upgraded = {each.table: each.added_columns for each in maintain(settings, lake, dry_run=False, upgrade=True)}
    told["added"] = upgraded[FEATURES_TABLE.name]
    told["score"] = line_of(lambda: steps.score(JUNE, anyway=True))
    told["materialize"] = line_of(lambda: refuse_unfit_features(lake, JUNE))
    told["train"] = line_of(lambda: steps.train(None, recipe, anyway=True))
    rebuilt = steps.build_features(lake.months(CUSTOMERS), anyway=False)
    told["rebuilt"] = [len(rebuilt.done), len(rebuilt.up_to_date)]
    steps.score(JUNE, anyway=True)
    seen.append(lists(steps))
    steps.train(None, recipe, anyway=True, promote=False)
    both = (holder, holder + 1)
    told["columns"] = [NEW in load_version(settings, number).model.plan.names for number in both]  # type: ignore[attr-defined]
    addresses = [f"models:/{settings.mlflow.registered_model}/{number}" for number in both]
    told["signature"] = [NEW in get_model_info(address).signature.inputs.input_names() for address in addresses]
    rows_of = lambda month: month_to_judge(lake, through(steps.store), month)  # noqa: E731
    met = promote_version(settings, lake, rows_of, holder + 1, override="one feature more").verdict
    told["met"] = [met.promoted, met.compared is not None, champion_number(settings) == holder + 1]
    steps.score(JUNE, anyway=False)
    seen.append(lists(steps))
    roll_back(settings, lake, "back")
    steps.score(JUNE, anyway=False)
    seen.append(lists(steps))
    told["by"] = [by - holder for by, _ in seen]
    told["lists"] = [of_month == seen[0][1] for by, of_month in seen if by == holder]
    again = reproduce(settings, lake, logged_run(settings, None, holder))
    told["reproduced"] = [again.reproduced, again.reason]
    found = payload(Audit(settings, tables_only=True).run([JUNE]))
    return told | {"audit": [found.differences, found.features_not_compared]}


if __name__ == "__main__":
    chosen = Settings.load()
    with open_session(chosen) as session:
        print(json.dumps(walk(Steps(chosen, session))))
