"""Who submits: the credentials that Kaggle's own client knows, looked for in its own places and order.

Importing the package ``kaggle`` would look for them at once, ask a server, and print (version 2.2.4). Its lower half,
``kagglesdk``, does none of that, so it is what is used here.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from santander.errors import InputError

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


def find_credentials() -> Credentials:
    """A token from its variable or file, else name and key from variables or kaggle.json, else what ``kaggle auth login`` left.

    Raises InputError where the client is not installed, where there are no credentials, and for a kaggle.json of another form.
    """
    try:
        from kagglesdk import KaggleClient, KaggleCredentials, get_access_token_from_env
    except ImportError:
        raise InputError("the client of Kaggle is not installed", hint="pip install 'santander[kaggle]'") from None
    import requests

    token, _ = get_access_token_from_env()
    if token:
        return Credentials(token=token)
    stored = _stored_key()
    found = Credentials(os.environ.get("KAGGLE_USERNAME") or stored.username, os.environ.get("KAGGLE_KEY") or stored.key)
    if found.username and found.key:
        return found
    try:
        if login := KaggleCredentials.load(client=KaggleClient(user_agent="santander")):
            return Credentials(token=str(login.get_access_token()))
    except requests.RequestException as error:
        raise InputError(f"the login of Kaggle is no longer good ({error})", hint="run 'kaggle auth login' again") from None
    raise InputError("no credentials for Kaggle", hint=HOW_TO_GET_THEM)


def _stored_key() -> Credentials:
    folder = os.environ.get("KAGGLE_CONFIG_DIR")
    folders = [Path(folder)] if folder else [Path.home() / ".kaggle", Path.home() / ".config" / "kaggle"]
    file = next((each / "kaggle.json" for each in folders if (each / "kaggle.json").is_file()), None)
    if file is None:
        return Credentials()
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        return Credentials(str(stored["username"]), str(stored["key"]))
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f'{file} is not what Kaggle gives: {{"username": "...", "key": "..."}}',
            file=file,
            hint="fetch it anew at kaggle.com/settings, API",
        ) from None
