"""The pictures and tables of the code's floors are those that import-linter holds the code to."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def contract() -> list[set[str]]:
    """The rooms of each floor, the top one first, by the contract on layers."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = (found["layers"] for found in settings["contracts"] if found["type"] == "layers")
    return [set(floor.split(" | ")) for floor in layers]


def test_the_picture_of_the_floors_is_the_contract() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    labels = dict(re.findall(r'\bf(\d+)\["([^":]+)', page))
    assert [set(labels[number].split(" · ")) for number in sorted(labels, key=int, reverse=True)] == contract()
    arrows = [(int(above), int(below)) for above, below in re.findall(r'\bf(\d+)(?:\["[^"]*"\])? --> f(\d+)', page)]
    assert arrows == [(floor, floor - 1) for floor in range(len(contract()), 1, -1)]


def test_the_table_of_the_floors_is_the_contract() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", (ROOT / "docs" / "code.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(len(contract()), 0, -1))
    assert [
        {name.removesuffix("/").removesuffix(".py") for name in re.findall(r"`([^`]+)`", rooms)} for _, rooms in rows
    ] == contract()
