"""Screens as people see them, held against those recorded; ``make screens`` records them anew, docs/testing.md says when."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from santander.cli.overview import GROUPS
from tests.cli.take_screens import RECORDED, SCREENS, unpacked

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
_STYLE = re.compile(r"\x1b\[([0-9;]*)m")


def as_read(shown: bytes) -> str:
    """Return the text on a screen, without styles and blanks at the ends of lines."""
    lines = _STYLE.sub("", shown.decode()).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines)


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("screens")
    words = [sys.executable, "-m", "tests.cli.take_screens", unpacked(folder), folder / "taken"]
    subprocess.run(list(map(str, words)), cwd=ROOT, timeout=600, check=True)
    return {name: (folder / "taken" / f"{name}.txt").read_bytes() for name in SCREENS}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_as_it_was_recorded(taken: dict[str, bytes], name: str) -> None:
    assert as_read(taken[name]) == (RECORDED / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", [name for name, screen in SCREENS.items() if screen.columns])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut(taken: dict[str, bytes], name: str) -> None:
    text = as_read(taken[name])
    assert "…" not in text
    wide = [line for line in text.splitlines() if len(line) > (SCREENS[name].columns or 0)]
    assert [line for line in wide if "/" not in line and "santander " not in line] == []


def test_what_is_piped_has_no_styles_and_no_color_means_none(taken: dict[str, bytes]) -> None:
    for name, screen in SCREENS.items():
        if screen.columns is None:
            assert b"\x1b" not in taken[name]
    styles = {code for styles in _STYLE.findall(taken["status-no-color"].decode()) for code in styles.split(";")}
    assert styles <= {"", "0", "1", "2", "3"}, "bold and the like are no colours"
    assert "36" in {code for styles in _STYLE.findall(taken["status-80"].decode()) for code in styles.split(";")}


@pytest.mark.parametrize("name", [name for name, screen in SCREENS.items() if screen.has_encoding])
def test_a_terminal_of_ascii_gets_ascii(taken: dict[str, bytes], name: str) -> None:
    assert taken[name].isascii()


def test_the_verbs_in_groups_are_those_there_are() -> None:
    verbs = [verb for group in GROUPS.values() for verb in group]
    files = sorted(file.stem.replace("_", "-") for file in (ROOT / "santander" / "cli" / "verbs").glob("[a-z]*.py"))
    assert sorted(verbs) == files
