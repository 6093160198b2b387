"""The table features, pandas: each month merged with what its customers held in the five months before."""

import math
from functools import reduce
from operator import or_
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

_ENOUGH = 50
_INT = pd.ArrowDtype(pa.int32())
LAGS = [f"holdings_lag_{lag}" for lag in range(1, 6)]


def features(customers: Path, out: Path, months: list[str] | None = None) -> None:
    """Write the features of the months (all when None), a folder each."""
    present = {folder.name.split("=")[1][:7]: folder for folder in sorted(customers.iterdir())}
    for month in months or present:
        rows = _profile(read_month(present[month]))
        for lag, name in enumerate(LAGS, 1):
            rows = rows.merge(_before(present.get(_earlier(month, lag)), lag, name), on="customer_id", how="left")
        table = pa.Table.from_pandas(_with_season(_with_history(rows), month), preserve_index=False)
        target = out / f"snapshot_date={month}-28"
        target.mkdir(parents=True)
        pq.write_table(table, target / "part.parquet")


def read_month(folder: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """The rows of a month's files, nullable by Arrow's types."""
    files = sorted(folder.glob("*.parquet"))
    return pd.concat([pq.ParquetFile(file).read(columns).to_pandas(types_mapper=pd.ArrowDtype) for file in files])


def _earlier(month: str, lag: int) -> str:
    index = int(month[:4]) * 12 + int(month[5:]) - 1 - lag
    return f"{index // 12}-{index % 12 + 1:02}"


def _before(folder: Path | None, lag: int, name: str) -> pd.DataFrame:
    """What was held a month before, and the day before's relation where it is the month just before."""
    wanted = ["customer_id", "holdings"] + (["relation_type", "is_active"] if lag == 1 else [])
    if folder is None:
        types = dict(zip(wanted, [pa.int64(), pa.int32(), pa.string(), pa.bool_()], strict=False))
        rows = pd.DataFrame({column: pd.array([], pd.ArrowDtype(type_)) for column, type_ in types.items()})
    else:
        rows = read_month(folder, wanted)
    if lag == 1:
        rows["relation_type"] = _base_36(rows["relation_type"])
    return rows.rename(columns={"holdings": name, "relation_type": "relation_type_last", "is_active": "was_active"})


def _base_36(codes: pd.Series) -> pd.Series:
    """A code of digits and capitals as the number it writes, looked up once for each distinct code."""
    known = codes.dropna().unique()
    return codes.map(dict(zip(known, (int(code, 36) for code in known), strict=True))).astype(_INT)


def _profile(month: pd.DataFrame) -> pd.DataFrame:
    byte = pd.ArrowDtype(pa.int8())
    rows = pd.DataFrame(
        {
            "customer_id": month["customer_id"],
            "age": month["age"],
            "is_woman": month["sex"] == "H",
            "seniority_months": month["seniority_months"],
            "is_new": month["is_new"],
            "is_active": month["is_active"],
            "segment": month["segment"].str.slice(1, 2).astype(byte),
            **{name: _base_36(month[name]) for name in ("employment_status", "channel", "country")},
            "province_code": month["province_code"],
            **{name: _base_36(month[name]) for name in ("relation_type", "relation_kind")},
            "left_during_month": month["primary_status"] == 99,
            "is_resident": month["is_resident"],
            "is_foreign_born": month["is_foreign_born"],
            "is_deceased": month["is_deceased"],
            "household_income": month["household_income"].astype("float64"),
        }
    )
    rows["income_imputed"] = rows["household_income"].isna()
    rows["household_income"] = rows["household_income"].fillna(_settled_income(rows))
    return rows


def _settled_income(rows: pd.DataFrame) -> pd.Series:
    """The median of (province, segment) where 50 are known, else of the segment, else of the month."""
    province, segment = (rows[name].astype("Float64").fillna(-1) for name in ("province_code", "segment"))
    income = rows["household_income"]
    of_group, of_segment = income.groupby([province, segment]), income.groupby(segment)
    enough_there = (of_group.transform("count") >= _ENOUGH) & (province != -1) & (segment != -1)
    enough_in_segment = (of_segment.transform("count") >= _ENOUGH) & (segment != -1)
    settled = of_segment.transform("median").where(enough_in_segment, income.median())
    return of_group.transform("median").where(enough_there, settled)


def _with_history(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts and planes from the five masks; an unknown month is a mask of 0 that changes nothing."""
    masks = [rows[name].fillna(0).to_numpy(np.int32) for name in LAGS]
    known = [rows[name].notna().to_numpy() for name in LAGS]
    pairs = [(masks[k], masks[k + 1], known[k] & known[k + 1]) for k in range(4)]
    owned = np.zeros(len(rows), np.int32)
    for mask, is_known in reversed(list(zip(masks, known, strict=True))):
        owned = np.where(is_known, mask, owned)

    def counted(changes: list[np.ndarray]) -> np.ndarray:
        return sum(np.bitwise_count(mask).astype(np.int16) for mask in changes).astype(np.int16)  # type: ignore[union-attr]

    added = [np.where(both, newer & ~older, 0).astype(np.int32) for newer, older, both in pairs]
    latest = [mask & ~reduce(or_, added[:k], np.int32(0)) for k, mask in enumerate(added)]
    last, active = rows.pop("relation_type_last"), rows.pop("was_active")
    return rows.assign(
        owned=owned,
        months_known=sum(each.astype(np.int8) for each in known),
        products_held=pd.array(np.bitwise_count(masks[0]).astype(np.int8), pd.ArrowDtype(pa.int8())),
        additions=counted(added),
        closures=counted([np.where(both, older & ~newer, 0) for newer, older, both in pairs]),
        continuations=counted([np.where(both, older & newer, 0) for newer, older, both in pairs]),
        months_since_added_bit_0=latest[0] | latest[2],
        months_since_added_bit_1=latest[1] | latest[2],
        months_since_added_bit_2=latest[3],
        relation_type_last=last,
        was_active=active,
    ).assign(products_held=lambda frame: frame["products_held"].where(known[0]))


def _with_season(rows: pd.DataFrame, month: str) -> pd.DataFrame:
    number = int(month[5:])
    angle = 2 * math.pi * (number - 1) / 12
    return rows.assign(
        month_of_year=np.int8(number), season_sine=round(math.sin(angle), 6), season_cosine=round(math.cos(angle), 6)
    ).astype({"month_of_year": "int8"})
