"""A family is looked at before it is built: values, relation to additions, a picture, and no table."""

from pathlib import Path

import pyarrow.compute as pc
import pytest

from santander.config.family_files import own_family
from santander.config.new_family import write_new_family
from santander.errors import InputError
from santander.preview.plot import draw
from santander.preview.preview import latest_with_additions, preview
from santander.schema.catalogue import ADDITIONS, CUSTOMERS
from santander.schema.months import Month
from santander.schema.own_family import Language
from tests.conftest import Bank
from tests.environment import CONF_LOCAL
from tests.own_families import BY_PROVINCE, declare

MAY = Month(2016, 5)


@pytest.mark.plan
@pytest.mark.parametrize("language", Language)
def test_a_new_file_works_as_it_stands(bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: Language) -> None:
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    family = own_family(write_new_family("activity", language).stem)
    tables = {path.name for path in Path(bank.settings.lake).iterdir()}
    found = preview(bank.lake, family, MAY, bank.settings.features)
    assert {path.name for path in Path(bank.settings.lake).iterdir()} == tables
    assert (found.entity, found.rows) == ("customer_id", bank.lake.rows_by_month(CUSTOMERS)[MAY])
    assert found.additions == bank.lake.rows_by_month(ADDITIONS)[MAY]
    months, share = found.features
    assert (months.least, months.most, months.distinct) == (0, 5, 6)
    assert (share.least, share.most) == (0, 1)
    assert months.bins[:6] == ["0", "1", "2", "3", "4", "5"]
    assert all(each.additions >= bank.settings.features.preview.least_additions for each in months.products)
    strongest = months.products[0]
    assert strongest.information == max(each.information for each in months.products)


def test_a_family_of_provinces_is_related_by_each_customers_own(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, tmp_path, BY_PROVINCE)
    file = tmp_path / "features" / "by_province.sql"
    select = "SELECT province_code, AVG(CASE WHEN loan THEN 1D ELSE 0D END) AS loans_share FROM history GROUP BY province_code"
    file.write_text(file.read_text().replace("SELECT 1", select))
    found = preview(bank.lake, own_family("by_province"), MAY, bank.settings.features)
    rows = bank.lake.read_months(CUSTOMERS, [MAY]).select("province_code").toArrow()["province_code"]
    assert found.rows == pc.count_distinct(rows).as_py()
    (share,) = found.features
    assert share.bins[-1] == "null"  # customers without a province
    assert len(draw(found, products=2, features=1).axes) == 2


def test_a_family_that_sees_what_it_must_not_is_warned_of(bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    file = write_new_family("peeking", Language.SQL)
    assert preview(bank.lake, own_family("peeking"), MAY, bank.settings.features).problem is None
    table = f"delta.`{bank.settings.lake}/customers`"
    select = f"SELECT customer_id, payroll AS is_paid FROM {table} WHERE snapshot_date = '2016-05-28'"  # noqa: S608
    header = "-- entity: customer_id\n-- months: 0\n-- meaning: Paid\n-- feature: is_paid boolean Paid in the month itself\n"
    file.write_text(header + select)
    problem = preview(bank.lake, own_family("peeking"), MAY, bank.settings.features).problem
    assert problem is not None
    assert str(file) in problem
    assert "take everything from customers and history" in problem


def test_without_known_additions_there_are_values_alone(bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    family = own_family(write_new_family("activity", Language.SQL).stem)
    assert latest_with_additions(bank.lake) == MAY
    found = preview(bank.lake, family, MAY + 1, bank.settings.features)  # delivered without products
    assert (found.additions, [each.products for each in found.features]) == (None, [(), ()])
    assert found.features[0].distinct == 6
    assert draw(found, products=2, features=2).axes
    with pytest.raises(InputError, match="no customers for 2017-01"):
        preview(bank.lake, family, Month(2017, 1), bank.settings.features)
