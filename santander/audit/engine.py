"""The third engine: one DuckDB with a file of its own that goes when the audit ends."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.config.machine import cores
from santander.storage.places import remove_tree

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Engine:
    """A connection to DuckDB and the folder that is its own; ``threads`` is how many it uses."""

    connection: "DuckDBPyConnection"
    folder: Path

    def run(self, sql: str) -> None:
        """Run a statement for its effect."""
        self.connection.execute(sql)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query by the names of their columns."""
        found = self.connection.execute(sql)
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def row(self, sql: str) -> dict[str, Any]:
        """The only row of a query."""
        return self.rows(sql)[0]


@contextmanager
def open_engine(folder: Path, memory: int) -> Iterator[Engine]:
    """DuckDB with ``folder`` to itself; it never fetches an extension, and nothing of the folder stays.

    ``memory`` is how many bytes it holds before it turns to its folder of temporary files.
    What an audit that was killed left there is removed first.
    """
    import duckdb

    remove_tree(folder)
    folder.mkdir(parents=True)
    settings: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": f"{memory}B",
        "temp_directory": str(folder / "spilled"),
        "threads": cores(),
    }
    try:
        with duckdb.connect(str(folder / "audit.duckdb"), config=settings) as connection:
            yield Engine(connection, folder)
    finally:
        remove_tree(folder)


def literal(value: object) -> str:
    """A text as SQL writes it."""
    return "'" + str(value).replace("'", "''") + "'"


def union(selects: Sequence[str], otherwise: str) -> str:
    """The rows of all the queries, or of ``otherwise`` where there is none."""
    return " UNION ALL ".join(selects) if selects else otherwise
