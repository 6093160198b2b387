import re
from pathlib import Path

from santander.schema.catalogue import CUSTOMERS
from santander.schema.columns import COLUMNS, LEGAL_HEADERS, PRODUCT_COLUMNS, PROFILE_COLUMNS
from santander.schema.products import PRODUCTS

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def test_there_are_48_columns_and_a_test_file_has_the_first_24() -> None:
    assert [len(header) for header in LEGAL_HEADERS] == [48, 24]
    assert len({column.name for column in COLUMNS}) == len({column.source for column in COLUMNS}) == 48
    assert CUSTOMERS.columns[-1] == ("holdings", "int")


def test_products_are_in_the_order_of_their_bits() -> None:
    assert [column.name for column in PRODUCT_COLUMNS] == [product.name for product in PRODUCTS]
    assert [product.mask for product in PRODUCTS] == [1 << bit for bit in range(24)]


def test_the_data_page_shows_every_rule_as_it_is() -> None:
    rows = {cells[1].strip("` "): cells for line in PAGE.read_text().splitlines() if (cells := re.split(r"(?<!\\)\|", line))[1:]}
    for column in PROFILE_COLUMNS:
        _, _, source, type_, rule, meaning, _ = (cell.strip() for cell in rows[column.name])
        assert (source, type_, meaning) == (column.source, column.type, column.meaning)
        assert rule.replace(r"\|", "|").startswith(f"`{column.pattern}`")
