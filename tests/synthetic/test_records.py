"""What the records of a written bank show: keys, panel, gaps and anomalies of the real files."""

import datetime as dt
from collections import Counter, defaultdict

import pandas as pd
import pytest

from santander.schema.columns import COLUMNS
from santander.schema.products import PRODUCTS
from tests.synthetic.conftest import CUSTOMERS, WrittenBank

NAMES = [column.name for column in COLUMNS]
FROZEN = [f"2015-{month:02d}-28" for month in range(1, 7)]


@pytest.fixture(scope="module")
def records(clean: WrittenBank) -> pd.DataFrame:
    """All train records as trimmed texts under our column names; a missing value is an empty text."""
    read = pd.read_csv(clean.folder / "train_ver2.csv", dtype=str, keep_default_na=False, header=0, names=NAMES)
    trimmed = read.apply(lambda texts: texts.str.strip())
    return trimmed.replace("NA", "")


@pytest.fixture(scope="module")
def test_records(clean: WrittenBank) -> pd.DataFrame:
    return pd.read_csv(clean.folder / "test_ver2.csv", dtype=str, keep_default_na=False, header=0, names=NAMES[:24])


def is_constant(rows: pd.DataFrame, column: str) -> bool:
    """Whether every customer shows one value only."""
    return bool((rows[column] == rows.groupby("customer_id")[column].transform("first")).all())


def test_keys_are_unique_and_ids_lie_in_the_real_range(records: pd.DataFrame) -> None:
    assert not records.duplicated(["customer_id", "snapshot_date"]).any()
    ids = records["customer_id"].astype(int)
    assert (ids.min(), ids.max()) == (15_889, 1_553_689)
    assert ids.nunique() == CUSTOMERS


def test_months_ascend_and_ids_come_in_clusters(records: pd.DataFrame) -> None:
    assert records["snapshot_date"].is_monotonic_increasing
    january = records.loc[records["snapshot_date"] == "2015-01-28", "customer_id"].astype(int)
    ascending = (january.diff().dropna() > 0).mean()
    assert 0.9 < ascending < 1


def test_everyone_in_the_test_file_has_a_row_the_month_before(records: pd.DataFrame, test_records: pd.DataFrame) -> None:
    may = records.loc[records["snapshot_date"] == "2016-05-28", "customer_id"]
    assert set(test_records["customer_id"]) < set(may)
    assert set(test_records["snapshot_date"]) == {"2016-06-28"}


def test_gaps_exist_and_are_rare(records: pd.DataFrame) -> None:
    months = {date: place for place, date in enumerate(sorted(records["snapshot_date"].unique()))}
    seen: dict[str, list[int]] = defaultdict(list)
    for customer, date in zip(records["customer_id"], records["snapshot_date"], strict=True):
        seen[customer].append(months[date])
    with_gap = sum(max(places) - min(places) + 1 != len(places) for places in seen.values())
    assert 0 < with_gap < 0.02 * CUSTOMERS


def test_age_and_seniority_stand_still_until_july_2015(records: pd.DataFrame) -> None:
    early = records[records["snapshot_date"].isin([*FROZEN, "2015-07-28"]) & (records["age"] != "")]
    assert is_constant(early, "age")
    known = early[early["seniority_months"] != "-999999"]
    assert is_constant(known, "seniority_months")
    later = records[records["snapshot_date"] >= "2015-07-28"]
    assert (later.groupby("customer_id")["age"].nunique() <= 2).all()


def test_the_late_cohort_lacks_the_block_in_the_frozen_months_only(records: pd.DataFrame) -> None:
    block = ["employment_status", "country", "age", "joined_on", "is_new", "seniority_months", "primary_status"]
    block += ["is_resident", "is_foreign_born", "is_deceased", "is_active"]
    lacks = records[block] == ""
    assert (lacks.all(axis=1) == lacks.any(axis=1)).all()
    late = records[lacks.all(axis=1)]
    assert set(late["snapshot_date"]) == set(FROZEN)
    assert late["customer_id"].nunique() == pytest.approx(7_340 * CUSTOMERS / 956_645, abs=1)
    assert len(late) == pytest.approx(27_734 * CUSTOMERS / 956_645, abs=1)
    assert (late[[product.name for product in PRODUCTS]] == "1").any(axis=None)


def test_contracts_begin_at_most_three_days_after_the_snapshot(records: pd.DataFrame) -> None:
    first = records.drop_duplicates("customer_id")
    known = first[first["joined_on"] != ""]
    ahead = [
        (dt.date.fromisoformat(joined) - dt.date.fromisoformat(date)).days
        for joined, date in zip(known["joined_on"], known["snapshot_date"], strict=True)
    ]
    assert max(ahead) == 3


def test_what_is_missing_together(records: pd.DataFrame) -> None:
    assert ((records["relation_kind"] == "") == (records["relation_type"] == "")).all()
    assert ((records["province_code"] == "") == (records["province"] == "")).all()
    assert ((records["payroll"] == "") == (records["pension_deposit"] == "")).all()
    assert ((records["primary_status"] == "99") == (records["last_primary_on"] != "")).all()
    abroad = (records["country"] != "ES") & (records["country"] != "")
    assert ((records["is_resident"] == "N") == abroad).all()
    assert (records.loc[abroad, "province"] == "").all()


def test_missing_profile_values_belong_to_first_rows(records: pd.DataFrame) -> None:
    lacks = records[(records["segment"] == "") & (records["country"] != "")]
    firsts = records.drop_duplicates("customer_id").index
    assert len(lacks) > 100
    assert set(lacks.index) <= set(firsts)


def test_income_never_changes_and_is_unknown_in_four_provinces(records: pd.DataFrame) -> None:
    known = records[records["household_income"] != ""]
    assert is_constant(known, "household_income")
    north = records[records["province"].isin(["ALAVA", "BIZKAIA", "GIPUZKOA", "NAVARRA"])]
    assert (north["household_income"] == "").mean() > 0.95


def test_payroll_is_never_held_or_added_without_the_pension_deposit(records: pd.DataFrame) -> None:
    assert not ((records["payroll"] == "1") & (records["pension_deposit"] != "1")).any()


def test_junior_accounts_end_at_twenty(records: pd.DataFrame) -> None:
    juniors = records[(records["junior_account"] == "1") & (records["age"] != "")]
    assert len(juniors) > 100
    assert juniors["age"].astype(int).max() < 20


def test_short_term_deposits_close_at_their_rate_and_flippers_come_back(records: pd.DataFrame) -> None:
    flips: Counter[str] = Counter()
    for product in ("direct_debit", "credit_card", "payroll"):
        held = records.groupby("customer_id")[product].agg("".join)
        flips[product] = held.str.contains("10+1").sum()
    assert min(flips.values()) > 10
