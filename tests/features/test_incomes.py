import numpy as np
import pyarrow as pa

from santander.features.incomes import INCOME_READ, Middles, MonthIncomes, counted, joined, near

TOP, STUDENTS = "01 - TOP", "03 - UNIVERSITARIO"
Customer = tuple[int | None, str | None, float | None]


def month_of(customers: list[Customer]) -> pa.Table:
    types = pa.int16(), pa.string(), pa.float64()
    columns = [pa.array(column, type_) for column, type_ in zip(zip(*customers, strict=True), types, strict=True)]
    return pa.table([columns[0], columns[1].dictionary_encode(), columns[2]], names=list(INCOME_READ))


def imputed(customers: list[Customer], asked: list[Customer]) -> list[tuple[float | None, bool]]:
    """Income and flag of those asked for, who are customers of the month like the others."""
    found = MonthIncomes.of(lambda: [month_of(customers), month_of(asked)]).features(month_of(asked))
    return list(zip(found["household_income"].to_pylist(), found["income_imputed"].to_pylist(), strict=True))


def test_unknown_income_is_the_median_of_the_smallest_group_with_fifty_known() -> None:
    customers: list[Customer] = [(28, TOP, 100.0 + i) for i in range(51)]  # enough known: median 125
    customers += [(29, TOP, 1000.0) for _ in range(49)]  # not enough in the province: the segment decides
    customers += [(30, STUDENTS, 7.0) for _ in range(10)]  # not enough in the segment either: the month decides
    asked: list[Customer] = [(28, TOP, 100.0), (28, TOP, None), (29, TOP, None), (None, TOP, None)]
    asked += [(30, STUDENTS, None), (None, None, None), (28, None, None)]
    found = imputed(customers[1:], asked)
    assert found[0] == (100.0, False)
    assert found[1] == (125.0, True)
    assert found[2] == found[3] == (149.5, True)  # of 51 values 100 to 150 and 49 times 1000, the 50th and 51st
    assert found[4] == found[5] == found[6] == (144.5, True)  # ten sevens before those


def test_fifty_are_enough_of_a_group_and_of_a_segment() -> None:
    elsewhere: list[Customer] = [(29, TOP, 9.0)] * 200
    for known, median in ((49, 9.0), (50, 5.0)):
        assert imputed([*elsewhere, *[(28, TOP, 5.0)] * known], [(28, TOP, None)]) == [(median, True)]
    students: list[Customer] = [(29, STUDENTS, 9.0)] * 200
    for known, median in ((49, 9.0), (50, 5.0)):
        assert imputed([*students, *[(28, TOP, 5.0)] * known], [(1, TOP, None)]) == [(median, True)]


def test_those_of_an_unknown_province_are_no_group() -> None:
    customers: list[Customer] = [(None, TOP, 1.0)] * 60
    customers += [(29, TOP, 9.0)] * 200
    assert imputed(customers, [(None, TOP, None)]) == [(9.0, True)]


def test_those_of_an_unknown_segment_are_no_group() -> None:
    customers: list[Customer] = [(28, None, 1.0)] * 60
    customers += [(29, TOP, 9.0)] * 200
    assert imputed(customers, [(28, None, None), (None, None, None)]) == [(9.0, True)] * 2


def test_an_income_of_nothing_is_known() -> None:
    assert imputed([(28, TOP, 5.0)], [(28, TOP, 0.0)]) == [(0.0, False)]


def test_a_month_without_any_income_has_none_to_impute() -> None:
    assert imputed([(28, TOP, None)], [(28, TOP, None), (None, None, None)]) == [(None, True), (None, True)]


def test_medians_are_those_of_numpy_however_the_rows_are_dealt_and_few_incomes_are_returned() -> None:
    random = np.random.default_rng(7)
    amounts = np.round(random.lognormal(11.3, 0.6, 30_000), 2)
    amounts[:3_000] = random.choice([0.0, 1e-9, 511.99, 512.0, 90_000.25, 1e9], 3_000)  # ties, and the ends of the bins
    customers = list(zip(random.integers(28, 31, 30_000).tolist(), [TOP] * 30_000, amounts.tolist(), strict=True))
    parts = [[month_of(customers[start : start + 7_001])] for start in range(0, 30_000, 7_001)]
    middles = Middles.of(sum(map(counted, parts), start=np.zeros(1, np.int64)))
    found = [near(part, middles.cells()) for part in parts]
    settled = middles.settled(*joined(found)).of_group
    groups = {province: amounts[[of == province for of, *_ in customers]] for province in (28, 29, 30)}
    assert [settled[province * 16 + 1] for province in groups] == [np.median(group) for group in groups.values()]
    assert settled[1] == settled[40 * 16 + 1] == np.median(amounts)  # no province, and one without customers
    assert sum(len(cells) for cells, _ in found) < len(amounts) / 20
