"""A small bank with dirt: the audit agrees with it, and names whatever is broken on purpose."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from santander.audit import features as audit_features
from santander.audit.audit import Audit
from santander.audit.findings import Difference, lines, payload
from santander.audit.live import files_by_month
from santander.config.settings import Settings
from santander.lake.added import known_additions
from santander.lake.lake import Lake
from santander.models.level import Level
from santander.pipeline.steps import Steps
from santander.schema.catalogue import (
    ADDITIONS,
    CUSTOMERS,
    EXPECTED_ADDITIONS,
    FEATURES_TABLE,
    PREDICTIONS,
    RECOMMENDATIONS,
    Table,
)
from santander.schema.features import FEATURE_NAMES
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES
from santander.scoring.expected import write_expected
from santander.synthetic import BankSpec, generate
from tests.conftest import Bank
from tests.own_families import ACTIVITY, BY_PROVINCE, active, break_a_file, of_provinces

pytestmark = pytest.mark.long

MONTH = Month(2015, 6)


@pytest.fixture(scope="module")
def dirty_bank(tmp_path_factory: pytest.TempPathFactory, session: SparkSession) -> Settings:
    """Seven months, the last without products, with malformed and illegal lines."""
    settings = Settings.load(data_dir=str(tmp_path_factory.mktemp("dirty")), ingest={"max_quarantine_share": 1.0})
    generate(BankSpec(out=settings.data / "raw", customers=800, last=Month(2015, 7), seed=3, dirty_share=0.2))
    steps = Steps(settings, session)
    steps.ingest([settings.data / "raw" / name for name in ("train_ver2.csv", "test_ver2.csv")])
    steps.build_features(steps.lake.months(CUSTOMERS), anyway=True)
    return settings


@pytest.fixture
def broken(dirty_bank: Settings, tmp_path: Path) -> Settings:
    """A copy of the bank to break."""
    shutil.copytree(dirty_bank.data, tmp_path / "copy")
    return Settings.load(data_dir=str(tmp_path / "copy"))


def differences(settings: Settings, *months: Month, tables_only: bool = False) -> list[Difference]:
    audit = Audit(settings, tables_only=tables_only)
    return [difference for one in audit.run(months or audit.present) for difference in one.differences]


def change(settings: Settings, table: Table, month: Month, edit: Callable[[pa.Table], pa.Table]) -> None:
    """Rewrite one parquet file of the month in its place, as no engine would."""
    file = files_by_month(Lake(settings), table)[str(month)][0]
    rows = pq.read_table(file, partitioning=None)
    pq.write_table(edit(rows), file)


def with_first(name: str, value: object, column_type: pa.DataType | None = None) -> Callable[[pa.Table], pa.Table]:
    """The first row's value of one column replaced."""

    def edit(rows: pa.Table) -> pa.Table:
        values = rows.column(name).to_pylist()
        values[0] = value if not callable(value) else value(values[0])
        return rows.set_column(
            rows.schema.get_field_index(name), name, pa.array(values, column_type or rows.schema.field(name).type)
        )

    return edit


def test_a_dirty_bank_and_its_tables_do_not_differ(dirty_bank: Settings) -> None:
    audit = Audit(dirty_bank)
    found = audit.run(audit.present)
    assert [one.month for one in found] == [*(f"2015-{number:02d}" for number in range(1, 8)), "unknown"]
    assert [difference for one in found for difference in one.differences] == []
    assert all(one.checks > 100 for one in found[:-1])
    quarantined = DeltaTable(f"{dirty_bank.lake}/quarantine").to_pyarrow_table()
    assert quarantined.num_rows > 500  # there was something to agree about
    assert payload(found).differences == 0
    assert any(line.endswith("months compared: no difference") for line in lines(found))


def test_one_flipped_product_flag_is_named_with_its_customer(broken: Settings) -> None:
    rows = pq.read_table(files_by_month(Lake(broken), CUSTOMERS)[str(MONTH)][0], columns=["customer_id", "funds"])
    customer, held = rows.column("customer_id")[0].as_py(), rows.column("funds")[0].as_py()
    change(broken, CUSTOMERS, MONTH, with_first("funds", lambda flag: not flag))
    found = {(d.check, d.column): d for d in differences(broken, MONTH)}
    holders = found["holders", "funds"]
    assert holders.tables - holders.source == (-1 if held else 1)
    assert ("holdings", "rows whose holdings are not their flags") in found
    assert found["row", "funds"] == Difference("2015-06", "row", "funds", held, not held, f"customer {customer}")
    assert {check for check, _ in found} == {"holders", "holdings", "values", "row"}


def test_a_wrong_bitmask_beside_right_flags_is_named(broken: Settings) -> None:
    change(broken, CUSTOMERS, MONTH, with_first("holdings", lambda mask: mask ^ 1))
    found = differences(broken, MONTH)
    assert Difference("2015-06", "holdings", "rows whose holdings are not their flags", 0, 1) in found
    assert {d.check for d in found} <= {"holdings", "additions"}


def test_a_lost_row_is_named(broken: Settings) -> None:
    change(broken, CUSTOMERS, MONTH, lambda rows: rows.slice(1))
    found = {(d.check, d.column): d for d in differences(broken, MONTH)}
    assert found["rows", "rows"].source - found["rows", "rows"].tables == 1
    assert (found["row", "row"].source, found["row", "row"].tables) == ("there", "missing")
    assert found["ingestions", "rows of customers"].source == found["rows", "rows"].source


def test_two_incomes_exchanged_leave_the_sums_and_are_named(broken: Settings) -> None:
    def exchange(rows: pa.Table) -> pa.Table:
        incomes = rows.column("household_income").to_pylist()
        first, second = [i for i, income in enumerate(incomes) if income is not None][:2]
        incomes[first], incomes[second] = incomes[second], incomes[first]
        return rows.set_column(
            rows.schema.get_field_index("household_income"), "household_income", pa.array(incomes, pa.float64())
        )

    change(broken, CUSTOMERS, MONTH, exchange)
    found = differences(broken, MONTH)
    assert [(d.check, d.column) for d in found] == [("values", "household_income"), *[("row", "household_income")] * 2]


def test_one_changed_lag_is_named_with_its_customer(broken: Settings) -> None:
    change(broken, FEATURES_TABLE, MONTH, with_first("holdings_lag_2", lambda mask: (mask or 0) ^ 2))
    found = differences(broken, MONTH)
    assert [(d.check, d.column) for d in found] == [("lags", "holdings_lag_2"), ("feature row", "holdings_lag_2")]
    assert found[1].source != found[1].tables


def test_a_lost_and_a_false_addition_are_named_and_a_folder_without_the_table_is_as_good(broken: Settings) -> None:
    change(broken, ADDITIONS, MONTH, lambda rows: rows.slice(1))
    (lost,) = [difference for difference in differences(broken, MONTH) if difference.check == "addition"]
    assert (lost.source, lost.tables) == ("there", "missing")
    change(broken, ADDITIONS, MONTH, with_first("product", "derivatives_account"))
    found = differences(broken, MONTH)
    assert {"additions", "product = derivatives_account", "who added what"} <= {
        difference.column for difference in found if difference.check == "additions table"
    }
    assert {d.column: (d.source, d.tables) for d in found if d.check == "addition"}["derivatives_account"] == ("missing", "there")
    shutil.rmtree(Path(broken.lake) / "additions")
    assert {d.check for d in differences(broken, MONTH)} == {"additions table", "addition"}  # the ledger says it was made
    DeltaTable(f"{broken.lake}/step_runs").delete("step = 'additions'")
    assert differences(broken, MONTH) == []  # as an earlier release left it


def test_what_was_seen_beside_what_was_expected_is_recounted(broken: Settings) -> None:
    lake = Lake(broken)
    level = Level(known_additions(lake))
    for month in (MONTH, MONTH + 1):
        write_expected(lake, month, [0] * len(PRODUCT_NAMES), level.forecast(month))
    seen = level.months[MONTH].additions[0]
    change(broken, EXPECTED_ADDITIONS, MONTH, with_first("seen", seen + 1))
    change(broken, EXPECTED_ADDITIONS, MONTH + 1, with_first("seen", 0))
    named = [(d.check, d.column, d.source, d.tables) for d in differences(broken, MONTH, MONTH + 1)]
    assert named == [("expected_additions", f"seen of {PRODUCT_NAMES[0]}", *sides) for sides in ((seen, seen + 1), (None, 0))]


def test_answers_of_the_service_are_there_once_and_hang_together(broken: Settings) -> None:
    def answer(sequence: int, **other: object) -> dict[str, object]:
        row = {
            "log": "a",
            "sequence": sequence,
            "day": MONTH.snapshot,
            "month": str(MONTH),
            "products": ["loan"],
            "chances": [0.5],
        }
        return row | other

    lake = Lake(broken)
    lake.append_rows(PREDICTIONS, [answer(1), answer(2), answer(1, log="b"), answer(3, month=str(MONTH + 1))])
    assert differences(broken, MONTH) == []
    lake.append_rows(PREDICTIONS, [answer(2), answer(3, chances=[]), answer(4, products=["loan"] * 2, chances=[0.5] * 2)])
    assert [(d.column, d.source, d.tables) for d in differences(broken, MONTH)] == [
        ("answers", 5, 6),
        ("answers with other chances than products", 0, 1),
        ("answers with a product twice, or more than 7", 0, 1),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("additions", lambda n: n + 1),
        ("months_since_added_bit_1", lambda mask: mask ^ 4),
        ("was_active", lambda flag: not flag),
        ("household_income", lambda income: (income or 0) + 0.02),
        ("season_sine", 0.25),
        ("channel", 7),
    ],
)
def test_any_other_feature_that_is_wrong_is_named(broken: Settings, name: str, value: object) -> None:
    change(broken, FEATURES_TABLE, MONTH, with_first(name, value))
    assert {(d.check, d.column) for d in differences(broken, MONTH)} == {("features", name), ("feature row", name)}


def test_features_are_compared_for_as_many_customers_as_the_settings_say(broken: Settings) -> None:
    change(broken, FEATURES_TABLE, MONTH, with_first("channel", 7))
    few = Settings.load(data_dir=broken.data_dir, audit={"memory": "500 MB", "compare_all_below": 0, "one_in": 10**9})
    assert (len(differences(broken, MONTH)), differences(few, MONTH)) == (2, [])


def test_rows_of_families_are_those_of_the_customers_and_at_most_those_of_known_entities(
    broken: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_a_file(monkeypatch, tmp_path / "conf")
    lake = Lake(broken)
    of_month = pc.field("snapshot_date") == MONTH.snapshot
    rows = lake.delta(CUSTOMERS).to_pyarrow_dataset().to_table(["customer_id", "province_code"], filter=of_month)
    customers, provinces = (rows[name].drop_null().unique().to_pylist() for name in rows.column_names)
    lake.append_rows(ACTIVITY.table, active(customers, MONTH))
    lake.append_rows(BY_PROVINCE.table, of_provinces(provinces[1:], MONTH))
    (sound,) = Audit(broken, tables_only=True).run([MONTH])
    assert sound.differences == []
    assert {"months_active", "share_active", "ever_active", "loans_share"} <= set(sound.not_compared)
    lake.append_rows(ACTIVITY.table, active([customers[0], 99], MONTH))
    lake.append_rows(BY_PROVINCE.table, of_provinces([provinces[1], 99, None], MONTH))
    found = {(d.check, d.column): d for d in differences(broken, MONTH, tables_only=True)}
    rows = found["features_activity rows", "rows"]
    assert (rows.source, rows.tables) == (len(customers), len(customers) + 2)
    assert found["features_activity rows", "customers"].tables == len(customers) + 1
    assert {column: d.tables for (check, column), d in found.items() if check == "features_by_province rows"} == {
        "rows without a key": 1,
        "rows with a repeated key": 1,
        "keys that no customer has": 1,
    }


def test_counts_that_were_changed_are_named(broken: Settings) -> None:
    DeltaTable(f"{broken.lake}/ingestions").update(updates={"kept": "kept + 1"}, predicate="month = '2015-06'")
    found = {(d.check, d.column) for d in differences(broken, MONTH)}
    assert found == {("ingestions", "read = kept + quarantined"), ("ingestions", "rows of customers"), ("lines", "kept")}


def test_an_entry_that_quarantine_lacks_or_tells_otherwise_is_named(broken: Settings) -> None:
    table = DeltaTable(f"{broken.lake}/quarantine")
    entries = table.to_pyarrow_table().filter((pc.field("month") == "2015-06") & (pc.field("scope") == "value")).to_pylist()
    lost, altered = [entry for entry in entries if entry["column"] == "age"][:2]
    table.delete(f"line = {lost['line']} AND \"column\" = 'age'")
    table.update(updates={"raw": "'17'"}, predicate=f"line = {altered['line']} AND \"column\" = 'age'")
    found = differences(broken, MONTH)
    assert ("quarantine entry", "the text delivered", "another text") in {(d.check, d.source, d.tables) for d in found}
    assert f"train_ver2.csv, line {lost['line']}" in {d.where for d in found if d.check == "quarantine entry"}


def test_a_source_that_is_gone_or_another_is_a_difference_unless_tables_are_enough(broken: Settings, tmp_path: Path) -> None:
    table = DeltaTable(f"{broken.lake}/ingestions")
    for row in table.to_pyarrow_table().to_pylist():
        moved = str(tmp_path / "elsewhere" / Path(row["file"]).name)
        table.update(updates={"file": f"'{moved}'"}, predicate=f"file = '{row['file']}'")
    assert differences(broken, MONTH) == []  # found by its name among the raw files of the data folder
    with (broken.data / "raw" / "train_ver2.csv").open("ab") as file:
        file.write(b"one more line\n")
    assert [d.check for d in differences(broken, MONTH)] == ["source"]
    (broken.data / "raw" / "train_ver2.csv").unlink()
    (gone,) = differences(broken, MONTH)
    assert gone.tables == "cannot be audited from its source: is gone"
    assert differences(broken, MONTH, tables_only=True) == []
    change(broken, FEATURES_TABLE, MONTH, with_first("holdings_lag_1", lambda mask: (mask or 0) ^ 2))
    assert {d.check for d in differences(broken, MONTH, tables_only=True)} >= {"lags", "feature row"}


def test_an_owned_product_that_is_recommended_is_named(scored_bank: Bank, tmp_path: Path) -> None:
    target = Month(2016, 6)
    assert differences(scored_bank.settings, target) == []
    shutil.copytree(scored_bank.settings.data, tmp_path / "copy")
    broken = Settings.load(data_dir=str(tmp_path / "copy"))
    before = DeltaTable(f"{broken.lake}/customers").to_pyarrow_table(filters=[("snapshot_date", "=", (target - 1).snapshot)])
    owners = set(before.filter(pc.field("current_account")).column("customer_id").to_pylist())

    def recommend_what_is_owned(rows: pa.Table) -> pa.Table:
        customers, products = rows.column("customer_id").to_pylist(), rows.column("product").to_pylist()
        products[next(i for i, customer in enumerate(customers) if customer in owners)] = "current_account"
        return rows.set_column(rows.schema.get_field_index("product"), "product", pa.array(products))

    change(broken, RECOMMENDATIONS, target, recommend_what_is_owned)
    assert Difference("2016-06", "recommendations", "lists with an owned product", 0, 1) in differences(broken, target)
    change(broken, RECOMMENDATIONS, target, lambda rows: rows.slice(1))
    found = {d.column for d in differences(broken, target)}
    assert {"lists of another length", "lists with other ranks than 1 to their length"} <= found


def test_a_feature_without_a_formula_here_is_named_and_the_others_are_compared(
    dirty_bank: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_features, "FEATURE_NAMES", (*FEATURE_NAMES, "shoe_size"))
    found = Audit(dirty_bank, tables_only=True).run([MONTH])
    assert payload(found).features_not_compared[-1] == "shoe_size"
    assert payload(found).differences == 0
    assert list(lines(found))[-1].startswith("not compared, as the audit has no formula of its own for them: ")
    assert list(lines(found))[-1].endswith("shoe_size")
