"""Counts of replays, and corrections that name a line of a file by its old number."""

import datetime as dt
from typing import Any

from santander.config.settings import Settings
from santander.forget.accounts import Accounts, Rewritten
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE
from santander.schema.months import Month

OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64
MAY = Month(2016, 5)


def ingestion(ingestion_id: str, sha256: str, mode: str, read: int, kept: int, inserted: int, minute: int) -> dict[str, Any]:
    return {
        "ingestion_id": ingestion_id, "file": "f.csv", "file_sha256": sha256, "month": str(MAY), "has_products": True,
        "read": read, "kept": kept, "quarantined_rows": read - kept, "rows_with_quarantined_values": 0, "mode": mode,
        "inserted": inserted,
        "ingested_at": dt.datetime(2026, 1, 1, 0, minute, tzinfo=dt.UTC),
    }  # fmt: skip


def quarantined(sha256: str, line: int, raw: str, customer_id: int | None = None) -> dict[str, Any]:
    return {
        "ingestion_id": "1", "file": "f.csv", "file_sha256": sha256, "month": str(MAY), "line": line, "scope": "row",
        "reason": "bad_product_flag", "raw": raw, "customer_id": customer_id,
    }  # fmt: skip


def test_what_a_replay_inserted_is_what_the_month_has_beyond_its_files(settings: Settings) -> None:
    lake = Lake(settings)
    lake.append_rows(CUSTOMERS, [{"customer_id": each, "snapshot_date": MAY.snapshot} for each in (1, 2, 3)])
    lake.append_rows(INGESTIONS, [ingestion("1", OLD, "replace", 2, 2, 2, 1), ingestion("2", OTHER, "merge", 3, 3, 2, 2)])
    accounts = Accounts(lake)
    accounts.settle_inserted()
    accounts.save()
    inserted = {row["ingestion_id"]: row["inserted"] for row in Lake(settings).rows(INGESTIONS)}
    assert inserted == {"1": 2, "2": 1}


def test_a_correction_names_its_line_by_the_number_it_has_now(settings: Settings) -> None:
    lake = Lake(settings)
    lake.append_rows(INGESTIONS, [ingestion("1", OLD, "replace", 9, 6, 6, 1)])
    lake.append_rows(
        QUARANTINE,
        [
            quarantined(OLD, 4, "x"),
            quarantined(OLD, 7, "y", 15889),
            quarantined(OTHER, 2, f'"{OLD[:16]}:7",2016-05-28,15889'),
            quarantined(OTHER, 3, f"{OTHER[:16]}:7,2016-05-28,15890"),
        ],
    )
    accounts = Accounts(lake)
    accounts.follow(Rewritten("f.csv", OLD, NEW, {4: str(MAY), 5: str(MAY)}))
    accounts.save()
    rows = sorted((row["file_sha256"], row["line"], row["raw"]) for row in Lake(settings).rows(QUARANTINE))
    assert rows == [
        (NEW, 5, "y"),
        (OTHER, 2, f'"{NEW[:16]}:5",2016-05-28,15889'),
        (OTHER, 3, f"{OTHER[:16]}:7,2016-05-28,15890"),
    ]
    (marker,) = Lake(settings).rows(INGESTIONS)
    assert (marker["file_sha256"], marker["read"], marker["kept"], marker["quarantined_rows"]) == (NEW, 7, 6, 1)
