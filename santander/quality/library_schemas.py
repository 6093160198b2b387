"""What Great Expectations offers, read from the files it ships and not by importing it."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path


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
