"""Versions of steps: they follow from the code, and stand for the numbers of the past as long as it makes the same."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from santander.ledger import versions
from santander.ledger.same_results import REWRITTEN, SAME_RESULTS
from santander.ledger.step_ledger import StepLedger, stale_months
from santander.ledger.versions import STEPS, Deciding, digest_of_part, version_of
from santander.models import light_trees
from santander.models.kinds import KINDS
from santander.schema.catalogue import FEATURES_TABLE
from santander.schema.features import FEATURES
from tests.conftest import Bank

FEATURES_OF_THE_NUMBERS = 37
"""With another set of features everything made of them is out of date by their declaration, whatever the code says."""


@pytest.mark.parametrize("part", SAME_RESULTS)
def test_code_makes_what_the_number_stood_for_or_says_so(part: str) -> None:
    if part == "features" and len(FEATURES) != FEATURES_OF_THE_NUMBERS:
        pytest.skip("features were added: rows made before are out of date by the declaration")
    digest = digest_of_part(part)
    assert digest in SAME_RESULTS[part], (
        f"the code that decides '{part}' has changed. If it makes the same results, add {digest!r} to its line in "
        "santander/ledger/same_results.py; if it makes others, delete the line: what was made before is then out of date"
    )


def test_folders_of_the_past_know_their_steps_by_number() -> None:
    steps = ("features", "submit", "tune")
    kinds = [kind.__module__ for kind in KINDS.values() if kind.__module__ in SAME_RESULTS]
    assert {*SAME_RESULTS} == {*steps, *kinds}
    if len(FEATURES) == FEATURES_OF_THE_NUMBERS:
        assert [version_of(step) for step in steps] == [1] * len(steps)
        assert version_of("tune", *kinds) == 1


@pytest.mark.embedded
def test_months_made_by_other_rules_are_out_of_date(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = StepLedger(bank.lake)
    assert stale_months(bank.lake, ledger)["features"] == []
    monkeypatch.setattr(versions, "_part", lambda name: f"other code of {name}")
    version_of.cache_clear()
    assert stale_months(bank.lake, ledger)["features"] == bank.lake.months(FEATURES_TABLE)


def test_a_new_kind_of_model_has_a_version_of_its_own_and_changes_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = version_of("train", light_trees.__name__)
    (tmp_path / "kind_of_mine.py").write_text("SPEED = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    kind = importlib.import_module("kind_of_mine")
    mine = version_of("train", kind.__name__)
    assert str(mine).startswith(f"{version_of('train')}-")
    assert version_of("train", light_trees.__name__) == before
    (tmp_path / "kind_of_mine.py").write_text("SPEED = 4\n")
    version_of.cache_clear()
    assert version_of("train", kind.__name__) != mine


@pytest.mark.parametrize("step", STEPS)
def test_a_changed_rule_is_another_version_and_a_changed_comment_is_not(
    step: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = version_of(step)
    package = copied(tmp_path, step)
    counted_in(package, monkeypatch)
    first = STEPS[step].paths()[-1]
    first.write_text(f"# a comment\n{first.read_text()}")
    version_of.cache_clear()
    assert version_of(step) == before
    first.write_text(f"{first.read_text()}\nANOTHER_RULE = 1\n")
    version_of.cache_clear()
    assert version_of(step) != before


def test_code_that_was_only_rewritten_keeps_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = version_of("ingest")
    package = copied(tmp_path, "ingest")
    counted_in(package, monkeypatch)
    STEPS["ingest"].paths()[-1].write_text("WRITTEN = 'otherwise'\n")
    version_of.cache_clear()
    assert version_of("ingest") != before
    monkeypatch.setitem(REWRITTEN, digest_of_part("ingest"), before)
    version_of.cache_clear()
    assert version_of("ingest") == before


def test_a_file_that_moved_away_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"ingest/washing\.py"):
        Deciding(("ingest/washing.py",)).paths()


def test_what_stands_beside_the_rules_of_a_room_is_there() -> None:
    gone = [name for step in STEPS.values() for name in step.beside if not (versions._ROOT / name).is_file()]
    assert gone == []


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    version_of.cache_clear()
    yield
    version_of.cache_clear()


def copied(tmp_path: Path, step: str) -> Path:
    """The files of a step below another folder."""
    for file in STEPS[step].paths():
        copy = tmp_path / file.relative_to(versions._ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text())
    return tmp_path


def counted_in(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_ROOT", package)
    version_of.cache_clear()
