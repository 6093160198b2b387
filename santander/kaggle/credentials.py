"""Who submits: the credentials that Kaggle's own client knows, looked for in its own places and order.

Importing the package ``kaggle`` would look for them at once, ask a server, print, and end the process where there are none
(version 2.2.4). Its lower half, ``kagglesdk``, does none of that, so it is what is used here.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import InputError

if TYPE_CHECKING:
    from kagglesdk import KaggleClient

HOW_TO_GET_THEM = (
    "put the kaggle.json of your account (kaggle.com/settings, API) into ~/.kaggle, or set KAGGLE_USERNAME and KAGGLE_KEY, "
    "or KAGGLE_API_TOKEN"
)


@dataclass(frozen=True)
class Credentials:
    """A token, or a user's name and key; never printed."""

    username: str | None = None
    key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def check_extra() -> None:
    """Raise InputError where the client of Kaggle is not installed."""
    try:
        import kagglesdk  # noqa: F401
    except ImportError:
        raise InputError("the client of Kaggle is not installed: pip install 'santander[kaggle]'") from None


def find_credentials() -> Credentials:
    """A token from its variable or file, else name and key from variables or kaggle.json, else what ``kaggle auth login`` left.

    Raises InputError that names the ways when there are none, or when kaggle.json cannot be read.
    """
    check_extra()
    from kagglesdk import get_access_token_from_env

    token, _ = get_access_token_from_env()
    if token:
        return Credentials(token=token)
    stored = _stored_key()
    username = os.environ.get("KAGGLE_USERNAME") or stored.get("username")
    key = os.environ.get("KAGGLE_KEY") or stored.get("key")
    if username and key:
        return Credentials(username, key)
    if token := _token_of_login():
        return Credentials(token=token)
    raise InputError(f"no credentials for Kaggle: {HOW_TO_GET_THEM}")


def open_client(credentials: Credentials) -> "KaggleClient":
    """The client; its server is Kaggle's, or the one that its own switch KAGGLE_API_ENVIRONMENT names."""
    from kagglesdk import KaggleClient

    return KaggleClient(
        username=credentials.username, password=credentials.key, api_token=credentials.token, user_agent="santander"
    )


def _stored_key() -> dict[str, str]:
    folder = os.environ.get("KAGGLE_CONFIG_DIR")
    folders = [Path(folder)] if folder else [Path.home() / ".kaggle", Path.home() / ".config" / "kaggle"]
    for file in (each / "kaggle.json" for each in folders):
        if file.is_file():
            try:
                stored = json.loads(file.read_text(encoding="utf-8"))
                return {name: str(stored[name]) for name in ("username", "key")}
            except (ValueError, KeyError, TypeError):
                raise InputError(f'{file} is not what Kaggle gives: {{"username": "...", "key": "..."}}') from None
    return {}


def _token_of_login() -> str | None:
    import requests
    from kagglesdk import KaggleClient, KaggleCredentials

    try:
        login = KaggleCredentials.load(client=KaggleClient(user_agent="santander"))
        return None if login is None else str(login.get_access_token())
    except requests.RequestException as error:
        raise InputError(f"the login of Kaggle is no longer good ({error}): run 'kaggle auth login' again") from None
