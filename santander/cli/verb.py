"""A verb of the command line, declared once with ``@verb``: what all verbs share is written here.

A verb takes the settings and its own options and returns an Outcome. The decorator adds the shared options, reads the
settings, asks whether the folders can be used, and prints the outcome for people or as JSON.
"""

import errno
import functools
import inspect
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.refusal import with_options
from santander.errors import SantanderError
from santander.logs.terminal import Loudness, complete_lines, show_on_terminal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from santander.config.settings import Settings

MonthOption = Annotated[str | None, typer.Option("--month", help="One month, written 2015-06.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First month of a range, written 2015-06.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last month of a range, written 2015-06.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Take other files than those of its bank into the data folder of a synthetic bank.")
]


_SQLITE_IO = "disk I/O error"
_NO_ROOM = 1 << 20
"""Free bytes below which SQLite's disk I/O error means a full disk."""

DataDir = Annotated[
    str | None, typer.Option(help="Folder of raw files, tables and submissions [env SANTANDER_DATA_DIR; default: data].")
]
StateDir = Annotated[
    str | None, typer.Option(help="Local folder of registries, locks, logs [env SANTANDER_STATE_DIR; default: DATA_DIR/state].")
]
Master = Annotated[
    str | None, typer.Option(help="Engine that runs the data work [env SANTANDER_MASTER; default: sail, embedded].")
]
Json = Annotated[
    bool | None, typer.Option("--json", help="Print the result as one JSON object on the last line of standard output.")
]
Verbose = Annotated[bool | None, typer.Option("--verbose", help="Show details too, and what libraries say.")]
Quiet = Annotated[bool | None, typer.Option("--quiet", help="Show the result, warnings and errors, and nothing on the way.")]
_SHARED_OPTIONS: dict[str, Any] = {
    "data_dir": DataDir, "state_dir": StateDir, "master": Master, "json": Json, "verbose": Verbose, "quiet": Quiet,
}  # fmt: skip

_LOUD = ("verbose", "quiet")


@dataclass(frozen=True)
class Outcome:
    """What a verb found: ``payload`` is its JSON object, ``text`` what a person reads (texts, or rich's renderables)."""

    payload: "DataclassInstance"
    """A frozen dataclass whose fields are the keys of the object; ``santander/schema/records.py`` writes it."""
    text: list[Any] = field(default_factory=list)
    exit_code: int = 0
    error: SantanderError | None = None
    """What the verb has to complain of once its result is shown: its one line and its exit code."""


Verb = Callable[..., Outcome]

TYPED_OPTIONS: dict[str, Any] = {}
"""The shared options of the command that this process runs, as they were typed."""


def verb(function: Verb) -> Callable[..., None]:
    """Declare a verb. The function's first parameter is ``settings``; the others become its options."""
    own = [p for p in inspect.signature(function).parameters.values() if p.name != "settings"]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _SHARED_OPTIONS.items()
    ]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)

    @functools.wraps(function)
    def command(ctx: typer.Context, **options: Any) -> None:
        before_verb = ctx.obj or {}
        given = {name: options.pop(name) for name in _SHARED_OPTIONS}
        if (loudness := _loudness(given) or _loudness(before_verb)) is not None:
            show_on_terminal(loudness)
        chosen = {name: before_verb.get(name) if value is None else value for name, value in given.items() if name not in _LOUD}
        as_json = bool(chosen.pop("json"))
        TYPED_OPTIONS.update(chosen)
        complete_lines(partial(with_options, options=TYPED_OPTIONS))
        from santander.cli.logged import logged
        from santander.config.folders import check_folders, only_looks
        from santander.config.settings import Settings
        from santander.relocation.settle import settled

        settings = Settings.load(**chosen)
        named = chosen["data_dir"] is not None or "SANTANDER_DATA_DIR" in os.environ
        check_folders(function.__name__, settings, named=named)
        looks = only_looks(function.__name__)
        with (
            logged(function.__name__, settings, options) as ended,
            _telling_of_the_disk(settings),
            settled(settings, noting=not looks),
        ):
            outcome = function(settings=settings, **options)
            ended.exit_code, ended.error = outcome.exit_code, outcome.error
        _show(outcome, as_json=as_json)
        if outcome.error is not None:
            outcome.error.in_result = True
            raise outcome.error
        if outcome.exit_code:
            raise typer.Exit(outcome.exit_code)

    # typer reads the signature and the annotations, which functools.wraps copied from the undecorated function
    parameters = [context, *own, *shared]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    del command.__wrapped__
    return command


def _loudness(options: Mapping[str, Any]) -> Loudness | None:
    """What the options ask for, None where they are silent; raises a usage error for both at once."""
    if options.get("verbose") and options.get("quiet"):
        raise typer.BadParameter("--verbose and --quiet say the opposite: give one of them")
    if options.get("verbose"):
        return Loudness.VERBOSE
    return Loudness.QUIET if options.get("quiet") else None


@contextmanager
def _telling_of_the_disk(settings: "Settings") -> Iterator[None]:
    """Say that there is no room where SQLite calls it a disk I/O error, and which folder it is that cannot be written."""
    try:
        yield
    except Exception as error:
        if _SQLITE_IO in str(error) and shutil.disk_usage(settings.state).free < _NO_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(settings.state)) from error
        from santander.config.folders import unwritable

        if not isinstance(error, SantanderError) and (line := unwritable(error, settings)) is not None:
            raise line from error
        raise


def _show(outcome: Outcome, *, as_json: bool) -> None:
    with suppress(BrokenPipeError, SystemExit):  # who reads has seen enough; rich would leave the process
        if as_json:
            from santander.schema.records import plain

            print(json.dumps(plain(outcome.payload)))
            return
        from santander.cli.screen import show

        show(outcome.text, options=TYPED_OPTIONS)
