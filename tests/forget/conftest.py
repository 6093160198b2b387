"""A scored bank of its own for the tests that damage it, and twenty of its customers forgotten once for all that look at it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from santander.config.settings import Settings
from santander.forget.forget import Erasure, forget
from santander.lake.lake import Lake
from santander.schema.catalogue import ADDITIONS, CUSTOMERS, FEATURES_TABLE, OFFER_EXCLUSIONS, OFFERS, RECOMMENDATIONS
from santander.schema.months import Month
from santander.suppression.suppression_list import VARIABLE
from tests.conftest import Bank
from tests.own_bank import own_copy
from tests.own_families import ACTIVITY, BY_PROVINCE, active, break_a_file, of_provinces

PERSONS = 20


@pytest.fixture(autouse=True, scope="session")
def no_key_of_the_user() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        yield


@dataclass(frozen=True)
class Forgotten:
    """A bank after ``forget``: the persons, what the verb said, and what the tables held before."""

    settings: Settings
    lake: Lake
    persons: list[int]
    erasure: Erasure
    before: dict[str, list[tuple[object, ...]]]

    @property
    def data(self) -> Path:
        return Path(self.settings.data_dir)


def rows_of(lake: Lake) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the tables of customers, in an order of their own."""
    found = {}
    for table in (CUSTOMERS, FEATURES_TABLE, ADDITIONS, RECOMMENDATIONS, OFFERS, OFFER_EXCLUSIONS, ACTIVITY.table):
        rows = lake.delta(table).to_pyarrow_table().to_pylist()
        found[table.name] = sorted(tuple(row.values()) for row in rows)
    return found


@pytest.fixture(scope="session")
def forgotten(scored_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Forgotten:
    from santander.store.access import open_store
    from santander.store.materialization import materialize_month

    settings = own_copy(scored_bank, tmp_path_factory.mktemp("forgotten") / "data")
    lake = Lake(settings, scored_bank.lake.session)
    materialize_month(lake, open_store(settings, lake), Month(2016, 6))
    everybody = sorted(
        {row["customer_id"] for row in lake.delta(CUSTOMERS).to_pyarrow_table(columns=["customer_id"]).to_pylist()}
    )
    # the least and the greatest id stand in the statistics of the logs
    persons = [everybody[0], everybody[-1], *everybody[5 :: len(everybody) // PERSONS][: PERSONS - 2]]
    _leave_traces(settings, lake, persons)
    lake.append_rows(ACTIVITY.table, active(persons, Month(2016, 4)))  # of an earlier version, and so in older files too
    lake.overwrite_rows(ACTIVITY.table, active(everybody, Month(2016, 5)))
    lake.append_rows(BY_PROVINCE.table, of_provinces([28], Month(2016, 5)))
    before = rows_of(lake)
    with pytest.MonkeyPatch.context() as patch:
        break_a_file(patch, tmp_path_factory.mktemp("conf"))
        return Forgotten(settings, lake, persons, forget(settings, persons, []), before)


def _leave_traces(settings: Settings, lake: Lake, persons: list[int]) -> None:
    """An old version, an orphan, lines of a killed ingest, and a report, all of which name somebody."""
    folder = Path(settings.data_dir)
    lake.delta(RECOMMENDATIONS).update(updates={"score": "score"}, predicate=f"customer_id = {persons[4]}")
    live = next((folder / "lake" / "customers" / "snapshot_date=2016-05-28").glob("*.parquet"))
    shutil.copy(live, live.with_name("part-00000-orphan.parquet"))
    staged = folder / "lake" / "_staging" / "20200101T000000-dead"
    staged.mkdir(parents=True)
    pq.write_table(pq.read_table(live), staged / "part-0.parquet")
    (settings.state / "previews").mkdir()
    (settings.state / "previews" / "activity-2016-05.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    scored = folder / "lake" / "_staging_recommendations" / "20200101T000000-dead"
    shutil.copytree(staged, scored)
    (folder / "quality").mkdir(exist_ok=True)
    (folder / "quality" / "2016-05.html").write_text(f"<td>{persons[2]}</td>")
