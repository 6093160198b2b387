"""A stored table of customers against another catalogue of products: bit i of ``holdings`` must stay product i."""

from collections.abc import Sequence

import pytest
from deltalake import DeltaTable

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.lake.lake import Lake
from santander.lake.table_schema import ForeignTable, OtherProducts, OutdatedTable, declared_schema
from santander.schema.catalogue import CUSTOMERS, Table
from santander.schema.products import PRODUCT_NAMES

FIRST, SECOND, LAST = PRODUCT_NAMES[0], PRODUCT_NAMES[1], PRODUCT_NAMES[-1]
LATER = "products than this code has"
FOREIGN = (
    "^table customers was made by a later version or by something else: column passbook is boolean, which is not declared: "
    "use the version that made it, or another data folder"
)


def made_with(settings: Settings, products: Sequence[str]) -> Lake:
    """A lake whose customers were made by a code with these products."""
    others = [column for column in CUSTOMERS.columns if column[0] not in PRODUCT_NAMES]
    table = Table(CUSTOMERS.name, "", CUSTOMERS.key, (*others, *((name, "boolean") for name in products)))
    DeltaTable.create(str(settings.data / "lake" / table.name), declared_schema(table), partition_by=["snapshot_date"])
    return Lake(settings)


@pytest.mark.parametrize(
    ("products", "kind", "told"),
    [
        (PRODUCT_NAMES[:-1], OutdatedTable, f"lacks {LAST}: run 'santander maintain --upgrade'$"),
        (PRODUCT_NAMES[1:], OtherProducts, rf"other {LATER} \(bit 0 was {SECOND}, is {FIRST}\): use the version"),
        (
            (SECOND, FIRST, *PRODUCT_NAMES[2:]),
            OtherProducts,
            rf"other {LATER} \(bit 0 was {SECOND}, is {FIRST}\): use the version",
        ),
        ((*PRODUCT_NAMES, "passbook"), ForeignTable, f"{FOREIGN}$"),
        (("passbook", *PRODUCT_NAMES[1:]), ForeignTable, f"{FOREIGN}$"),
    ],
    ids=["one added at the end", "one added before others", "in another order", "one removed", "one renamed"],
)
def test_other_products_are_named_in_one_line(
    settings: Settings, products: Sequence[str], kind: type[SantanderError], told: str
) -> None:
    lake = made_with(settings, products)
    for use in (lake.delta, lake.writable, lake.files_by_month):
        with pytest.raises(kind, match=told) as refused:
            use(CUSTOMERS)
        assert "\n" not in str(refused.value)


def test_a_product_added_at_the_end_is_upgraded(settings: Settings) -> None:
    assert made_with(settings, PRODUCT_NAMES[:-1]).upgrade(CUSTOMERS) == [LAST]
    assert list(Lake(settings).delta(CUSTOMERS).schema().fields)[-1].name == LAST


def test_a_product_added_before_others_is_never_upgraded(settings: Settings) -> None:
    lake = made_with(settings, PRODUCT_NAMES[1:])
    with pytest.raises(OtherProducts):
        lake.upgrade(CUSTOMERS)
    assert FIRST not in {field.name for field in Lake(settings)._delta(CUSTOMERS).schema().fields}
