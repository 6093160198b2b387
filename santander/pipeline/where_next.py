"""What a run has made and where it lies, with commands to look at it that work in the folder where they were printed."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from santander.storage.places import Place

_MAKEFILE = Path(__file__).resolve().parents[2] / "Makefile"
"""That of the checkout; there is none beside a package that was installed from a wheel."""


def where_next(data: Place, state: Path, submission: str | None, makefile: Path = _MAKEFILE) -> str:
    """Return a line for each thing; the notebooks are left out where the code is no checkout."""
    programs = Path(sys.executable).parent
    own_state = [] if state == data / "state" else ["--state-dir", str(state)]
    in_state = {"SANTANDER_STATE_DIR": str(state)} if own_state else {}
    mlflow = [str(programs / "python"), "-m", "santander.registry.review_page", "5000"]
    has_checkout = makefile.is_file()
    lines = {
        "submission": submission or "-",
        "Delta tables": f"{data / 'lake'}",
        "data quality": f"{data / 'quality' / 'index.html'}",
        "models": _command({"STATE": str(state)}, _make("mlflow", makefile.parent) if has_checkout else mlflow),
        "notebooks": _command({"SANTANDER_DATA_DIR": str(data)} | in_state, _make("notebook", makefile.parent)),
        "what is there": shlex.join([str(programs / "santander"), "status", "--data-dir", str(data), *own_state]),
    }
    return "\n".join(f"{name:<16}{line}" for name, line in lines.items() if name != "notebooks" or has_checkout)


def _command(variables: Mapping[str, str], words: list[str]) -> str:
    """Folders stand in variables of the environment: in an argument of make a ``$`` would begin a variable of its own."""
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in variables.items()), shlex.join(words)])


def _make(target: str, checkout: Path) -> list[str]:
    return ["make", target] if Path.cwd() == checkout else ["make", "-C", str(checkout), target]
