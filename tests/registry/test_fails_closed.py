"""Whatever is broken, the champion stays, nothing says that somebody was promoted, and there is one line to read.

Real MLflow on SQLite, a real Delta table, models that are loaded from the registry. The challenger is truly better: as soon as
nothing is broken it is promoted.
"""

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.evaluation.judgement import MonthToJudge
from santander.lake.lake import Lake
from santander.models.kinds import KINDS
from santander.models.list_check import WrongLists
from santander.registry.decisions import Undecided, decisions
from santander.registry.orders import roll_back
from santander.registry.promotion import promote_version, register_candidate
from santander.registry.tracking import open_tracking, tracking_uri
from santander.registry.versions import champion_number
from santander.schema.months import Month
from santander.training.recipe import Recipe
from tests.registry.conftest import Named
from tests.registry.two_holders import candidate_for, gate_month, recipe, report_for
from tests.registry.wayward import Wayward

APRIL, MAY = Month(2016, 4), Month(2016, 5)
BASELINE, BETTER = 1, 2


@pytest.fixture(scope="module")
def settings(named: Named) -> Settings:
    """The baseline is champion, a better model waits."""
    settings = named("closed")
    register_candidate(settings, Lake(settings), report_for(MAY, recipe()), promote=False)
    return settings


def promote(settings: Settings, number: int = BETTER, override: str | None = None) -> bool:
    rows: Callable[[Month | None], MonthToJudge] = lambda month: gate_month(month or APRIL)  # noqa: E731
    return promote_version(settings, Lake(settings), rows, number, override=override).verdict.promoted


@contextmanager
def nobody_is_promoted(settings: Settings, because: str) -> Iterator[None]:
    """What is done inside fails with one line that names the cause, and the champion stays."""
    before = [row for row in decisions(settings, Lake(settings)) if row.promoted]
    with pytest.raises(Undecided, match=because) as refused:
        yield
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code in (1, 2)
    assert [row for row in decisions(settings, Lake(settings)) if row.promoted] == before


@contextmanager
def moved_away(path: Path) -> Iterator[Path]:
    """The file or folder is elsewhere for a while."""
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    try:
        yield aside
    finally:
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        aside.rename(path)


def packed(settings: Settings, number: int) -> Path:
    open_tracking(settings)
    name = settings.mlflow.registered_model
    return Path(mlflow.artifacts.download_artifacts(f"models:/{name}/{number}")) / "artifacts" / "candidate"


@pytest.mark.parametrize("whose", [BETTER, BASELINE])
def test_a_model_whose_artifacts_are_gone(settings: Settings, whose: int) -> None:
    with moved_away(packed(settings, whose)), nobody_is_promoted(settings, f"(version|champion) {whose} does not load"):
        promote(settings)
    assert champion_number(settings) == BASELINE


@pytest.mark.parametrize("file", ["candidate.json", "fits/promoted/model/booster.ubj", "fits/judged/model/kind.json"])
@pytest.mark.parametrize("content", [b"", b"\x00\xffnot what it was"])
def test_a_model_with_a_corrupt_file(settings: Settings, file: str, content: bytes) -> None:
    path = packed(settings, BETTER) / file
    with moved_away(path), nobody_is_promoted(settings, "version 2 does not load"):
        path.write_bytes(content)
        promote(settings, override="even if a person orders it")
    assert champion_number(settings) == BASELINE


def test_a_model_of_other_columns_than_this_code_makes(settings: Settings) -> None:
    (path,) = packed(settings, BETTER).glob("fits/promoted/model/boosted_trees.json")
    with moved_away(path) as aside, nobody_is_promoted(settings, "version 2 does not load: .*other columns"):
        path.write_text(aside.read_text().replace('"age"', '"age_of_the_moon"'))
        promote(settings)
    assert champion_number(settings) == BASELINE


@pytest.mark.parametrize("whose", [BETTER, BASELINE])
def test_a_model_of_another_feature_service(settings: Settings, whose: int) -> None:
    client, name = open_tracking(settings), settings.mlflow.registered_model
    client.set_model_version_tag(name, str(whose), "feature_service", "next_products_v0")
    with nobody_is_promoted(settings, f"version {whose} was fitted on the feature service next_products_v0"):
        promote(settings)
    client.set_model_version_tag(name, str(whose), "feature_service", "next_products_v1")
    assert champion_number(settings) == BASELINE


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("a product for some", r"has no score of the products with bits \[3\] for some customers only"),
        ("every product for one", "has no score of any product for 1 of 400 customers"),
        ("infinite for one", "gives infinite scores to 1 of 400 customers"),
    ],
)
def test_scores_that_are_none(settings: Settings, monkeypatch: pytest.MonkeyPatch, fault: str, complaint: str) -> None:
    monkeypatch.setitem(KINDS, Wayward.kind, Wayward)
    boosted = recipe()
    wayward = Recipe(name="wayward", kind="wayward", months=boosted.months, fits=boosted.fits, settings={"fault": fault})
    with pytest.raises(WrongLists, match=complaint):
        report_for(MAY, wayward)  # it is not even judged; so judged is another, whose place it takes
    report = replace(report_for(MAY, boosted), candidate=candidate_for(MAY, wayward))
    with nobody_is_promoted(settings, complaint):
        register_candidate(settings, Lake(settings), report)
    refused = decisions(settings, Lake(settings))[-1]
    assert (refused.promoted, refused.champion_after) == (False, BASELINE)
    assert complaint.split(" for ", maxsplit=1)[0].replace("\\", "") in refused.reason
    with nobody_is_promoted(settings, complaint):
        promote(settings, refused.version, override="a person must not either")
    assert champion_number(settings) == BASELINE


def test_a_month_that_cannot_be_had(settings: Settings) -> None:
    def gone(month: Month | None) -> MonthToJudge:
        raise SantanderError(f"month {month} has no customer with products in it")

    with nobody_is_promoted(settings, "month 2016-04 has no customer with products in it"):
        promote_version(settings, Lake(settings), gone, BETTER)
    assert champion_number(settings) == BASELINE


def test_a_database_that_is_none(settings: Settings, tmp_path: Path) -> None:
    elsewhere = settings.model_copy(update={"state_dir": str(tmp_path / "state")})
    (tmp_path / "state").mkdir()
    file = tmp_path / "state" / "mlflow.db"
    file.write_bytes(b"this is no database" * 100)
    with nobody_is_promoted(settings, "."):
        promote(elsewhere)
    assert file.read_bytes() == b"this is no database" * 100
    assert champion_number(settings) == BASELINE


def test_a_server_that_is_not_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MAX_RETRIES": "0", "TIMEOUT": "5"}.items():
        monkeypatch.setenv(f"MLFLOW_HTTP_REQUEST_{name}", value)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # nobody listens
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        elsewhere = settings.model_copy(update={"mlflow": settings.mlflow.model_copy(update={"tracking_uri": address})})
        assert tracking_uri(elsewhere) == address
        with nobody_is_promoted(settings, "."):
            promote(elsewhere)
    assert champion_number(settings) == BASELINE


def test_the_champion_before_must_load_to_be_restored(settings: Settings) -> None:
    """The last test of the file: nothing is broken any more, so the better model is promoted."""
    assert promote(settings)
    assert champion_number(settings) == BETTER
    with moved_away(packed(settings, BASELINE) / "candidate.json"), nobody_is_promoted(settings, "version 1, does not load"):
        roll_back(settings, Lake(settings))
    assert champion_number(settings) == BETTER
    assert roll_back(settings, Lake(settings)).champion == champion_number(settings) == BASELINE
