"""What people see: verbs run for real on one small bank, in terminals of several widths and without one.

    python -m tests.cli.take_screens

writes the recorded screens in ``tests/cli/screens`` anew. The bank is the folder of the former release (``test_former_release``):
its figures and moments stand in its files, so a screen is the same on every machine. Each verb runs in a fork of one process
that has imported what they need, or, where the encoding is set, in a process of its own.
"""

import fcntl
import importlib
import os
import pty
import struct
import sys
import tarfile
import tempfile
import termios
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

RECORDED = Path(__file__).with_name("screens")
FORMER = Path(__file__).parents[1] / "data" / "former_release.tar.xz"
SANTANDER = Path(sys.executable).with_name("santander")


@dataclass(frozen=True)
class Screen:
    """A verb with its options, the columns of the terminal (None: the output is piped), and variables of the environment."""

    words: str
    columns: int | None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_encoding(self) -> bool:
        """Whether it sets what an interpreter reads when it starts."""
        return bool(self.environment.keys() & {"PYTHONIOENCODING", "LC_ALL"})


ASCII = {"PYTHONIOENCODING": "ascii"}
C_LOCALE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
SCREENS: dict[str, Screen] = {
    **{f"overview-{width}": Screen("", width) for width in (40, 80, 120)},
    **{f"help-{width}": Screen("--help", width) for width in (80, 120)},
    **{f"run-help-{width}": Screen("run --help", width) for width in (60, 80)},
    **{f"status-{width}": Screen("status", width) for width in (40, 60, 80, 120)},
    **{f"models-{width}": Screen("models", width) for width in (40, 80, 120)},
    "overview-piped": Screen("", None),
    "status-piped": Screen("status", None),
    "status-no-color": Screen("status", 80, {"NO_COLOR": "1"}),
    "status-ascii": Screen("status", 60, ASCII),
    "generate-help-c-locale": Screen("generate --help", None, C_LOCALE),
}


def unpacked(folder: Path) -> Path:
    """Return the data folder of the bank, made below this folder."""
    with tarfile.open(FORMER) as packed:
        packed.extractall(folder / "bank", filter="data")
    return folder / "bank"


def take(data: Path, out: Path) -> None:
    """Write what each screen shows to a file of its name, as the terminal would get it."""
    for name in [name for name in os.environ if name.startswith(("SANTANDER_", "COLUMNS", "NO_COLOR", "FORCE_COLOR"))]:
        del os.environ[name]
    os.environ |= {"SANTANDER_DATA_DIR": str(data), "TERM": "xterm-256color", "PATH": f"{SANTANDER.parent}:{os.environ['PATH']}"}
    for module in ("mlflow.store.model_registry.sqlalchemy_store", "mlflow.store.tracking.sqlalchemy_store", "rich.table"):
        importlib.import_module(module)
    for module in ("santander.cli.app", "santander.pipeline.status", "santander.registry.listing"):
        importlib.import_module(module)
    _shown(Screen("status", None))  # says once that the folder lies elsewhere now
    out.mkdir(parents=True, exist_ok=True)
    for name, screen in SCREENS.items():
        (out / f"{name}.txt").write_bytes(_shown(screen))


def _shown(screen: Screen) -> bytes:
    reading, writing = os.pipe() if screen.columns is None else pty.openpty()
    if screen.columns is not None:
        fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", 40, screen.columns, 0, 0))
    child = os.fork()
    if not child:
        os.close(reading)
        for stream in (1, 2):
            os.dup2(writing, stream)
        _become(screen)
    os.close(writing)
    shown = b""
    with os.fdopen(reading, "rb", buffering=0) as terminal:
        try:
            while part := terminal.read(1 << 16):
                shown += part
        except OSError:  # how a terminal of Linux ends
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown.decode()
    return shown


def _become(screen: Screen) -> None:
    """Be the command, and end with it."""
    words = ["santander", *screen.words.split()]
    if screen.has_encoding:
        os.execve(SANTANDER, words, {**os.environ, **screen.environment})  # noqa: S606
    from santander.cli.app import main

    os.environ |= screen.environment
    sys.argv = words
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8")  # type: ignore[misc]  # knew another kind of file
    sys.stderr = os.fdopen(2, "w", encoding="utf-8")
    try:
        main()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:  # noqa: BLE001  (a fork must not go on as its parent would)
        traceback.print_exc()
    os._exit(1)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        take(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            take(unpacked(Path(folder)), Path(folder) / "taken")
            from tests.cli.test_screens import as_read

            RECORDED.mkdir(exist_ok=True)
            for recorded in RECORDED.glob("*.txt"):
                recorded.unlink()
            for name in SCREENS:
                text = as_read((Path(folder) / "taken" / f"{name}.txt").read_bytes())
                (RECORDED / f"{name}.txt").write_text(text)
