import pyarrow as pa
import pytest

from santander.ingest.column_values import FAULTS, clean_column
from santander.schema.catalogue import CUSTOMERS
from santander.schema.columns import COLUMNS, LEGAL_HEADERS, PRODUCT_COLUMNS, PROFILE_COLUMNS, Column
from santander.schema.products import PRODUCTS


def test_there_are_48_columns_and_a_test_file_has_the_first_24() -> None:
    assert [len(header) for header in LEGAL_HEADERS] == [48, 24]
    assert len({column.name for column in COLUMNS}) == len({column.source for column in COLUMNS}) == 48
    assert CUSTOMERS.columns[-1] == ("holdings", "int")


def test_products_are_in_the_order_of_their_bits() -> None:
    assert [column.name for column in PRODUCT_COLUMNS] == [product.name for product in PRODUCTS]
    assert [product.mask for product in PRODUCTS] == [1 << bit for bit in range(24)]


@pytest.mark.parametrize(
    "column", [column for column in PROFILE_COLUMNS if not column.breaks_row], ids=lambda column: column.name
)
def test_a_column_names_a_text_for_each_way_to_break_its_rule(column: Column) -> None:
    texts = [text for text in (column.unreadable, column.outside) if text]
    found = [clean_column(column, pa.array([text]).dictionary_encode()) for text in texts]
    assert [FAULTS[one.status[0] - 1] for one in found if one.status is not None] == [
        "unreadable", *(["out_of_range"] if column.span else [])
    ]  # fmt: skip
    assert [one.values.to_pylist() for one in found] == [[None]] * len(texts)
