"""Families of features as a user adds them, and rows of their tables, for tests of what surrounds such tables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from santander.schema.features import Range
from santander.schema.months import Month
from santander.schema.own_family import Entity, Language, OwnFamily, OwnFeature
from tests.environment import CONF_LOCAL


def _family(name: str, entity: Entity, *features: tuple[str, str, Range | None]) -> OwnFamily:
    declared = tuple(OwnFeature(feature, type_, name, f"What {feature} means", range_) for feature, type_, range_ in features)
    return OwnFamily(name, entity, 2, f"What {name} means", declared, Language.SQL, "SELECT 1", Path(f"{name}.sql"))


ACTIVITY = _family(
    "activity",
    Entity.CUSTOMER,
    ("months_active", "smallint", Range(0, 2, "0 to 2")),
    ("share_active", "double", Range(0, 1, "0 to 1")),
    ("ever_active", "boolean", None),
)
BY_PROVINCE = _family("by_province", Entity.PROVINCE, ("loans_share", "double", Range(0, 1, "0 to 1")))


def active(customers: Iterable[int], month: Month, **changes: Any) -> list[dict[str, Any]]:
    """Return the rows of ``ACTIVITY`` of these customers in a month."""
    row = {"months_active": 1, "share_active": 0.5, "ever_active": True, **changes}
    return [{"customer_id": customer, "snapshot_date": month.snapshot, **row} for customer in customers]


def of_provinces(codes: Iterable[int | None], month: Month, share: float = 0.1) -> list[dict[str, Any]]:
    """Return the rows of ``BY_PROVINCE`` of these provinces in a month."""
    return [{"province_code": code, "snapshot_date": month.snapshot, "loans_share": share} for code in codes]


def break_a_file(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have conf/local hold a file of a family that is refused wherever it is read."""
    (folder / "features").mkdir(parents=True)
    (folder / "features" / "activity.sql").write_text("-- entity: nobody\nSELECT 1\n", encoding="utf-8")
    patch.setenv(CONF_LOCAL, str(folder))


def declare(patch: pytest.MonkeyPatch, folder: Path, *families: OwnFamily) -> None:
    """Have conf/local hold the files of these families and no other."""
    (folder / "features").mkdir(parents=True, exist_ok=True)
    for family in families:
        header = [f"entity: {family.entity}", f"months: {family.months}", f"meaning: {family.meaning}"]
        for feature in family.features:
            range_ = f"[{feature.range.low}, {feature.range.high}] " if feature.range else ""
            header.append(f"feature: {feature.name} {feature.type} {range_}{feature.meaning}")
        text = "".join(f"-- {line}\n" for line in header) + f"{family.code}\n"
        (folder / "features" / f"{family.name}.sql").write_text(text, encoding="utf-8")
    patch.setenv(CONF_LOCAL, str(folder))
