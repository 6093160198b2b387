"""A file to start a family from: declared as it stands, never over what is there."""

from pathlib import Path

import pytest

from santander.config.family_files import is_users_own, own_families, own_family
from santander.config.new_family import write_new_family
from santander.errors import InputError
from santander.schema.own_family import Entity, Language
from tests.environment import CONF_LOCAL


@pytest.fixture(autouse=True)
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("language", Language)
def test_the_file_declares_a_family_with_features_that_no_other_new_one_has(conf: Path, language: Language) -> None:
    file = write_new_family("activity", language)
    assert file == conf / "features" / f"activity.{language}"
    write_new_family("a" * 40, language)
    family = own_family("activity")
    assert (family.entity, family.months, family.language) == (Entity.CUSTOMER, 5, language)
    assert [feature.name for feature in family.features] == ["activity_months", "activity_share"]
    assert family.reason == "was active in {activity_months} of 5 months"
    assert len([family for family in own_families() if is_users_own(family)]) == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("profile", "is taken"),
        ("Activity", "may have small letters, digits and _ only, 40 at most"),
        ("a" * 41, "may have small letters, digits and _ only, 40 at most"),
        ("../up", "may have small letters"),
    ],
)
def test_a_name_that_no_family_may_have_is_refused(conf: Path, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        write_new_family(name, Language.SQL)
    assert list(conf.iterdir()) == []


def test_a_file_that_is_there_is_never_written_over_even_if_it_is_broken(conf: Path) -> None:
    (conf / "features").mkdir()
    mine = conf / "features" / "mine.sql"
    mine.write_text("half a thought")
    for language in Language:
        with pytest.raises(InputError, match=f"the name is taken by {mine}: choose another name, or edit that file"):
            write_new_family("mine", language)
    assert (mine.read_text(), list(mine.parent.iterdir())) == ("half a thought", [mine])


def test_the_name_of_a_family_that_ships_is_taken_too(conf: Path) -> None:
    with pytest.raises(InputError, match=r"base/features/recent_changes.*: choose another name; "):
        write_new_family("recent_changes", Language.SQL)
    assert list(conf.iterdir()) == []
