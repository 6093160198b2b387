"""What keeps a run from waiting for its libraries, each with what it saves; ``tests/engine/test_startup.py`` measures it again.

Seconds are processor seconds of user code on two loaded cores: of the import alone (medians of three rounds, both sides one
after the other), and of the whole command (a ``run`` that makes a bank of 2,000 customers, medians of two or three rounds; one of
a ``run`` with nothing to do and of ``status``). What no longer saves a second is to go: nothing but time depends on any of it.
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from santander.errors import InputError
from santander.schema.months import Month
from santander.storage.spelling import path_of_file, read_only_sqlite


def import_feast() -> None:
    """Import Feast without having its methods instrumented: 3.9 seconds instead of 7.4, 24.7 of a run instead of 29.1.

    Feast asks typeguard to check the arguments of its classes at every call. For that typeguard parses and compiles the source
    of each of their methods anew while Feast is imported. What the checks could find, mypy finds here. Python's own switch
    ``-O`` leaves them out as well.
    """
    if "feast" in sys.modules:
        return
    import typeguard

    instrumenting = typeguard.typechecked
    typeguard.typechecked = _as_it_is
    try:
        import feast  # noqa: F401
    finally:
        typeguard.typechecked = instrumenting


def _as_it_is(target: Any = None, **_: Any) -> Any:
    """A decorator that leaves a class or function alone, with and without arguments."""
    if target is not None:
        return target
    unchanged: Callable[[Any], Any] = lambda decorated: decorated  # noqa: E731
    return unchanged


_NOT_NEEDED = ("boto3", "botocore", "google.cloud", "google.oauth2", "pyspark.ml", "sqlalchemy", "rfc3987_syntax")
"""The last is a grammar for one format of JSON schemas, brought by the library for drawing plots."""
_LATER = frozenset({"altair", "scipy.stats"})


def import_great_expectations() -> None:
    """Import Great Expectations without what it brings for engines that are not used here: 5.0 seconds instead of 11.1.

    A run takes 24.7 seconds instead of 28.8.

    On import it tries the clients of every database and cloud it can validate in, and takes those it finds. Our batches are
    small pandas frames (docs/adr/0012), so it is told that these are not there: 3.5 seconds. Everything else in the process may
    import them as ever. Libraries for plots and statistics, which no rule of ours asks for, are loaded by whoever first looks
    into them: 2.2 seconds. Python 3.11 does not keep two threads from doing that at once: who starts threads that need one of
    them imports something out of it before.
    """
    if "great_expectations" not in sys.modules:
        with _as_if_absent(_NOT_NEEDED), _loaded_when_used(_LATER):
            import great_expectations  # noqa: F401


@contextmanager
def _as_if_absent(names: tuple[str, ...]) -> Iterator[None]:
    """Inside, importing one of these raises ImportError, unless it was imported before."""
    hidden = [name for name in names if name not in sys.modules]
    absent: dict[str, Any] = dict.fromkeys(hidden)  # None is how Python marks what cannot be imported
    sys.modules.update(absent)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def _loaded_when_used(names: frozenset[str]) -> Iterator[None]:
    """Load modules of these names, where the block imports them first, when an attribute of them is asked for."""

    class Finder(MetaPathFinder):
        def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
            spec = PathFinder.find_spec(fullname, path, target) if fullname in names else None
            if spec is not None and spec.loader is not None:
                spec.loader = LazyLoader(spec.loader)
            return spec

    finder = Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


KNOWN_SCHEMA = "dc11669786a5"
"""The revision of MLflow's schema whose tables are read here: that of the pinned release, which writes no other."""
_BUSY_SECONDS = 1.0
"""How long a commit of another process is waited for before MLflow is asked, which waits longer."""
_WORKSPACE = "default"
_OF_WORKSPACES = ("MLFLOW_ENABLE_WORKSPACES", "MLFLOW_WORKSPACE", "MLFLOW_WORKSPACE_STORE_URI")
_DELETED = "Deleted_Internal"
"""The stage in which MLflow leaves a version that was deleted; it shows none of them."""


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version: the run that made it, its tags, where its files lie, and since when it is there."""

    number: int
    run_id: str | None
    tags: Mapping[str, str]
    location: str | None
    registered_at: float
    """Seconds since 1970."""

    @property
    def target(self) -> Month | None:
        """The month that it was trained for; None for a version that does not say, which we did not make."""
        try:
            return Month.parse(self.tags["target"])
        except (KeyError, InputError):
            return None

    def folder(self) -> Path | None:
        """The folder of its files; None where they are not plain files of this machine."""
        folder = path_of_file(self.location or "")
        return folder if folder is not None and folder.is_dir() else None


@dataclass(frozen=True, slots=True)
class StoredModel:
    """The registered model as the file has it; no version and no alias where nothing was ever registered."""

    aliases: Mapping[str, int]
    versions: Mapping[int, StoredVersion]


def read_registered_model(file: Path, name: str) -> StoredModel | None:
    """The registered model as it stands in MLflow's file; None where only MLflow can say.

    Opening MLflow takes 7 to 8 seconds, the selects here a millisecond: a run with nothing to do takes 1.6 seconds instead of
    8.0, ``status`` 1.3 instead of 8.0. A run that trains opens MLflow all the same and saves nothing. MLflow is asked about
    a file of another schema, one that another process is writing, or one with workspaces. Nothing is ever written.
    """
    if any(variable in os.environ for variable in _OF_WORKSPACES):
        return None
    try:
        # what a crash left half done is for MLflow to undo
        with closing(sqlite3.connect(read_only_sqlite(file), uri=True, timeout=_BUSY_SECONDS, isolation_level=None)) as opened:
            opened.execute("BEGIN")  # all selects see one state
            return _read(opened, name)
    except sqlite3.Error:
        return None


def _read(opened: sqlite3.Connection, name: str) -> StoredModel | None:
    if opened.execute("SELECT version_num FROM alembic_version").fetchall() != [(KNOWN_SCHEMA,)]:
        return None
    if opened.execute("SELECT 1 FROM registered_models WHERE workspace <> ?", (_WORKSPACE,)).fetchone():
        return None
    ours = (_WORKSPACE, name)
    aliases = opened.execute("SELECT alias, version FROM registered_model_aliases WHERE workspace = ? AND name = ?", ours)
    tags: dict[int, dict[str, str]] = {}
    said = opened.execute("SELECT version, key, value FROM model_version_tags WHERE workspace = ? AND name = ?", ours)
    for number, key, value in said:
        tags.setdefault(int(number), {})[key] = value
    versions = opened.execute(
        "SELECT version, run_id, coalesce(storage_location, source), creation_time FROM model_versions"
        " WHERE workspace = ? AND name = ? AND current_stage <> ?",
        (*ours, _DELETED),
    )
    return StoredModel(
        {alias: int(number) for alias, number in aliases},
        {
            int(number): StoredVersion(int(number), run_id, tags.get(int(number), {}), where, (made or 0) / 1000)
            for number, run_id, where, made in versions
        },
    )
