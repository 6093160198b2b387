"""Reads docker-compose.yml as docker compose does: variables filled in, the shared parts merged into each service."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
FILE = CHECKOUT / "docker-compose.yml"
OUR_IMAGE = "santander:"

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


class NotFilledIn(ValueError):
    """A variable that the file demands is empty."""


def example_variables() -> dict[str, str]:
    """What .env.example says."""
    lines = (CHECKOUT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled_in(variables: Mapping[str, str]) -> str:
    """The file's text with its variables replaced; raises NotFilledIn."""

    def value(found: re.Match[str]) -> str:
        name, kind, otherwise = found.groups()
        if given := variables.get(name):
            return given
        if kind == "-":
            return str(otherwise)
        raise NotFilledIn(f"{name}: {otherwise}")

    return _VARIABLE.sub(value, FILE.read_text())


def services(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Every service by name, as started with these variables."""
    return dict(yaml.safe_load(filled_in(variables))["services"])


def filled_variables() -> dict[str, str]:
    """The variables of .env.example with something in place of every empty password."""
    return {name: value or f"{name.lower().replace('_', '')}0123456789" for name, value in example_variables().items()}
