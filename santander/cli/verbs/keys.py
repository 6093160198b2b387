"""Make, list and remove the keys of callers of the service."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.verb import Outcome, verb
from santander.errors import InputError
from santander.serving.keys import Key, Scope, add_key, keys_file, read_keys, remove_key

if TYPE_CHECKING:
    from santander.config.settings import Settings


class Action(StrEnum):
    """What is done with keys."""

    ADD = "add"
    LIST = "list"
    REMOVE = "remove"


@dataclass(frozen=True)
class NamedKey:
    """A key as it is listed."""

    name: str
    scopes: Sequence[str]
    made_at: str


@dataclass(frozen=True)
class KeysPayload:
    """The JSON object of ``keys``: the keys that were made, listed or removed."""

    keys: Sequence[NamedKey]
    key: str | None = None
    """The text of the one that was made, which is shown this once."""


@verb
def keys(
    action: Annotated[Action, typer.Argument(help="add, list or remove.", metavar="add|list|remove")],
    name: Annotated[str | None, typer.Argument(help="Name of the key to add or to remove.")] = None,
    *,
    scope: Annotated[
        list[Scope] | None, typer.Option("--scope", help="What a new key may be used for; give it again for more than one.")
    ] = None,
    settings: "Settings",
) -> Outcome:
    """Make, list and remove the keys that callers of the service send.

    A key is shown once, when it is made; what is kept is its hash. A service that runs takes a new key at once, and one that was
    removed no longer.
    """
    return done_with_keys(action, name, scope, settings)


def done_with_keys(action: Action, name: str | None, scope: list[Scope] | None, settings: "Settings") -> Outcome:
    """Return the outcome; raises InputError for what the action does not take."""
    if action is Action.LIST:
        if name or scope:
            raise InputError("keys list takes neither a name nor a scope", hint="see 'santander keys --help'")
        return _listed(list(read_keys(keys_file(settings)).values()))
    if name is None:
        raise InputError(f"keys {action}: the name of the key is missing", hint=f"such as 'santander keys {action} branch-app'")
    if action is Action.REMOVE:
        if scope:
            raise InputError("keys remove takes no scope", hint="see 'santander keys --help'")
        removed = remove_key(settings, name)
        return Outcome(KeysPayload([_named(removed)]), [f"key {name} removed: it opens nothing any more"])
    if not scope:
        raise InputError(
            f"keys add {name}: what the key may be used for is missing", hint=f"give --scope: {', '.join(Scope)} (which is all)"
        )
    key, text = add_key(settings, name, scope)
    shown = [f"key {name} ({', '.join(key.scopes)}), shown this once:", text]
    return Outcome(KeysPayload([_named(key)], text), shown)


def _named(key: Key) -> NamedKey:
    return NamedKey(key.name, [str(scope) for scope in key.scopes], key.made_at)


def _listed(keys: list[Key]) -> Outcome:
    from rich.table import Table

    payload = KeysPayload([_named(key) for key in keys])
    if not keys:
        return Outcome(payload, ["no keys: the service answers on its own machine only; 'santander keys add' makes one"])
    table = Table("key", "may", "made")
    for key in keys:
        table.add_row(key.name, ", ".join(key.scopes), key.made_at)
    text: list[Any] = [table]
    return Outcome(payload, text)
