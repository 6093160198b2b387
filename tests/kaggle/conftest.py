"""The server that speaks Kaggle's API, and an account of it; no credentials of the user are seen."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from santander.kaggle import board
from tests.kaggle.server import KEY, USERNAME, KaggleServer, kaggle_server


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home folder without credentials, and no variables that hold any; the client calls this machine, directly."""
    for name in list(os.environ):
        if name.startswith("KAGGLE_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def account(nobody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", USERNAME)
    monkeypatch.setenv("KAGGLE_KEY", KEY)


@pytest.fixture
def server(account: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[KaggleServer]:
    monkeypatch.setattr(board, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(board, "_LONGEST_PAUSE", 0.05)
    with kaggle_server() as running:
        yield running
