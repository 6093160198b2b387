"""Plans keep to what is right on both engines, and nothing goes round the doors: read off the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "santander"

WRONG_ON_AN_ENGINE = {
    "cache": "does nothing on the embedded engine: the plan runs again",
    "map_from_entries": "m[k] of it was wrong at 200,000 keys",
    "countDistinct": "over two columns does not end",
    "count_distinct": "over two columns does not end",
    "percentile_approx": "interpolates on one engine, gives an element on the other",
    "approx_percentile": "interpolates on one engine, gives an element on the other",
    "rand": "another sample on every engine",
    "randn": "another sample on every engine",
    "monotonically_increasing_id": "goes by partitions",
    "input_file_name": "not there on the embedded engine",
    "dropDuplicates": "keeps any of the rows",
    "drop_duplicates": "keeps any of the rows",
    "avg": "differs from run to run in the last digits",
    "mean": "differs from run to run in the last digits",
}
OF_FRAMES_TOO = {"cache", "dropDuplicates", "drop_duplicates"}
"""Methods of a frame; the other names count where they are functions of Spark: ``F.name``."""
THE_DOOR = {"lake/lake.py", "lake/reading.py"}
"""Where an engine is asked to read or write: the lake, and the looking half of it."""


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            yield str(file.relative_to(SOURCE)), node


def test_no_plan_uses_what_an_engine_gets_wrong() -> None:
    found = []
    for file, node in nodes():
        if not (isinstance(node, ast.Attribute) and node.attr in WRONG_ON_AN_ENGINE):
            continue
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner == "F" or (node.attr in OF_FRAMES_TOO and owner != "functools"):
            found.append(f"{file}:{node.lineno}: {node.attr}: {WRONG_ON_AN_ENGINE[node.attr]}")
    assert not found


def test_engines_read_and_write_at_the_door_alone() -> None:
    """``frame.write.…`` and ``session.read.…`` stand in the lake; so no csv is ever read by an engine."""
    found = [
        f"{file}:{node.lineno}: {ast.unparse(node)}"
        for file, node in nodes()
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in {"write", "read", "writeStream", "readStream"}
        and file not in THE_DOOR
    ]
    assert not found


def test_the_lake_alone_appends_to_tables() -> None:
    """Its class stands in two files: what every commit goes through, and what is written."""
    files = {file for file, node in nodes() if isinstance(node, ast.Name) and node.id == "write_deltalake"}
    assert files == {"lake/commits.py", "lake/lake.py"}


def test_no_months_are_overwritten_by_a_mode_that_one_engine_ignores() -> None:
    assert [file for file, node in nodes() if isinstance(node, ast.Constant) and node.value == "partitionOverwriteMode"] == []
