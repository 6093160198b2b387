"""Packages hidden from imports: only those named, and only in the block."""

import importlib
import sys

import pytest

from santander.models.lean import without


def test_a_hidden_package_is_not_found_until_the_block_ends() -> None:
    sys.modules.pop("colorsys", None)
    with without("colorsys"):
        with pytest.raises(ModuleNotFoundError, match="'colorsys' is hidden"):
            importlib.import_module("colorsys")
        assert importlib.import_module("quopri")
    assert importlib.import_module("colorsys")


def test_what_has_been_imported_stays() -> None:
    assert importlib.import_module("json")
    with without("json"):
        assert importlib.import_module("json")
