"""Expectations that users bring in the words of Great Expectations: one suite a table, ``conf/local/expectations/TABLE.json``.

A suite is read and checked without importing the library, which takes seconds: the arguments of each expectation come from
the JSON schemas that the library ships.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from santander.config.conf_files import local_conf_dir
from santander.errors import InputError, did_you_mean, nearest
from santander.quality.rules import Severity
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, Table


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one expectation, and whether it runs on the library's Spark engine."""

    names: frozenset[str]
    required: frozenset[str]
    on_spark: bool


def library_version() -> str:
    """Return the version that is installed."""
    return version("great-expectations")


@cache
def expectation_names() -> frozenset[str]:
    """Return the types of all expectations of the library, as suites name them."""
    return frozenset(file.stem for file in _folder().glob("*expect*.py"))


@cache
def known_arguments(kind: str) -> Arguments | None:
    """Return the arguments of an expectation; None where the library ships no schema of it."""
    sought = kind.replace("_", "")
    file = next((file for file in (_folder() / "schemas").glob("*.json") if file.stem.lower() == sought), None)
    if file is None:
        return None
    schema = json.loads(file.read_text(encoding="utf-8"))
    properties = schema["properties"]
    sources = properties["metadata"]["properties"]["supported_data_sources"]["const"]
    return Arguments(frozenset(properties) - {"metadata"}, frozenset(schema.get("required", ())), "Spark" in sources)


def _folder() -> Path:
    spec = find_spec("great_expectations")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("great_expectations is not installed")
    return Path(spec.submodule_search_locations[0]) / "expectations" / "core"


FOLDER = "expectations"
VALIDATED_TABLES = (CUSTOMERS, FEATURES_TABLE)

_EXAMPLE = '{"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "age"}}'
_COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list")
_NAMES_NO_COLUMN = ("expect_table_", "expect_column_to_exist")
"""Expectations whose columns need not be there: whether they are is what is expected."""
_OURS = frozenset({"result_format", "catch_exceptions"})
"""Arguments that say how much of the rows a result shows: nothing of them may, whatever the suite says."""


@dataclass(frozen=True, slots=True)
class OwnExpectation:
    """One expectation of a suite; ``rule`` names it in the table ``quality``."""

    rule: str
    type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    place: str
    """File and number, as messages name the expectation."""


@dataclass(frozen=True, slots=True)
class OwnSuite:
    """The suite of one table; ``fingerprint`` changes with the content of the file."""

    table: str
    file: Path
    expectations: tuple[OwnExpectation, ...]
    fingerprint: str


def own_suites() -> dict[str, OwnSuite]:
    """Return the suites by table. Raises InputError, in one line with the remedy, for the first file that cannot be used."""
    folder = local_conf_dir() / FOLDER
    if not folder.is_dir():
        return {}
    files = (file for file in sorted(folder.iterdir()) if file.suffix.lower() in {".json", ".yaml", ".yml"})
    suites = [_suite(file) for file in files]
    return {suite.table: suite for suite in suites}


def _suite(file: Path) -> OwnSuite:
    tables = {f"{table.name}.json": table for table in VALIDATED_TABLES}
    table = tables.get(file.name)
    if table is None:
        raise InputError(
            f"{file}: expectations are read from {' and '.join(tables)} only", hint="rename the file, or move it away"
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
        content = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}", file=file, hint="write it anew in UTF-8, or move it away") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{file}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            file=file,
            line=error.lineno,
            hint="correct it, or move the file away",
        ) from None
    listed = content.get("expectations") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed:
        raise InputError(
            f'{file}: no list \'expectations\' with at least one entry, such as {{"name": "mine", "expectations": [{_EXAMPLE}]}}',
            file=file,
            hint="write it so, or move the file away",
        )
    expectations = tuple(_expectations(file, table, listed))
    return OwnSuite(table.name, file, expectations, hashlib.sha256(text.encode()).hexdigest())


def _expectations(file: Path, table: Table, listed: Iterable[Any]) -> Iterator[OwnExpectation]:
    seen: dict[str, int] = {}
    for number, entry in enumerate(listed, start=1):
        place = f"{file}: expectation {number}"
        if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
            old = (
                " (the key 'expectation_type' is of versions before 1.0)"
                if isinstance(entry, dict) and "expectation_type" in entry
                else ""
            )
            raise InputError(f"{place} has no 'type'{old}", file=file, hint=f"write it like {_EXAMPLE}")
        kind, kwargs, meta = entry["type"], entry.get("kwargs", {}), entry.get("meta") or {}
        place = f"{place} ({kind})"
        if not isinstance(kwargs, dict) or not isinstance(meta, dict):
            raise InputError(
                f"{place}: 'kwargs' and 'meta' hold names and values", file=file, hint='write "kwargs": {"column": "age"}'
            )
        _check_arguments(place, kind, kwargs)
        _check_columns(place, table, kind, kwargs)
        name = ":".join([kind, *_columns_of(kwargs)])
        seen[name] = seen.get(name, 0) + 1
        yield OwnExpectation(
            name if seen[name] == 1 else f"{name}:{seen[name]}",
            kind,
            {argument: value for argument, value in kwargs.items() if argument not in _OURS},
            _severity(place, meta),
            place,
        )


def _check_arguments(place: str, kind: str, kwargs: Mapping[str, Any]) -> None:
    if kind not in (names := expectation_names()):
        raise InputError(
            f"{place} is unknown to Great Expectations {library_version()}", example=kind, hint=did_you_mean(kind, sorted(names))
        )
    known = known_arguments(kind)
    if known is None:
        return
    if not known.on_spark:
        raise InputError(
            f"{place} does not run on Spark's rows", hint="take it out, or express it as unexpected_rows_expectation"
        )
    if unknown := sorted(set(kwargs) - known.names):
        raise InputError(
            f"{place} has no argument '{unknown[0]}'", example=unknown[0], hint=did_you_mean(unknown[0], sorted(known.names))
        )
    if missing := sorted(known.required - set(kwargs)):
        raise InputError(f"{place} needs the argument '{missing[0]}'", hint="add it to its kwargs")


def _check_columns(place: str, table: Table, kind: str, kwargs: Mapping[str, Any]) -> None:
    if kind.startswith(_NAMES_NO_COLUMN):
        return
    names = [name for name, _ in table.columns]
    for column in _columns_of(kwargs):
        if column not in names:
            raise InputError(f"{place}: {table.name} has no column '{column}'", column=column, hint=did_you_mean(column, names))


def _columns_of(kwargs: Mapping[str, Any]) -> list[str]:
    named = (kwargs[argument] for argument in _COLUMN_ARGUMENTS if argument in kwargs)
    return [str(column) for value in named for column in (value if isinstance(value, list) else [value])]


def _severity(place: str, meta: Mapping[str, Any]) -> Severity:
    """Return the severity that ``meta`` gives; other keys there are the user's, but for one that is nearly ``severity``."""
    if "severity" not in meta and (mistyped := nearest("severity", meta)) is not None:
        raise InputError(f"{place}: meta has '{mistyped}'", example=mistyped, hint=did_you_mean(mistyped, ["severity"]))
    given = meta.get("severity", Severity.WARNING.value)
    if given not in (legal := [each.value for each in Severity]):
        raise InputError(f"{place}: meta.severity is {given!r}", example=str(given), hint=f"use {' or '.join(legal)}")
    return Severity(given)
