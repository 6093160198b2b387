"""A family's own code, run over the views of a month: a SELECT by its text, a module by its function."""

import ast
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from santander.features.own.views import Views
from santander.schema.own_family import Language, OwnFamily

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


Rewrite: TypeAlias = Callable[[str], str]


@contextmanager
def result_of(family: OwnFamily, views: Views, session: "SparkSession", rewrite: Rewrite | None = None) -> Iterator["DataFrame"]:
    """Return what the family makes of the views; it can be read inside ``with`` only. Raises whatever the code raises.

    ``rewrite`` changes texts of the code before it runs: a SELECT, or the string constants of a module.
    """
    if family.language is Language.SQL:
        code = rewrite(family.code) if rewrite else family.code
        with _as_tables(views, session) as names:
            yield session.sql(query(code, names))
    else:
        with _loaded(family, rewrite) as module:
            yield module.features(views.customers, views.history)


HEADER_LINES = 1
"""Lines of the query before the first one of the SELECT."""


def query(select: str, names: "ViewNames | None" = None) -> str:
    """Return the query in which a SELECT finds the views by their names, whatever else in the session is called so."""
    customers, history = names or _new_names()
    named = f"customers AS (TABLE {customers}), history AS (TABLE {history})"
    return f"WITH {named} SELECT * FROM (\n{select}\n)"  # noqa: S608  (the user's own SELECT)


ViewNames: TypeAlias = tuple[str, str]


def _new_names() -> ViewNames:
    """Return names for the two views that nothing else has; all are of one length, so that places in queries are alike."""
    own = f"own_{uuid.uuid4().hex}"
    return f"{own}_customers", f"{own}_history"


@contextmanager
def _as_tables(views: Views, session: "SparkSession") -> Iterator[ViewNames]:
    """Give the views names in the session, until left."""
    names = _new_names()
    try:
        for name, frame in zip(names, (views.customers, views.history), strict=True):
            frame.createOrReplaceTempView(name)
        yield names
    finally:
        for name in names:
            session.catalog.dropTempView(name)


@contextmanager
def _loaded(family: OwnFamily, rewrite: Rewrite | None) -> Iterator[ModuleType]:
    """Run the module anew, so that nothing is left in it from another month, and send it to workers by value until left.

    Nothing else beside the file can be imported by it that could not be imported before.
    """
    from pyspark import cloudpickle

    pickle: Any = cloudpickle
    name = f"_own_family_{family.name}_{uuid.uuid4().hex}"  # its own, so that a former one is not found by it
    module = ModuleType(name)
    module.__file__ = str(family.file)
    tree = ast.parse(family.file.read_bytes(), str(family.file))
    for node in ast.walk(tree):
        if rewrite and isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = rewrite(node.value)
    sys.modules[name] = module
    try:
        pickle.register_pickle_by_value(module)
        exec(compile(tree, str(family.file), "exec"), module.__dict__)  # noqa: S102  (the user's own file)
        yield module
    finally:
        pickle.unregister_pickle_by_value(module)
        del sys.modules[name]
