import json
import sys
from pathlib import Path

import pytest

from santander.errors import InputError
from santander.kaggle.credentials import Credentials, find_credentials


def test_without_credentials_the_ways_to_give_them_are_named(nobody: Path) -> None:
    with pytest.raises(
        InputError, match=r"no credentials for Kaggle: put the kaggle.json .* or set KAGGLE_USERNAME and KAGGLE_KEY"
    ):
        find_credentials()
    assert not list(nobody.iterdir())


def test_they_come_from_variables_before_the_file_and_a_token_before_both(nobody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (nobody / ".kaggle").mkdir()
    (nobody / ".kaggle" / "kaggle.json").write_text(json.dumps({"username": "filed", "key": "f"}))
    assert find_credentials() == Credentials("filed", "f")
    monkeypatch.setenv("KAGGLE_USERNAME", "named")
    monkeypatch.setenv("KAGGLE_KEY", "n")
    assert find_credentials() == Credentials("named", "n")
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_1")
    assert find_credentials() == Credentials(None, None, "KGAT_1")


def test_they_come_from_the_folder_that_the_client_is_told(nobody: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "kaggle.json").write_text(json.dumps({"username": "elsewhere", "key": "e"}))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    assert find_credentials() == Credentials("elsewhere", "e")


def test_a_token_may_lie_in_a_file(nobody: Path) -> None:
    (nobody / ".kaggle").mkdir()
    (nobody / ".kaggle" / "access_token").write_text("KGAT_2\n")
    assert find_credentials() == Credentials(None, None, "KGAT_2")


def test_a_broken_file_is_named_and_nothing_secret_is_printed(nobody: Path) -> None:
    (nobody / ".kaggle").mkdir()
    (nobody / ".kaggle" / "kaggle.json").write_text('{"username": "me"')
    with pytest.raises(InputError, match=r"kaggle.json is not what Kaggle gives"):
        find_credentials()
    assert "secret" not in repr(Credentials("me", "secret", "secret"))


def test_without_the_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglesdk", None)
    with pytest.raises(InputError, match=r"pip install 'santander\[kaggle\]'"):
        find_credentials()
