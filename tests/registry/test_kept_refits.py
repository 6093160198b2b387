"""Refits of champions on disk: whole or not there, gone after the retention, and with any erasure. No registry, no engine."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from santander.cli.verbs.maintain import maintain
from santander.config.settings import Settings
from santander.forget.models import remove_examples
from santander.registry.refit import KeptRefits
from santander.schema.months import Month
from santander.training.plan import FitName
from tests.models.toy_world import feature_rows
from tests.registry.two_holders import SAVER, WORKER, candidate_for, recipe

APRIL = Month(2016, 4)
KEY = "2016-04-0123456789abcdef"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder with one kept refit."""
    settings = Settings.load(data_dir=str(tmp_path))
    candidate = candidate_for(APRIL + 1, recipe("popularity"))
    KeptRefits(settings.state).keep(KEY, candidate.recipe, APRIL, candidate.fits[FitName.JUDGED])
    return settings


def folders(settings: Settings) -> list[str]:
    return [folder.name for folder in (settings.state / "refits").iterdir()]


def test_a_kept_refit_comes_back_as_it_was(settings: Settings) -> None:
    kept, fit = KeptRefits(settings.state).find(KEY), candidate_for(APRIL + 1, recipe("popularity")).fits[FitName.JUDGED]
    assert kept is not None
    assert (kept.model.fingerprint, kept.weights) == (fit.model.fingerprint, fit.weights)
    rows = feature_rows([SAVER, WORKER])
    np.testing.assert_array_equal(kept.model.score(rows), fit.model.score(rows))
    assert KeptRefits(settings.state).find("2016-04-of-other-rows") is None


def test_one_that_was_being_written_is_not_found_and_goes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptRefits(settings.state)
    fit = kept.find(KEY)
    assert fit is not None
    killed = settings.state / "refits" / ".2016-05-half-1234"
    killed.mkdir()
    assert kept.find("2016-05-half") is None

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="no space left"):
        kept.keep("2016-05-half", recipe("popularity"), APRIL + 1, fit)
    assert sorted(folders(settings)) == sorted([killed.name, KEY])
    assert kept.remove() == 2


def test_an_erasure_removes_every_kept_refit_and_says_so(settings: Settings) -> None:
    removed, left = remove_examples(settings)
    assert (removed, left) == (["1 refits of champions"], [])
    assert folders(settings) == []
    assert remove_examples(settings) == ([], [])


def test_maintain_removes_what_is_older_than_the_retention(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    def deleted(*options: str) -> int:
        import typer

        app = typer.Typer()
        app.command()(maintain)
        app([*options, "--json", "--data-dir", settings.data_dir], standalone_mode=False)
        return int(json.loads(capsys.readouterr().out)["refits"])

    assert deleted() == 0
    long_ago = time.time() - (settings.maintenance.retention_days + 1) * 86_400
    os.utime(settings.state / "refits" / KEY, (long_ago, long_ago))
    assert (deleted("--dry-run"), folders(settings)) == (1, [KEY])
    assert (deleted(), folders(settings)) == (1, [])
