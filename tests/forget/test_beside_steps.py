"""No step spans an erasure: what reads rows of customers before it cannot commit them after it."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from santander.config.settings import Settings
from santander.forget.forget import forget
from santander.ingest.ingestion import ingest
from santander.ingest.replay import replay
from santander.lake.lake import Lake
from santander.lake.locks import ErasedMeanwhile, PersonsBusy, alone
from santander.pipeline.steps import Steps
from santander.schema.catalogue import CUSTOMERS, RECOMMENDATIONS, SUPPRESSIONS
from santander.schema.months import Month
from santander.store.materialization import materialize_month

MONTH, NOBODY = Month(2016, 6), 1375586
NO_SESSION: Any = None
STEPS: dict[str, Callable[[Settings], object]] = {
    "ingest": lambda settings: Steps(settings, NO_SESSION).ingest([Path("a.csv")]),
    "ingest without a record": lambda settings: ingest(settings, Lake(settings), [Path("a.csv")]),
    "replay": lambda settings: replay(settings, Lake(settings), [Path("a.csv")]),
    "features": lambda settings: Steps(settings, NO_SESSION).build_features([MONTH], anyway=True),
    "validate": lambda settings: Steps(settings, NO_SESSION).validate(CUSTOMERS, [MONTH]),
    "train": lambda settings: Steps(settings, NO_SESSION).train(MONTH, NO_SESSION, anyway=True),
    "score": lambda settings: Steps(settings, NO_SESSION).score(MONTH, anyway=True),
    "submit": lambda settings: Steps(settings, NO_SESSION).submit(MONTH, anyway=True),
    "materialize": lambda settings: materialize_month(Lake(settings), NO_SESSION, MONTH),
}


def hasty(folder: Path, **more: str) -> Settings:
    return Settings.load(data_dir=str(folder), locks={"wait": 0}, **more)


def recommendation(customer_id: int) -> dict[str, object]:
    return {"snapshot_date": dt.date(2016, 6, 28), "customer_id": customer_id, "product": "x", "rank": 1, "score": 0.5}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_does_not_begin_while_customers_are_forgotten(step: str, tmp_path: Path) -> None:
    settings = hasty(tmp_path)
    with alone(settings.state / "locks", 0), pytest.raises(PersonsBusy, match="forgetting customers"):
        STEPS[step](settings)


def test_an_erasure_does_not_begin_while_a_step_is_at_work(tmp_path: Path) -> None:
    settings = hasty(tmp_path)
    with Lake(settings).carrying_persons(), pytest.raises(PersonsBusy, match="at work on rows of customers"):
        forget(settings, [NOBODY], [])
    assert not Lake(settings).exists(SUPPRESSIONS)


def test_a_commit_after_an_erasure_with_another_state_folder_is_refused(tmp_path: Path) -> None:
    here, elsewhere = hasty(tmp_path / "data"), hasty(tmp_path / "data", state_dir=str(tmp_path / "state"))
    lake = Lake(here)
    lake.append_rows(RECOMMENDATIONS, [recommendation(NOBODY)])
    with lake.carrying_persons():
        forget(elsewhere, [NOBODY], [])
        with pytest.raises(ErasedMeanwhile, match="would have put them back"):
            lake.append_rows(RECOMMENDATIONS, [recommendation(NOBODY)])
    assert lake.rows(RECOMMENDATIONS) == []
    with lake.carrying_persons():
        lake.append_rows(RECOMMENDATIONS, [recommendation(15889)])
