"""The audit recounts the figures of months, and names what is wrong in them."""

from collections.abc import Callable
from typing import Any

import pytest

from santander.audit.audit import Audit
from santander.audit.findings import Difference
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, MONTH_PROFILES
from santander.schema.months import Month
from tests.banks import copied
from tests.conftest import Bank

MONTH = Month(2016, 3)


@pytest.fixture(scope="module")
def described(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A copy of the bank in which a month is described."""
    steps = Steps(copied(bank.settings.data, tmp_path_factory.mktemp("described") / "data"), bank.lake.session)
    for table in (CUSTOMERS, FEATURES_TABLE):
        steps.describe(table, [MONTH], anyway=False)
    return steps.lake


def differences(lake: Lake) -> list[Difference]:
    (found,) = Audit(lake.settings, tables_only=True).run([MONTH])
    return found.differences


def test_figures_as_they_were_written_do_not_differ(described: Lake) -> None:
    assert differences(described) == []


def _first_count(row: dict[str, Any]) -> None:
    row["counts"] = [row["counts"][0] + 1, *row["counts"][1:]]


@pytest.mark.parametrize(
    ("of", "name", "change"),
    [
        ((CUSTOMERS.name, "channel", "segment top"), "rows and nulls = channel", lambda row: row.update(nulls=row["nulls"] + 1)),
        ((FEATURES_TABLE.name, "age", "age 26-35"), "rows and nulls = age", lambda row: row.update(rows=row["rows"] - 1)),
        ((CUSTOMERS.name, "is_active", "all"), "is_active = false", _first_count),
        ((CUSTOMERS.name, "is_active", "all"), "changed is_active", lambda row: row.update(changed=row["changed"] + 1)),
        ((CUSTOMERS.name, "age", "all"), "compared age", lambda row: row.update(compared=0)),
    ],
)
def test_a_wrong_figure_is_named(
    described: Lake, of: tuple[str, str, str], name: str, change: Callable[[dict[str, Any]], None]
) -> None:
    rows = described.rows(MONTH_PROFILES)
    (row,) = [row for row in rows if (row["table"], row["column"], row["slice"]) == of]
    before = dict(row)
    change(row)
    described.overwrite_rows(MONTH_PROFILES, rows)
    assert [difference.column for difference in differences(described)] == [name]
    row.update(before)
    described.overwrite_rows(MONTH_PROFILES, rows)
