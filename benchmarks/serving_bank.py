"""The bank that is served in the bench, and what is asked of it and of its peers."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from serving_load import Request

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.ledger.published import FOLDER
from santander.ledger.published import published as named
from santander.relocation.settle import remember, settle
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, PARTITION, Table
from santander.schema.columns import PRODUCT_COLUMNS, PROFILE_COLUMNS
from santander.schema.months import Month
from santander.serving.snapshot.folders import folder_of, months_in
from santander.serving.snapshot.reading import open_snapshot
from santander.store.packing import ONLINE_SERVICE

MONTHS = (Month(2016, 5), Month(2016, 6))
"""Those that are published of a bank made here: the last one is served."""
A_CALL = 1_000
"""Customers and records of one call for many."""
_HISTORY = 5
_ASKED = 20_000
"""Customers who are asked for, evenly drawn from the month."""
_SEED = 7


def made_bank(folder: Path, customers: int) -> Path:
    """Return a data folder with two published months, offers and reasons, made where it is not there yet."""
    data = folder / f"bank-{customers}"
    if data.is_dir():
        return data
    making = folder / f"_{data.name}"
    shutil.rmtree(making, ignore_errors=True)
    last = str(MONTHS[-1])
    _santander(making, "run", "--customers", str(customers))
    for month in map(str, MONTHS):
        if month != last:
            _santander(making, "score", "--month", month)
        _santander(making, "publish", "--month", month)
    _santander(making, "materialize", "--month", last)
    making.rename(data)
    return data


def _santander(data: Path, verb: str, *words: str) -> None:
    command = [str(Path(sys.executable).with_name("santander")), verb, "--data-dir", str(data), *words]
    settings = {"SANTANDER_REASONS__IN_OFFERS": "true", "SANTANDER_SERVING__MONTHS_KEPT": str(len(MONTHS))}
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: no bank: santander {verb}: {done.stderr.strip()[-500:]}")


def own_copy(data: Path, folder: Path) -> Settings:
    """Copy a data folder, but for its landing files, so that the answers of the bench are logged in no bank of anybody."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(data, folder, ignore=shutil.ignore_patterns("raw", "submissions", "quality", "segments"))
    settings = Settings.load(data_dir=str(folder))
    settle(settings)
    remember(settings)
    return settings


@dataclass(frozen=True)
class Bank:
    """What is published of a bank, and how it is asked."""

    settings: Settings
    month: Month
    version: int
    customers: int
    """In the month that is served."""
    months: Sequence[Month]
    """All that are published."""
    ids: Sequence[int]
    """Customers who are in all of them, in no order."""
    rows: pa.Table
    """Of ``customers`` in the month that is served, in the order of ``ids``; fewer where some are not in it."""
    histories: Sequence[dict[str, list[int]]]
    """The products of the months before, of each row."""

    @classmethod
    def of(cls, settings: Settings) -> "Bank":
        """Read it; ends this program where nothing is published."""
        published = named(settings.data)
        if published is None or not isinstance(settings.data, Path):
            sys.exit(f"error: nothing is published in {settings.data}: run 'santander publish' first")
        months = months_in(settings.data / FOLDER)
        snapshots = {month: open_snapshot(Path(str(folder_of(settings.data, month)))) for month in months}
        served = snapshots[published.month]
        everywhere = np.asarray(served.ids)
        for snapshot in snapshots.values():
            everywhere = everywhere[np.isin(everywhere, snapshot.ids)]
        ids = np.random.default_rng(_SEED).permutation(everywhere)[:_ASKED]
        lake = Lake(settings)
        rows = _of_customers(lake, CUSTOMERS, published.month, [each.name for each in PROFILE_COLUMNS], ids)
        histories = _histories(lake, published.month, rows["customer_id"].to_pylist())
        return cls(settings, published.month, served.version, len(served.ids), months, ids.tolist(), rows, histories)

    def lookups(self) -> list[Request]:
        """Return a request for each customer."""
        return [Request(f"/v1/customers/{each}/recommendations") for each in self.ids]

    def calls_for_many(self, size: int = A_CALL) -> list[Request]:
        """Return requests for many customers in a call."""
        return [
            Request("/v1/recommendations", json.dumps({"customer_ids": self.ids[at : at + size]}))
            for at in range(0, max(len(self.ids) - size, 0) + 1, size)
        ]

    def records(self, *, dated: bool = True) -> list[dict[str, Any]]:
        """Return a record for each row, as of somebody new: the 24 columns without a number, and the products of five months.

        Those with a date are scored while the month is served that they are of, those without whatever month is served.
        """
        rows = self.rows.drop_columns(["customer_id"] if dated else ["customer_id", "snapshot_date"]).to_pylist()
        return [
            {name: value if value is None or isinstance(value, (bool, int, float)) else str(value) for name, value in row.items()}
            | {"history": history}
            for row, history in zip(rows, self.histories, strict=True)
        ]

    def scorings(self, *, dated: bool = True) -> list[Request]:
        """Return a request for each record."""
        return [Request("/v1/score", json.dumps({"records": [each]})) for each in self.records(dated=dated)]

    def scorings_of_many(self, size: int = A_CALL) -> list[Request]:
        """Return requests of many records in a call."""
        records = self.records()
        return [
            Request("/v1/score", json.dumps({"records": records[at : at + size]}))
            for at in range(0, max(len(records) - size, 0) + 1, size)
        ]

    def of_feast(self) -> list[Request]:
        """Return the same look-ups as requests to Feast's server: the features of a customer, packed."""
        return [
            Request("/get-online-features", json.dumps({"feature_service": ONLINE_SERVICE, "entities": {"customer_id": [each]}}))
            for each in self.ids
        ]

    def of_mlflow(self, columns: Sequence[str]) -> list[Request]:
        """Return requests to MLflow's server: the features of the customers whose records are scored, one in a call."""
        rows = _of_customers(Lake(self.settings), FEATURES_TABLE, self.month, columns, np.array(self.rows["customer_id"]))
        return [
            Request("/invocations", json.dumps({"dataframe_split": {"columns": list(row), "data": [list(row.values())]}}))
            for row in rows.select(list(columns)).to_pylist()
        ]

    def registered_model(self) -> tuple[Path, list[str]]:
        """Return the files of the registered model that made the lists, and the columns that it reads."""
        import mlflow

        from santander.registry.tracking import open_tracking

        open_tracking(self.settings)
        uri = f"models:/{self.settings.mlflow.registered_model}/{self.version}"
        folder = mlflow.artifacts.download_artifacts(uri)
        return Path(folder), mlflow.models.get_model_info(folder).signature.inputs.input_names()


def _of_customers(lake: Lake, table: Table, month: Month, columns: Sequence[str], ids: np.ndarray) -> pa.Table:
    """Return the rows of a month of these customers, in this order."""
    wanted = list(dict.fromkeys(["customer_id", *columns]))
    rows = lake.delta(table).to_pyarrow_table(filters=[(PARTITION, "=", month.snapshot)], columns=wanted)
    at = pc.index_in(pa.array(ids), value_set=rows["customer_id"].combine_chunks())
    return rows.take(at.drop_null())


def _histories(lake: Lake, month: Month, ids: Sequence[int]) -> list[dict[str, list[int]]]:
    """Return the flags of each customer in each of the months before in which they are known."""
    histories: list[dict[str, list[int]]] = [{} for _ in ids]
    place = {customer: at for at, customer in enumerate(ids)}
    names = [each.name for each in PRODUCT_COLUMNS]
    for before in range(1, _HISTORY + 1):
        rows = _of_customers(lake, CUSTOMERS, month - before, names, np.array(ids))
        for row in rows.to_pylist():
            if all(row[name] is not None for name in names):
                histories[place[row["customer_id"]]][str(month - before)] = [int(row[name]) for name in names]
    return histories
