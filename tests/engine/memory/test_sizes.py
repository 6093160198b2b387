"""Sizes as people write them."""

import re

import pytest
from pydantic import TypeAdapter

from santander.config.sections import Size, shown_size
from santander.config.settings import Settings
from santander.errors import InputError

parsed_size = TypeAdapter(Size).validate_python


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("6 GB", 6_000_000_000),
        ("6GB", 6_000_000_000),
        (" 1.5 gb ", 1_500_000_000),
        ("800 MB", 800_000_000),
        ("512MiB", 512 * 1024**2),
        ("2 GiB", 2 * 1024**3),
        ("3 kB", 3_000),
        ("1 TB", 10**12),
        ("4096 B", 4096),
    ],
)
def test_a_size_is_a_number_and_a_unit(text: str, size: int) -> None:
    assert parsed_size(text) == size


@pytest.mark.parametrize(
    "text", ["6", 6, "GB", "6 G", "six GB", "-6 GB", "6 GB or more", "1,5 GB", "0 GB", "0.1 B", "", None, "1e3 MB"]
)
def test_what_could_be_taken_two_ways_is_no_size(text: object) -> None:
    with pytest.raises(ValueError, match="is no size: "):
        parsed_size(text)


def test_a_size_is_shown_so_that_it_can_be_set() -> None:
    assert [shown_size(size) for size in (5_300_000_000, 640_000_000)] == ["5.3 GB", "640 MB"]
    assert parsed_size(shown_size(5_300_000_000)) == 5_300_000_000


def test_the_budget_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTANDER_MEMORY__BUDGET", "1.5 GiB")
    assert Settings.load().memory.budget == 3 * 1024**3 // 2


def test_a_wrong_budget_is_one_line_that_shows_how_to_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTANDER_MEMORY__BUDGET", "lots")
    wrong = "settings: memory.budget: 'lots' is no size"
    units = "write a number above 0 and kB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 6 GB"
    remedy = "correct it in conf/local, or the variable that gives it (docs/settings.md)"
    with pytest.raises(InputError, match=f"^{re.escape(f'{wrong}: {units}: {remedy}')}$"):
        Settings.load()
