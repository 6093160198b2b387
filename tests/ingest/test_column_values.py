"""Two ways through one column give one outcome: texts one by one, and their dictionary. The audit judges both."""

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from santander.ingest.column_values import NUMBERS, clean_column, plain_number
from santander.schema.columns import COLUMNS, PROFILE_COLUMNS
from tests.ingest.awkward_texts import TEXTS

NUMBER_COLUMNS = [COLUMNS[position] for position in sorted(NUMBERS)]
plain = st.integers(0, 10**7).map(str) | st.decimals(0, 10**6, places=2).map(str)
odd = st.text(alphabet="0123456789. -+NAx\u00a0\u0663", max_size=20)


def test_the_columns_of_numbers_are_the_key_and_the_income() -> None:
    assert [column.name for column in NUMBER_COLUMNS] == ["customer_id", "household_income"]


@settings(max_examples=500)
@example(["1", "2.5", "3"])  # a point in a key
@example(["1.", "2"])
@example([".1", "2"])
@example(["1", ".", "2"])
@example(["1.2.3"])
@example(["", "NA", "12"])
@example(["NA", "NA"])
@example(["0", "7"])  # below the least key
@example(["999999999999", "1"])  # above the greatest income
@example(["1234567890123", "1"])
@example(["9" * 19])
@example(["123456789012.12345678901234567890", "1.123456789012345678901"])
@example(["123456.7890000001"])
@given(st.lists(plain | st.sampled_from(["", "NA"]), max_size=6) | st.lists(plain | odd, max_size=4))
def test_numbers_read_one_by_one_are_those_read_by_their_dictionary(texts: list[str]) -> None:
    both = pa.array(["before", *texts, "after"], pa.string())[1:-1]  # a slice, whose buffers hold more than it
    for column in NUMBER_COLUMNS:
        slow, quick = clean_column(column, both.dictionary_encode()), clean_column(column, both)
        assert quick.values.equals(slow.values)
        none = np.zeros(len(texts), np.int8)
        assert np.array_equal(none if quick.status is None else quick.status, none if slow.status is None else slow.status)


@settings(max_examples=500)
@example("-5")
@example("1.0")
@example("007")
@example("12345678901234567890")
@given(plain | odd | st.sampled_from(TEXTS))
def test_one_plain_number_is_what_the_rule_makes_of_its_text(text: str) -> None:
    for column in (column for column in PROFILE_COLUMNS if column.digits):
        number = plain_number(column, text, frozenset(column.silent(())))
        ruled = clean_column(column, pa.array([text], pa.string()).dictionary_encode())
        if number is not None:
            assert (ruled.values.to_pylist(), ruled.status) == ([number], None)
            assert type(ruled.values[0].as_py()) is type(number)


def test_plain_numbers_are_those_that_landing_files_have() -> None:
    by_name = {column.name: column for column in PROFILE_COLUMNS}
    asked = (("customer_id", "15889"), ("household_income", "87218.1"), ("age", "35"), ("household_income", "1000000001"))
    assert [plain_number(by_name[name], text, frozenset()) for name, text in asked] == [15889, 87218.1, 35, None]
    assert plain_number(by_name["age"], "35", {"35"}) is None
