"""The tables as DuckDB reads them: the parquet files of their latest version, without the engine that wrote them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from santander.audit.engine import Engine, literal
from santander.audit.rules import PRODUCTS, PROFILE
from santander.lake.lake import Lake
from santander.schema.catalogue import PARTITION, QUARANTINE, Table
from santander.storage.spelling import plain_path


def files_by_month(lake: Lake, table: Table) -> dict[str, list[str]]:
    """The parquet files of each month of a table, by what its log says; empty when there is no such table."""
    if not lake.exists(table):
        return {}
    actions = lake.delta(table).get_add_actions(flatten=True).select(["path", f"partition.{PARTITION}"])
    paths, dates = (actions.column(i).to_pylist() for i in range(2))
    found: dict[str, list[str]] = {}
    folder = _folder(lake, table)
    for path, date in zip(paths, dates, strict=True):
        found.setdefault(str(date)[:7], []).append(str(folder / unquote(path)))
    return dict(sorted(found.items()))


def files(lake: Lake, table: Table) -> list[str]:
    """The parquet files of a table that is not monthly; none when there is no such table."""
    if not lake.exists(table):
        return []
    paths = lake.delta(table).get_add_actions(flatten=True).column("path").to_pylist()
    return [str(_folder(lake, table) / unquote(path)) for path in paths]


def _folder(lake: Lake, table: Table) -> Path:
    """The folder of a table under a name that DuckDB takes for no pattern."""
    return plain_path(Path(lake.path(table)))


def parquet(files: Sequence[str]) -> str:
    """A table expression for some parquet files."""
    return f"read_parquet([{', '.join(map(literal, files))}], hive_partitioning = false, union_by_name = true)"


def customers(files: Mapping[str, Sequence[str]], month: str) -> str:
    """A query for the customers of a month with the columns of the source, the 24 flags and ``mask`` made of these.

    ``holdings`` is the column of the table, which should be the same as ``mask``.
    """
    profile = ", ".join(f"CAST({field.name} AS {field.sql_type}) AS {field.name}" for field in PROFILE)
    names = [name for _, name in PRODUCTS]
    delivered = "num_nulls_of_flags < 24 OR holdings IS NOT NULL"
    nulls = " + ".join(f"CAST({name} IS NULL AS INTEGER)" for name in names)
    mask = " | ".join(f"CASE WHEN {name} THEN {1 << bit} ELSE 0 END" for bit, name in enumerate(names))
    unknown = " | ".join(f"CASE WHEN {name} IS NULL THEN {1 << bit} ELSE 0 END" for bit, name in enumerate(names))
    return (
        f"(SELECT customer_id, {profile}, CAST(holdings AS INTEGER) AS holdings, "
        f"CASE WHEN {delivered} THEN CAST({mask} AS INTEGER) END AS mask, "
        f"CASE WHEN {delivered} THEN CAST({unknown} AS INTEGER) END AS unknown "
        f"FROM (SELECT *, {nulls} AS num_nulls_of_flags FROM {parquet(files[month])}))"
    )


def load_quarantine(engine: Engine, lake: Lake) -> None:
    """Make the table ``quarantine`` of DuckDB from the lake's, its texts hashed."""
    columns = 'file_sha256 VARCHAR, month VARCHAR, line BIGINT, scope VARCHAR, reason VARCHAR, "column" VARCHAR'
    engine.run(f"CREATE TABLE quarantine ({columns}, text_hash UBIGINT)")
    if there := files(lake, QUARANTINE):
        hashed = "CASE WHEN raw IS NOT NULL THEN hash(raw) END"
        engine.run(
            f'INSERT INTO quarantine SELECT file_sha256, month, line, scope, reason, "column", {hashed} FROM {parquet(there)}'
        )
