"""Two ways through one column give one outcome: texts one by one, and their dictionary. The audit judges both."""

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from santander.ingest.column_values import NUMBERS, clean_column
from santander.schema.columns import COLUMNS

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
