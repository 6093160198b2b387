"""The plan of rows and the panel drawn from it."""

import numpy as np
import pytest

from santander.schema.months import Month
from santander.synthetic.facts import FULL_CUSTOMERS, MONTHLY_ROWS, TEST_ROWS
from santander.synthetic.panel import draw_panel, plan_panel

FIRST, LAST = Month(2015, 1), Month(2016, 6)


def test_at_full_size_the_plan_is_what_the_facts_print() -> None:
    plan = plan_panel(FULL_CUSTOMERS, FIRST, LAST)
    assert plan.newcomers.sum() == FULL_CUSTOMERS
    assert 7_500 < plan.returns.sum() < 8_500
    rows = np.cumsum(plan.newcomers - plan.leavers + plan.returns)
    assert rows.tolist() == [*MONTHLY_ROWS.values(), TEST_ROWS]
    assert (rows[:-1] - plan.leavers[1:])[-2] == 926_663  # consecutive rows of 2016-05
    assert plan.newcomers[-1] == 0


@pytest.mark.parametrize("customers", [100, 997, 50_000])
def test_the_panel_shows_the_planned_rows(customers: int) -> None:
    plan = plan_panel(customers, FIRST, LAST)
    panel = draw_panel(plan, seed=4)
    rows = panel.present.sum(axis=1)
    expected = np.array([*MONTHLY_ROWS.values(), TEST_ROWS]) * customers / FULL_CUSTOMERS
    assert np.abs(rows - expected).max() <= 2
    assert panel.entry.size == customers


def test_nobody_has_a_row_before_the_entry() -> None:
    panel = draw_panel(plan_panel(2_000, FIRST, LAST), seed=4)
    first = panel.present.argmax(axis=0)
    assert (first == panel.entry).all()
    assert panel.present.any(axis=0).all()
