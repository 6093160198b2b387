"""What a snapshot knows of customers and of their provinces and segments finds its way to their records."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from santander.features.history import UNKNOWN
from santander.models.family_columns import FamilyColumns, FeatureFacts
from santander.schema.features import FEATURES
from santander.schema.types import arrow_type
from santander.serving.now.known import KnownCustomers
from santander.serving.snapshot.reading import EntityFeatures
from santander.store.packing import Layout, PackedFeature

CUSTOMERS = [15889, 15890]
KNOWN = {
    "relation_type_last": [10, None], "was_active": [True, None], "holdings_lag_1": [5, None], "holdings_lag_2": [None, 1 << 23],
    "id_digit": [9, 0], "is_even": [False, None],
}  # fmt: skip


def family(entity: str, **types: str) -> FamilyColumns:
    return FamilyColumns(
        entity=entity, features={name: FeatureFacts(type=type_, range=None, meaning=name) for name, type_ in types.items()}
    )


FAMILIES = {
    "activity": family("customer_id", id_digit="smallint", is_even="boolean"),
    "by_province": family("province_code", neighbours="bigint"),
    "by_segment": family("segment", oldest="int", share="double"),
}


@pytest.fixture(scope="module")
def known() -> KnownCustomers:
    layout = Layout((*FEATURES, PackedFeature("id_digit", "smallint"), PackedFeature("is_even", "boolean")))
    columns = {each.name: pa.array(KNOWN.get(each.name, [None, None]), arrow_type(each.type)) for each in layout.features}
    packed = layout.pack(pa.table({"snapshot_date": pa.array([16980, 16980], pa.int32()).cast(pa.date32()), **columns}))
    snapshot = SimpleNamespace(
        row={customer: row for row, customer in enumerate(CUSTOMERS)}.get,
        layout=layout,
        features=np.frombuffer(b"".join(packed.to_pylist()), np.uint8).reshape(-1, layout.size),
        entity_features={
            "by_province": EntityFeatures("province_code", ("neighbours",), {"28": (1_200_000,), "5": (None,)}),
            "by_segment": EntityFeatures("segment", ("share", "oldest"), {"01 - TOP": (0.25, 99)}),
        },
    )
    return KnownCustomers(snapshot, FAMILIES)


def plain(columns: dict[str, pa.Array]) -> dict[str, list[object]]:
    return {name: column.to_pylist() for name, column in columns.items()}


def test_the_month_before_is_that_of_the_customer_and_null_of_a_stranger(known: KnownCustomers) -> None:
    rows = known.rows([15890, 7, 15889, 0])
    assert rows.tolist() == [1, -1, 0, -1]
    assert plain(known.last(rows)) == {"relation_type_last": [None, None, 10, None], "was_active": [None, None, True, None]}
    assert [lag.tolist() for lag in known.lags(rows)[:2]] == [
        [UNKNOWN, UNKNOWN, 5, UNKNOWN],
        [1 << 23, UNKNOWN, UNKNOWN, UNKNOWN],
    ]


def test_families_are_found_by_customer_province_and_segment(known: KnownCustomers) -> None:
    keys = {"province_code": [28, None, 5, 1], "segment": ["01 - TOP", None, "02 - PARTICULARES", "01 - TOP"]}
    assert plain(known.families(known.rows([15889, 15890, 7, 0]), keys)) == {
        "id_digit": [9, 0, None, None],
        "is_even": [False, None, None, None],
        "neighbours": [1_200_000, None, None, None],
        "oldest": [99, None, None, 99],
        "share": [0.25, None, None, 0.25],
    }
    assert known.of_customers == ["relation_type_last", "was_active", "id_digit", "is_even"]


def test_types_are_those_declared_also_where_nobody_is_known(known: KnownCustomers) -> None:
    none = known.families(known.rows([0]), {"province_code": [None], "segment": [None]})
    assert {name: str(column.type) for name, column in none.items()} == {
        "id_digit": "int16", "is_even": "bool", "neighbours": "int64", "oldest": "int32", "share": "double",
    }  # fmt: skip
    assert known.last(known.rows([0]))["was_active"].type == pa.bool_()
