"""The table ``expected_additions``: what it says of a month before and after its products are known."""

import json
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.forget.forget import forget
from santander.forget.search import search
from santander.lake.added import known_additions
from santander.lake.lake import Lake
from santander.models.level import Forecast, Level
from santander.pipeline.steps import Steps
from santander.schema.added import MonthAdded
from santander.schema.catalogue import CUSTOMERS, EXPECTED_ADDITIONS, FEATURES_TABLE
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES
from santander.scoring.expected import PARTS_OF_A_CHANCE, drop_expected, expected_of, note_seen, write_expected
from santander.suppression.spellings import sorted_ids
from tests.conftest import Bank
from tests.landing_files import landing_file, record

JANUARY, FEBRUARY, MARCH = (Month(2015, number) for number in (1, 2, 3))
DEBIT, PAYROLL = {"ind_recibo_ult1": "1"}, {"ind_nomina_ult1": "1"}
PEOPLE = range(1, 9)
SUMS = [(place + 1) * PARTS_OF_A_CHANCE // 4 for place in range(N_PRODUCTS)]
AS_MUCH_AGAIN = Forecast(np.full(N_PRODUCTS, 0.1), np.full(N_PRODUCTS, 0.05), np.full(N_PRODUCTS, 0.2))


def seen(lake: Lake, month: Month = MARCH) -> dict[str, int | None]:
    found = expected_of(lake, month)
    assert found is not None
    return {product: each.seen for product, each in found.products.items() if each.seen != 0}


@pytest.mark.plan
def test_what_was_seen_stands_beside_as_soon_as_it_is_known_and_follows_corrections(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = Steps(settings, session)

    def take_in(month: Month, *, debits: int = 0, payrolls: int = 0, columns: int = 48) -> None:
        held = {i: {**(DEBIT if i <= debits else {}), **(PAYROLL if i <= payrolls else {})} for i in PEOPLE}
        lines = [record(i, str(month), columns=columns, **(held[i] if columns == 48 else {})) for i in PEOPLE]
        steps.ingest(
            [landing_file(tmp_path / f"{month}-{debits}-{payrolls}-{columns}.csv", lines, columns=columns)], allow_shrink=True
        )
        steps.build_features(steps.lake.months(CUSTOMERS), anyway=False)

    take_in(JANUARY)
    take_in(FEBRUARY, debits=4)
    take_in(MARCH, columns=24)
    level = Level(known_additions(steps.lake))
    assert {str(month): (n.customers, sum(n.additions)) for month, n in level.months.items()} == {"2015-02": (8, 4)}
    write_expected(steps.lake, MARCH, SUMS, level.forecast(MARCH))
    assert set(seen(steps.lake).values()) == {None}

    take_in(MARCH, debits=6, payrolls=1)
    assert seen(steps.lake) == {"direct_debit": 2, "payroll": 1}
    written = steps.lake.version(EXPECTED_ADDITIONS)
    steps.build_features(steps.lake.months(CUSTOMERS), anyway=True)
    assert steps.lake.version(EXPECTED_ADDITIONS) == written

    take_in(FEBRUARY, debits=5)
    assert seen(steps.lake) == {"direct_debit": 1, "payroll": 1}
    write_expected(steps.lake, MARCH, SUMS, level.forecast(MARCH))
    assert seen(steps.lake) == {"direct_debit": 1, "payroll": 1}
    forget(settings, [1], [])
    assert seen(steps.lake) == {"direct_debit": 1}
    take_in(MARCH, columns=24)
    assert set(seen(steps.lake).values()) == {None}


def test_rows_are_the_sums_with_bounds_in_whole_additions(settings: Settings) -> None:
    lake = Lake(settings)
    assert expected_of(lake, MARCH) is None
    assert note_seen(lake) == []
    for month, sums in ((FEBRUARY, SUMS), (MARCH, [0] * N_PRODUCTS), (MARCH, SUMS)):
        write_expected(lake, month, sums, AS_MUCH_AGAIN)
    assert lake.rows_by_month(EXPECTED_ADDITIONS) == {FEBRUARY: N_PRODUCTS, MARCH: N_PRODUCTS}
    found = expected_of(lake, MARCH)
    assert found is not None
    assert list(found.products) == [*reversed(PRODUCT_NAMES)]
    tenth = found.products[PRODUCT_NAMES[9]]
    assert (tenth.expected, tenth.low, tenth.high, tenth.seen) == (2.5, 1, 5, None)
    total = found.total
    assert total.expected == sum(SUMS) / PARTS_OF_A_CHANCE
    assert sum(each.low for each in found.products.values()) < total.low < total.expected
    assert total.expected < total.high < sum(each.high for each in found.products.values())
    drop_expected(lake, MARCH)
    assert lake.rows_by_month(EXPECTED_ADDITIONS) == {FEBRUARY: N_PRODUCTS}


@pytest.mark.plan
def test_a_scored_month_has_the_sums_of_the_chances_of_who_counts(scored_bank: Bank) -> None:
    from santander.registry.champion import champion

    lake, june = scored_bank.lake, Month(2016, 6)
    fit = champion(scored_bank.settings).candidate.fit_to_judge(june)
    assert fit is not None
    assert fit.chances is not None
    rows = lake.read_months(FEATURES_TABLE, [june]).where("holdings_lag_1 IS NOT NULL").toArrow()
    sums = np.nansum(fit.chances.at(june).of(fit.model, rows, fit.model.score(rows)), axis=0, dtype=np.float64)
    found = expected_of(lake, june)
    assert found is not None
    assert [found.products[name].expected for name in PRODUCT_NAMES] == pytest.approx(sums, abs=1e-3)
    total = found.total
    assert total.low < total.expected < total.high
    assert total.seen is None
    assert total.last_month is not None
    assert 0.5 < total.expected / total.last_month < 2


def test_a_figure_that_is_also_somebodys_number_is_no_trace_of_a_person(settings: Settings) -> None:
    exactly = Forecast(*(np.full(N_PRODUCTS, 0.1),) * 3)
    write_expected(Lake(settings), MARCH, [15_889 * PARTS_OF_A_CHANCE] * N_PRODUCTS, exactly)
    level = Level({FEBRUARY: MonthAdded(623_944, (15_889,) * N_PRODUCTS)})
    (settings.state / "level.json").write_text(json.dumps(level.to_json()))
    assert search(settings, sorted_ids([15_889, 623_944])).traces == []


def test_naive_forecasts_are_rates_of_the_last_month_and_of_the_year_before(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(settings)
    write_expected(lake, MARCH, SUMS, AS_MUCH_AGAIN)
    known = {FEBRUARY: MonthAdded(100, (10,) * N_PRODUCTS)}
    monkeypatch.setattr("santander.scoring.expected.known_additions", lambda _lake: known)
    monkeypatch.setattr("santander.scoring.expected.customers_with_products_before", lambda _lake: {MARCH: 50})
    found = expected_of(lake, MARCH)
    assert found is not None
    assert found.products["payroll"].last_month == 5
    assert found.total.last_month == 5 * N_PRODUCTS
    assert found.total.year_before is None
    known[MARCH - 12] = MonthAdded(200, (10,) * N_PRODUCTS)
    again = expected_of(lake, MARCH)
    assert again is not None
    assert again.total.year_before == 2.5 * N_PRODUCTS
