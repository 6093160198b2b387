"""The ``santander`` command: every verb is a function of a file in ``jobs/``, declared once with ``@verb``.

A verb takes the settings and its own options and returns an Outcome. The decorator adds the four options that
all verbs share, turns errors into one line and an exit code, and prints the outcome for people or as JSON.
"""

import errno
import functools
import importlib
import inspect
import json
import logging
import os
import pkgutil
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from santander.cli.commands_to_copy import with_options
from santander.engine.ending import end_by, end_by_signals, end_with, hand_over
from santander.errors import SantanderError, is_out_of_space, telling_line

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger("santander")

_SQLITE_IO = "disk I/O error"
_NO_ROOM = 1 << 20
OUT_OF_SPACE = "no space left on the disk: nothing that was there is lost; make room and run the same command again"

# typer carries its own copy of click and exports only this one of click's errors
_UsageError: Any = typer.BadParameter.__mro__[1]

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
_SHARED_OPTIONS: dict[str, Any] = {"data_dir": DataDir, "state_dir": StateDir, "master": Master, "json": Json}


@dataclass(frozen=True)
class Outcome:
    """What a verb found: ``payload`` is its JSON object, ``text`` what a person reads (texts, or rich's renderables)."""

    payload: dict[str, Any]
    text: list[Any] = field(default_factory=list)
    exit_code: int = 0
    error: SantanderError | None = None
    """What the verb has to complain of once its result is shown: its one line and its exit code."""


Verb = Callable[..., Outcome]

_options: dict[str, Any] = {}
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
        chosen = {name: before_verb.get(name) if value is None else value for name, value in given.items()}
        as_json = bool(chosen.pop("json"))
        _options.update(chosen)
        from santander.config.folders import check_folders, only_looks
        from santander.config.settings import Settings
        from santander.relocation.settle import settled

        settings = Settings.load(**chosen)
        named = chosen["data_dir"] is not None or "SANTANDER_DATA_DIR" in os.environ
        check_folders(function.__name__, settings, named=named)
        with _telling_of_the_disk(settings), settled(settings, noting=not only_looks(function.__name__)):
            outcome = function(settings=settings, **options)
        _show(outcome, as_json=as_json)
        if outcome.error is not None:
            raise outcome.error
        if outcome.exit_code:
            raise typer.Exit(outcome.exit_code)

    # typer reads the signature and the annotations, which functools.wraps copied from the undecorated function
    parameters = [context, *own, *shared]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    del command.__wrapped__
    return command


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


def main() -> None:
    """Entry point of ``santander``."""
    end_by_signals()
    app = _new_app()

    @app.callback(help="Clean the monthly customer records, build features, train, and recommend seven products a customer.")
    def shared_options(
        ctx: typer.Context,
        data_dir: DataDir = None,
        state_dir: StateDir = None,
        master: Master = None,
        json: Json = None,
    ) -> None:
        ctx.obj = {"data_dir": data_dir, "state_dir": state_dir, "master": master, "json": json}

    import jobs

    for module in pkgutil.iter_modules(jobs.__path__):
        command = getattr(importlib.import_module(f"jobs.{module.name}"), module.name)
        app.command(module.name.replace("_", "-"))(command)
    run_app(app)


def main_of(command: Callable[..., None]) -> None:
    """Entry point of one ``jobs/VERB.py`` run as a file."""
    end_by_signals()
    app = _new_app()
    app.command()(command)
    run_app(app)


def _new_app() -> typer.Typer:
    return typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def run_app(app: typer.Typer) -> None:
    """Run and leave the process: 0 done, 2 bad input or usage, 1 anything else; one line for every error."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S"
    )
    log.setLevel(logging.INFO)
    try:
        code = app(standalone_mode=False)
        hand_over()
    except SantanderError as error:
        _fail(with_options(str(error), _options), error.exit_code)
    except _UsageError as error:
        _fail(f"{error.format_message()} (see --help)", 2)
    except (KeyboardInterrupt, typer.Abort) as error:
        if isinstance(error.__context__ or error, KeyboardInterrupt):  # by a library's own handler, such as PySpark's
            end_by(signal.SIGINT)
        _fail("interrupted", 1)
    except Exception as error:  # noqa: BLE001  (the last resort: a user sees one line, never a trace unasked)
        if os.environ.get("SANTANDER_DEBUG"):
            traceback.print_exc()
        if is_out_of_space(error):
            _fail(f"{OUT_OF_SPACE} ({telling_line(error)})", 1)
        _fail(f"{telling_line(error)} (set SANTANDER_DEBUG=1 for the trace)", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    end_with(" ".join(message.split()), code)


def _show(outcome: Outcome, *, as_json: bool) -> None:
    with suppress(BrokenPipeError, SystemExit):  # who reads has seen enough; rich would leave the process
        if as_json:
            print(json.dumps(outcome.payload, default=str))
            return
        from rich.console import Console

        console = Console(width=None if sys.stdout is not None and sys.stdout.isatty() else 120)
        for part in outcome.text:
            if isinstance(part, str):  # names of files may hold what rich takes for markup, and are copied from the screen whole
                console.print(part, markup=False, soft_wrap=True)
            else:
                console.print(part)
