"""Landing files to monthly parquet, DuckDB: a COPY of a SELECT over read_csv, partitioned by month.

The SELECT compares texts with the spellings that the files use; rows it doubts go to a partition of their own.
"""

import shutil
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import duckdb
from peers.duckdb_sql.rules import doubt_of, flag_of, value_of
from peers.rules import COLUMNS, HOLDS, PRODUCT_COLUMNS, PROFILE_COLUMNS, Column, columns_of, landing_files
from peers.settling import Doubts, Key, settle

_IN_DOUBT = "snapshot_date=__HIVE_DEFAULT_PARTITION__"
"""Where COPY puts rows without a date: a row in doubt gets none."""


def ingest(raw: Path, out: Path) -> None:
    """Write customers by month, quarantine and the counts of each month."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / "customers"
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        files = landing_files(raw)
        everything = " UNION ALL ".join(_rows(path) for path in files)
        con.execute(f"COPY ({everything}) TO '{target}' (FORMAT parquet, PARTITION_BY (snapshot_date))")
        doubts: Doubts = {}
        if (target / _IN_DOUBT).is_dir():
            shutil.rmtree(target / _IN_DOUBT)
            doubts = {index: _doubtful(con, path) for index, path in enumerate(files)}
        settle(raw, out, doubts, partial(_repeated, con, target), partial(_leave_out, con, target))


def _rows(path: Path) -> str:
    """Rows of customers; the snapshot date is null where the row is in doubt."""
    columns = columns_of(path)
    shown = [f"v_{column.name} AS {column.name}" for column in PROFILE_COLUMNS[1:]]
    if len(columns) == len(COLUMNS):
        shown += [f"(v_{name} = 1) AS {name}" for name in HOLDS]
        held = " + ".join(f"if(v_{name} = 1, {1 << bit}, 0)" for bit, name in enumerate(HOLDS))
    else:
        shown += [f"NULL::BOOLEAN AS {name}" for name in HOLDS]
        held = "NULL"
    return f"""
        SELECT {", ".join(shown)}, ({held})::INTEGER AS holdings, CASE WHEN NOT in_doubt THEN v_snapshot_date END AS snapshot_date
        FROM ({_judged(columns, _csv(path, columns))})"""


def _judged(columns: Sequence[Column], source: str, also: str = "") -> str:
    """The values of all columns and whether any of them is in doubt."""
    values = [f"{flag_of(c) if c in PRODUCT_COLUMNS else value_of(c)} AS v_{c.name}" for c in columns]
    doubts = [f"coalesce({doubt_of(column)}, false)" for column in PROFILE_COLUMNS]
    if len(columns) == len(COLUMNS):
        doubts.append("coalesce(greatest(" + ", ".join(f"v_{name}" for name in HOLDS) + ") = 2, false)")
    return f"SELECT *, {' OR '.join(doubts)} AS in_doubt FROM (SELECT *, {', '.join(values)} {also} FROM {source})"


def _csv(path: Path, columns: Sequence[Column], more: str = "") -> str:
    types = ", ".join(f"'{column.source}': 'VARCHAR'" for column in columns)
    dialect = """header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '\\0'"""
    return f"read_csv('{path}', {dialect}, columns = {{{types}}}{more})"


def _doubtful(con: duckdb.DuckDBPyConnection, path: Path) -> set[int]:
    columns = columns_of(path)
    numbered = f"(SELECT *, row_number() OVER () + 1 AS line FROM {_csv(path, columns, ', parallel = false')})"
    found = con.execute(f"SELECT line FROM ({_judged(columns, numbered)}) WHERE in_doubt").fetchall()
    return {line for (line,) in found}


def _repeated(con: duckdb.DuckDBPyConnection, target: Path, more: Iterable[Key]) -> list[Key]:
    """Keys that occur more than once."""
    con.execute("CREATE OR REPLACE TEMP TABLE more (date DATE, customer_id BIGINT)")
    if others := list(more):
        con.executemany("INSERT INTO more VALUES (?, ?)", others)
    return con.execute(f"""
        SELECT date::VARCHAR, customer_id FROM (
            SELECT snapshot_date AS date, customer_id FROM read_parquet('{target}/*/*.parquet', hive_partitioning = true)
            UNION ALL FROM more)
        GROUP BY ALL HAVING count(*) > 1""").fetchall()


def _leave_out(con: duckdb.DuckDBPyConnection, target: Path, date: str, customers: set[int]) -> None:
    """Write the files of a month anew without some customers."""
    for file in (target / f"snapshot_date={date}").glob("*.parquet"):
        kept = file.with_suffix(".kept")
        ids = ", ".join(map(str, customers))
        source = f"read_parquet('{file}', hive_partitioning = false)"
        con.execute(f"COPY (FROM {source} WHERE customer_id NOT IN ({ids})) TO '{kept}' (FORMAT parquet)")
        kept.rename(file)
