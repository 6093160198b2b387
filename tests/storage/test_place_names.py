"""What cannot name a place is refused in a line that names the character; everything else can."""

from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.errors import InputError
from santander.storage.places import place, recorded_place
from tests.awkward_names import AWKWARD_NAMES


@pytest.mark.parametrize("name", [*AWKWARD_NAMES, ".hidden", "x/..", "a:b", "x" * 250])
def test_a_name_stays_as_it_was_written(name: str) -> None:
    assert place(name) == Path(name)
    assert Settings.load(data_dir=name, state_dir=f"{name}/state").data == Path(name).absolute()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("what?", r"what\?: '\?' cannot stand in the name"),
        ("all*.csv", r"all\*\.csv: '\*' cannot"),
        ("C:\\bank", r"'\\' cannot"),
        ("two\nlines", r"two\\nlines: a newline cannot"),
        ("a\tb", r"a\\tb: a tab cannot"),
        ("a\x1bb", r"a\\x1bb: the control character U\+001B cannot"),
        ("a\x85b", r"the control character U\+0085 cannot"),
        ("caf\udce9", "the byte 0xe9, which is not UTF-8, cannot"),
        ("", "'' names no folder or file"),
        ("  ", "'  ' names no folder or file"),
        ("~", "~: the shell leaves a quoted ~ as it is"),
        ("~/bank", "~/bank: the shell leaves a quoted ~ as it is: write ~ outside the quotes, or /.*/bank"),
    ],
)
@pytest.mark.parametrize("option", ["data_dir", "state_dir", "memory"])
def test_what_cannot_be_a_name_is_refused_with_the_character_and_the_option(option: str, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        place(text)
    given = {option: {"spill_dir": text}} if option == "memory" else {option: text}
    shown = {"data_dir": "--data-dir: ", "state_dir": "--state-dir: ", "memory": r"memory\.spill_dir: "}[option]
    with pytest.raises(InputError, match=f"^{shown}.*{said}"):
        Settings.load(**given)


def test_a_folder_above_is_judged_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "what?").mkdir()
    monkeypatch.chdir(tmp_path / "what?")

    with pytest.raises(InputError, match=r"'\?' cannot stand in the name"):
        place("data")


def test_an_empty_variable_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTANDER_DATA_DIR", "")

    with pytest.raises(InputError, match="--data-dir: '' names no folder or file"):
        Settings.load()


def test_a_name_on_record_is_not_judged_again() -> None:
    assert recorded_place("/raw/what?.csv") == Path("/raw/what?.csv")


def test_an_empty_landing_file_address_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be the name of a bucket"):
        place("s3a:///")
