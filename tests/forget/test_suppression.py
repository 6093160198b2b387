"""The list of erased customers says of an id whether it is on it, and nothing to who has not the key."""

import hmac
import stat
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.schema.catalogue import SUPPRESSIONS
from santander.suppression.keyed_hash import KeyedHash
from santander.suppression.suppression_list import VARIABLE, suppression_list


@pytest.fixture
def filled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv(VARIABLE, raising=False)
    lake = Lake(settings)
    made = suppression_list(settings, lake, make_key=True)
    lake.append_rows(SUPPRESSIONS, [{"digest": made.digest(1375586), "erasure_id": "x"}])
    return settings


def key_file(settings: Settings) -> Path:
    return settings.state / "suppression.key"


def test_an_erased_customer_is_known_and_others_are_not(filled: Settings) -> None:
    erased = suppression_list(filled, Lake(filled))
    assert erased.among([1, 1375586, 1375587]) == {1375586}
    assert "1375586" not in str(Lake(filled).rows(SUPPRESSIONS))


@pytest.mark.parametrize("length", [1, 32, 64, 65, 300])
def test_a_keyed_hash_is_hmac_sha_256(length: int) -> None:
    key = bytes(range(7, 256))[:length].ljust(length, b"k")
    hashed = KeyedHash(key)
    for text in (b"", b"1375586", b"x" * 200):
        assert hashed.of(text) == hmac.digest(key, text, "sha256")


def test_the_key_is_readable_by_its_owner_alone(filled: Settings) -> None:
    assert stat.S_IMODE(key_file(filled).stat().st_mode) == 0o600


def test_a_missing_key_is_refused(filled: Settings) -> None:
    key_file(filled).unlink()
    with pytest.raises(InputError, match=r"1 customer was erased and the key .* is missing: put back .*suppression.key, or set"):
        suppression_list(filled, Lake(filled))


def test_another_key_is_refused(filled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "k" * 32)
    with pytest.raises(InputError, match="not the one it was made with"):
        suppression_list(filled, Lake(filled))


def test_the_key_may_stand_in_the_environment(filled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, key_file(filled).read_text().strip())
    key_file(filled).unlink()
    assert suppression_list(filled, Lake(filled)).among([1375586]) == {1375586}


def test_a_short_key_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "secret")
    with pytest.raises(InputError, match="at least 32"):
        suppression_list(settings, Lake(settings))


def test_without_erased_customers_no_key_is_needed_and_none_is_made(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert not suppression_list(settings, Lake(settings))
    assert not key_file(settings).exists()
