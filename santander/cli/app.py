"""The ``santander`` command: runs one of the verbs of ``santander/cli/verbs/``; errors become a line and an exit code."""

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import typer

from santander.cli.overview import GROUPS, GroupedVerbs, help_width
from santander.cli.refusal import Refusal, asks_for_json
from santander.cli.screen import show_in_any_encoding
from santander.cli.verb import TYPED_OPTIONS, DataDir, Json, Master, Quiet, StateDir, Verbose
from santander.engine.ending import end_by, end_by_signals, end_with, hand_over
from santander.errors import SantanderError, is_out_of_space, place_of, telling_line
from santander.logs.run_log import RunLog
from santander.logs.terminal import Loudness, show_on_terminal

OUT_OF_SPACE = "no space left on the disk: nothing that was there is lost; make room and run the same command again"

# typer carries its own copy of click and exports only this one of click's errors
_UsageError: Any = typer.BadParameter.__mro__[1]


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
        verbose: Verbose = None,
        quiet: Quiet = None,
    ) -> None:
        folders = {"data_dir": data_dir, "state_dir": state_dir, "master": master}
        ctx.obj = {**folders, "json": json, "verbose": verbose, "quiet": quiet}

    for name in (verb for group in GROUPS.values() for verb in group):
        app.command(name)(_command_of(name.replace("-", "_")))
    run_app(app)


def main_of(name: str) -> None:
    """Entry point of one ``jobs/VERB.py``: the verb in the module ``name`` of ``santander/cli/verbs``, run alone."""
    run_alone(_command_of(name))


def run_alone(command: Callable[..., None]) -> None:
    """Run a command that ``@verb`` made, as the only one of this process."""
    end_by_signals()
    app = _new_app()
    app.command(context_settings=help_width())(command)
    run_app(app)


def _command_of(name: str) -> Callable[..., None]:
    """Return the function that ``@verb`` made in a module of ``santander/cli/verbs``, which has the module's name."""
    command: Callable[..., None] = getattr(importlib.import_module(f"santander.cli.verbs.{name}"), name)
    return command


def _new_app() -> typer.Typer:
    return typer.Typer(
        cls=GroupedVerbs,
        context_settings=help_width(),
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def run_app(app: typer.Typer) -> None:
    """Run and leave the process: 0 done, 2 bad input or usage, 1 anything else; one line for every error."""
    show_in_any_encoding()
    show_on_terminal(Loudness.NORMAL)
    try:
        code = app(standalone_mode=False)
        hand_over()
    except SantanderError as error:
        _fail(Refusal.of(error, TYPED_OPTIONS), in_result=error.in_result)
    except _UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "santander"
        _fail(Refusal(f"{error.format_message()} (see --help)", 2, hint=f"see '{command} --help'"))
    except (KeyboardInterrupt, typer.Abort) as error:
        if isinstance(error.__context__ or error, KeyboardInterrupt):  # by a library's own handler, such as PySpark's
            end_by(signal.SIGINT)
        _fail(Refusal("interrupted", 1))
    except Exception as error:  # noqa: BLE001  (the last resort: a user sees one line, never a trace unasked)
        if os.environ.get("SANTANDER_DEBUG"):
            traceback.print_exc()
        if is_out_of_space(error):
            _fail(Refusal(f"{OUT_OF_SPACE} ({telling_line(error)})", 1, hint=OUT_OF_SPACE.partition("; ")[2]))
        trace = f"log with the trace: {RunLog.last}" if RunLog.last else "set SANTANDER_DEBUG=1 for the trace"
        _fail(Refusal(f"{telling_line(error)} (at {place_of(error)}; {trace})", 1))
    sys.exit(code if isinstance(code, int) else 0)


def _fail(refusal: Refusal, *, in_result: bool = False) -> NoReturn:
    """Leave with the one line, and with its object where JSON is asked for and no result of the verb has been printed."""
    refusal = replace(refusal, error=" ".join(refusal.error.split()))
    end_with(refusal.error, refusal.code, result=refusal.as_json() if asks_for_json(sys.argv[1:]) and not in_result else None)
