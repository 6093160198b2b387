"""Lines of a landing file as the audit reads them, with DuckDB and rules of its own: the judge of the cleaning."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from santander.audit.engine import Engine
from santander.audit.landing_copy import ready_copy
from santander.audit.reading import read_lines
from santander.audit.rules import PRODUCTS, PROFILE
from santander.config.settings import Settings

SPELLINGS = Settings.load().ingest.null_spellings
_COMPARED = ("reason", "counted_month", "snapshot_date", "customer_id", *(field.name for field in PROFILE), "holdings", "unknown")


def judged(engine: Engine, file: Path, spellings: tuple[str, ...] = SPELLINGS) -> dict[int, dict[str, Any]]:
    """What the audit makes of each line of a file, by line number; texts are hashes."""
    copy = ready_copy(str(file), hashlib.sha256(file.read_bytes()).hexdigest(), file.parent, engine.folder)
    read_lines(engine, copy, "lines", set(), spellings)
    rows = engine.rows("SELECT *, rowid + 1 AS line FROM lines WHERE rowid > 0")
    return {row.pop("line"): _of_line(row) for row in rows}


def _of_line(row: dict[str, Any]) -> dict[str, Any]:
    bad = {(each["column"], each["reason"], each["text_hash"]) for each in row.pop("bad_values") or ()}
    text = row.pop("text_hash")
    if row["reason"] is None:
        return row | {"bad": bad}
    return {"reason": row["reason"], "counted_month": row["counted_month"], "text": text}


def as_judged(engine: Engine, staged: Iterable[Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
    """Staged lines of the library in the form of ``judged``."""
    rows = list(staged)
    texts = {row["row_raw"] for row in rows} | {each["raw"] for row in rows for each in row["bad_values"] or ()}
    engine.connection.register("texts", pa.table({"text": pa.array(sorted(texts - {None}), pa.string())}))
    hashes = {row["text"]: row["hashed"] for row in engine.rows("SELECT text, hash(text) AS hashed FROM texts")}
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        if row["row_reason"] is not None:
            texts_of_row = {"counted_month": row["row_month"], "text": hashes[row["row_raw"]]}
            found[row["line"]] = {"reason": row["row_reason"]} | texts_of_row
            continue
        delivered = row["holdings"] is not None
        unknown = sum(1 << bit for bit, (_, name) in enumerate(PRODUCTS) if row[name] is None) if delivered else None
        held = sum(1 << bit for bit, (_, name) in enumerate(PRODUCTS) if row[name]) if delivered else None
        assert held == row["holdings"]
        bad = {(each["column"], each["reason"], hashes[each["raw"]]) for each in row["bad_values"] or ()}
        said = {"reason": None, "counted_month": None, "unknown": unknown, "bad": bad}
        found[row["line"]] = {name: said[name] if name in said else row[name] for name in _COMPARED} | {"bad": bad}
    return found
