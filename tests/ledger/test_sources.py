"""What counts of a module's source: what it does, and nothing of how that is told."""

from pathlib import Path

import pytest

from santander.ledger.versions import digest_of

SOURCE = '''"""A module."""

import logging

from santander.errors import InputError

log = logging.getLogger(__name__)
LIMIT = 3
"""Why three."""


def judged(rows: list[int], *, limit: int = LIMIT) -> list[int]:
    """Return what is kept."""
    log.info("%s rows", len(rows))
    if not rows:
        raise InputError("no rows")
    return [row for row in rows if row < limit]  # the rest is too large


RULES = (Rule("limit", meaning="no more than three", unit="rows", high=LIMIT),)
'''
TOLD_OTHERWISE = {
    "docstring": ("Return what is kept.", "What stays."),
    "comment": ("# the rest is too large", "# else too large"),
    "layout": ("[row for row in rows if row < limit]", "[\n        row for row in rows\n        if row < limit\n    ]"),
    "import": ("from santander.errors import InputError", "from santander.refusals import InputError"),
    "annotation": ("rows: list[int]", 'rows: "Sequence[int]"'),
    "message": ('"no rows"', '"there is no row"'),
    "log line": ('"%s rows", len(rows)', '"rows: %s", len(rows)'),
    "words": ('meaning="no more than three", unit="rows"', 'meaning="three at the most", unit="lines"'),
}
DOES_OTHERWISE = {
    "constant": ("LIMIT = 3", "LIMIT = 4"),
    "comparison": ("row < limit", "row <= limit"),
    "declaration": ("high=LIMIT", "high=4"),
    "kind of error": ("raise InputError", "raise ValueError"),
    "condition": ("if not rows", "if len(rows) < 2"),
    "default": ("limit: int = LIMIT", "limit: int = 5"),
}


def digest(tmp_path: Path, *sources: str) -> str:
    files = [tmp_path / f"{number}.py" for number, _ in enumerate(sources)]
    for file, source in zip(files, sources, strict=True):
        file.write_text(source)
    return digest_of(files)


@pytest.mark.parametrize(("old", "new"), TOLD_OTHERWISE.values(), ids=TOLD_OTHERWISE)
def test_what_is_only_told_otherwise_is_the_same(tmp_path: Path, old: str, new: str) -> None:
    assert old in SOURCE
    assert digest(tmp_path, SOURCE.replace(old, new)) == digest(tmp_path, SOURCE)


@pytest.mark.parametrize(("old", "new"), DOES_OTHERWISE.values(), ids=DOES_OTHERWISE)
def test_what_does_otherwise_is_another(tmp_path: Path, old: str, new: str) -> None:
    assert old in SOURCE
    assert digest(tmp_path, SOURCE.replace(old, new)) != digest(tmp_path, SOURCE)


def test_a_statement_may_move_to_another_file_of_the_set(tmp_path: Path) -> None:
    head, rules = SOURCE.split("RULES")
    assert digest(tmp_path, head, f"RULES{rules}") == digest(tmp_path, SOURCE)


def test_a_digest_is_one_for_all_pythons(tmp_path: Path) -> None:
    """As computed by Python 3.11; a Python that reads it otherwise would call everything out of date."""
    assert digest(tmp_path, "def double(number):\n    return f'{2 * number:,}'\n") == "c32ee4f4c3705efc"
