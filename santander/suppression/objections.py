"""Who objects to marketing: keyed hashes of ids in the table ``objections``, made with the key of the list of the erased."""

import datetime as dt
import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from santander.schema.catalogue import OBJECTIONS
from santander.suppression.suppression_list import SuppressionList, keyed_list

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake


def objectors(settings: "Settings", lake: "Lake", *, make_key: bool = False) -> SuppressionList:
    """Return those whose objection stands; with ``make_key`` a first key is made where neither list has anybody.

    Raises InputError when their key is missing or another one: nobody could tell to whom nothing may be offered.
    """
    standing = [row["digest"] for row in lake.rows(OBJECTIONS) if row["withdrawn_at"] is None]
    return keyed_list(settings, lake, standing, make_key=make_key)


def objections_print(lake: "Lake") -> str:
    """Return a text that changes with every objection and every withdrawal; the same for ever where there was none."""
    rows = sorted(f"{row['digest']} {row['objected_at']} {row['withdrawn_at']}" for row in lake.rows(OBJECTIONS))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest() if rows else ""


def object_to_marketing(lake: "Lake", digests: Collection[str]) -> None:
    """Record an objection for each of these digests."""
    now = dt.datetime.now(dt.UTC)
    lake.append_rows(OBJECTIONS, [{"digest": each, "objected_at": now, "withdrawn_at": None} for each in sorted(digests)])


def withdraw_objections(lake: "Lake", digests: Collection[str]) -> None:
    """Mark the objections of these digests that stand as withdrawn now."""
    now = dt.datetime.now(dt.UTC)

    def settled(row: dict[str, Any]) -> dict[str, Any]:
        return row | {"withdrawn_at": now} if row["digest"] in digests and row["withdrawn_at"] is None else row

    lake.overwrite_rows(OBJECTIONS, [settled(row) for row in lake.rows(OBJECTIONS)])
