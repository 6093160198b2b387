"""Features of a user's families are packed beside the others, and those of provinces and segments lie apart as well."""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from santander.config.family_files import is_users_own, own_families
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, PARTITION
from santander.serving.snapshot.packed import FamilyRows, packed_features
from santander.store.online_layout import layout_with
from tests.banks import TARGET
from tests.conftest import Bank
from tests.environment import CONF_LOCAL
from tests.family_bank import write_files, write_tables
from tests.own_bank import own_copy


def test_families_are_packed_by_their_keys(scored_bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path / "conf")
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path / "conf"))
    lake = Lake(own_copy(scored_bank, tmp_path / "data"), scored_bank.lake.session)
    write_tables(lake, [TARGET])
    families = [FamilyRows.of(lake, family, TARGET) for family in filter(is_users_own, own_families())]
    month = [(PARTITION, "=", TARGET.snapshot)]
    customers = lake.delta(CUSTOMERS).to_pyarrow_table(filters=month).sort_by("customer_id")
    ids, layout = customers["customer_id"].to_numpy(), layout_with([family.family.name for family in families])
    packed = packed_features(lake, TARGET, ids, layout, families)
    found = layout.unpack([row.tobytes() for row in packed])
    assert found["id_digit"].to_pylist() == (ids % 10).tolist()
    assert found["is_even"].to_pylist() == (ids % 2 == 0).tolist()
    by_province = {row["values"]: row["counts"] for row in pc.value_counts(customers["province_code"]).to_pylist()}
    by_province[None] = None
    assert found["neighbours"].to_pylist() == [by_province[province] for province in customers["province_code"].to_pylist()]
    oldest: dict[str | None, int | None] = {None: None}
    for segment in pc.unique(customers["segment"]).drop_null().to_pylist():
        oldest[segment] = pc.max(customers.filter(pc.equal(customers["segment"], segment))["age"]).as_py()
    assert found["oldest"].to_pylist() == [oldest[segment] for segment in customers["segment"].to_pylist()]
    stored = {family.family.name: family.by_key() for family in families if family.family.name != "activity"}
    assert stored["by_province"]["rows"] == {str(key): [count] for key, count in by_province.items() if key is not None}
    assert stored["by_segment"]["rows"] == {str(key): [age] for key, age in oldest.items() if key is not None}
    features = lake.delta(FEATURES_TABLE).to_pyarrow_table(filters=month).sort_by("customer_id")
    assert np.array_equal(found["holdings_lag_1"], features["holdings_lag_1"])
