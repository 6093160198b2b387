"""Texts that name places inside a former folder, in every spelling that libraries keep."""

from pathlib import Path

import pytest

from santander.relocation.moves import Move, moved

BANK = [Move(Path("/a/bank"), Path("/b/my bank ü#%"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a/bank", "/b/my bank ü#%"),
        ("/a/bank/raw/june.csv", "/b/my bank ü#%/raw/june.csv"),
        ("file:///a/bank/state", "file:///b/my%20bank%20%C3%BC%23%25/state"),
        ('{"path": "/a/bank/lake/customers", "v": 1}', '{"path": "/b/my bank \\u00fc#%/lake/customers", "v": 1}'),
        ("/a/bank2/raw", "/a/bank2/raw"),
        ("file:///a/bank2/state", "file:///a/bank2/state"),
        ("/elsewhere/a/bank/raw", "/elsewhere/a/bank/raw"),
        ("models:/m-1", "models:/m-1"),
        ("{no json", "{no json"),
        ("", ""),
    ],
)
def test_what_is_inside_the_former_place_follows_and_nothing_else(text: str, expected: str) -> None:
    assert moved(BANK, text) == expected


def test_an_address_with_encoded_letters_is_known() -> None:
    back = [Move(Path("/b/my bank ü#%"), Path("/a/bank"))]
    assert moved(back, "file:///b/my%20bank%20%C3%BC%23%25/state") == "file:///a/bank/state"


def test_a_copy_inside_of_its_original_is_moved_once() -> None:
    inside = [Move(Path("/a/bank"), Path("/a/bank/copies/first"))]
    once = moved(inside, "/a/bank/raw/june.csv")
    assert once == "/a/bank/copies/first/raw/june.csv"
    assert moved(inside, once) == once
    outwards = [Move(Path("/a/bank/copies/first"), Path("/a/bank"))]
    assert moved(outwards, once) == "/a/bank/raw/june.csv"


def test_the_state_folder_goes_by_its_own_move() -> None:
    apart = [Move(Path("/a/bank"), Path("/b/bank")), Move(Path("/a/bank/state"), Path("/c/state"))]
    assert moved(apart, "/a/bank/state/mlartifacts") == "/c/state/mlartifacts"
    assert moved(apart, "/a/bank/lake") == "/b/bank/lake"
