"""Features read online by their own names, from each store, are those that are stored packed."""

import pytest

from santander.schema.catalogue import FEATURES_TABLE
from santander.schema.features import FEATURE_SET, FEATURES
from santander.schema.months import Month
from santander.store.materialization import materialize_month
from santander.store.packing import Layout, OtherLayout
from santander.store.serving import read_online
from tests.store.conftest import Shop

MAY = Month(2016, 5)
pytestmark = pytest.mark.embedded  # reading online meets no plan

NOBODY = 10**15


def test_features_come_by_view_and_name_with_their_nulls(served: Shop) -> None:
    asked = {"features": ["customer_profile:age", "product_history:holdings_lag_5"], "entity_rows": {"customer_id": [NOBODY]}}
    nothing = {"customer_id": [NOBODY], "age": [None], "holdings_lag_5": [None]}
    assert served.store.get_online_features(**asked).to_dict() == nothing, "before anything was materialized"
    materialize_month(served.lake, served.store, MAY)
    assert served.store.get_online_features(**asked).to_dict() == nothing

    ids = [row["customer_id"] for row in served.lake.read_months(FEATURES_TABLE, [MAY]).select("customer_id").collect()][:500]
    stored = read_online(served.store, ids).to_pydict()
    assert None in stored["holdings_lag_5"]
    one = served.store.get_online_features(
        features=["customer_profile:age", "product_history:holdings_lag_5", "next_products_online:packed"],
        entity_rows={"customer_id": [NOBODY, *ids]},
    ).to_dict()
    assert one["age"] == [None, *stored["age"]]
    assert one["holdings_lag_5"] == [None, *stored["holdings_lag_5"]]
    assert one["packed"][0] is None

    every = served.store.get_online_features(
        features=served.store.get_feature_service(FEATURE_SET), entity_rows={"customer_id": ids}
    ).to_dict()
    assert {name: every[name] for name in stored if name != "snapshot_date"} == {
        name: values for name, values in stored.items() if name != "snapshot_date"
    }


def test_values_of_another_declaration_are_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    materialize_month(shop.lake, shop.store, MAY)
    fewer = Layout(FEATURES[:-1])
    monkeypatch.setattr("santander.store.sqlite.layout_online", lambda _: fewer)
    customer = shop.lake.read_months(FEATURES_TABLE, [MAY]).select("customer_id").first()
    assert customer is not None
    message = "the online store holds features of another declaration: run 'santander materialize' again"
    with pytest.raises(OtherLayout, match=f"^{message}$"):
        shop.store.get_online_features(features=["customer_profile:age"], entity_rows=[{"customer_id": customer[0]}])
