"""The table features, DuckDB: each month joined to what its customers held in the five months before, one COPY a month."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import duckdb

LAGS = [f"holdings_lag_{lag}" for lag in range(1, 6)]
_PAIRS = list(pairwise(LAGS))
_PROFILE = """
    customer_id, age, sex = 'H' AS is_woman, seniority_months, is_new, is_active, segment[2]::TINYINT AS segment,
    digit(employment_status) AS employment_status,
    digit(channel[1]) * 1296 + digit(channel[2]) * 36 + digit(channel[3]) AS channel,
    digit(country[1]) * 36 + digit(country[2]) AS country, province_code,
    digit(relation_type) AS relation_type, digit(relation_kind) AS relation_kind, primary_status = 99 AS left_during_month,
    is_resident, is_foreign_born, is_deceased, household_income"""


def features(customers: Path, out: Path, months: list[str] | None = None) -> None:
    """Write the features of the months (all when None), a folder each."""
    present = {folder.name.split("=")[1][:7]: folder / "*.parquet" for folder in sorted(customers.iterdir())}
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        con.execute("CREATE MACRO digit(letter) AS (ascii(letter) - if(ascii(letter) < 58, 48, 55))::INTEGER")
        for month in months or present:
            before = [present.get(_earlier(month, lag)) for lag in range(1, 6)]
            target = out / f"snapshot_date={month}-28"
            target.mkdir(parents=True)
            con.execute(f"COPY ({_of_month(present[month], month, before)}) TO '{target}/part.parquet' (FORMAT parquet)")


def _earlier(month: str, lag: int) -> str:
    index = int(month[:4]) * 12 + int(month[5:]) - 1 - lag
    return f"{index // 12}-{index % 12 + 1:02}"


def _of_month(path: Path, month: str, before: Sequence[Path | None]) -> str:
    angle = 2 * math.pi * (int(month[5:]) - 1) / 12
    joins = "".join(_lag_join(lag, file) for lag, file in zip(LAGS, before, strict=True))
    added = ", ".join(f"coalesce({new} & ~{old}, 0) AS added_{k}" for k, (new, old) in enumerate(_PAIRS, 1))
    return f"""
        WITH profile AS (SELECT {_PROFILE} FROM read_parquet('{path}')),
        by_group AS (
            SELECT province_code, segment, median(household_income) AS income, count(household_income) AS known
            FROM profile GROUP BY ALL),
        by_segment AS (
            SELECT segment, median(household_income) AS income, count(household_income) AS known FROM profile GROUP BY ALL),
        settled AS (
            SELECT g.province_code AS its_province, g.segment AS its_segment, CASE
                WHEN g.known >= 50 AND g.province_code IS NOT NULL AND g.segment IS NOT NULL THEN g.income
                WHEN s.known >= 50 AND s.segment IS NOT NULL THEN s.income
                ELSE (SELECT median(household_income) FROM profile) END AS settled_income
            FROM by_group g JOIN by_segment s ON g.segment IS NOT DISTINCT FROM s.segment),
        joined AS (
            SELECT profile.* EXCLUDE (household_income), coalesce(household_income, settled_income) AS household_income,
                household_income IS NULL AS income_imputed, {", ".join(LAGS)}, relation_type_last, was_active
            FROM profile{joins}
            LEFT JOIN settled ON province_code IS NOT DISTINCT FROM its_province AND segment IS NOT DISTINCT FROM its_segment),
        masks AS (SELECT *, {added} FROM joined)
        SELECT * EXCLUDE (added_1, added_2, added_3, added_4),
            coalesce({", ".join(LAGS)}, 0) AS owned,
            ({" + ".join(f"({lag} IS NOT NULL)::INT" for lag in LAGS)})::TINYINT AS months_known,
            bit_count(holdings_lag_1)::TINYINT AS products_held,
            {_bits(f"{new} & ~{old}" for new, old in _PAIRS)} AS additions,
            {_bits(f"{old} & ~{new}" for new, old in _PAIRS)} AS closures,
            {_bits(f"{new} & {old}" for new, old in _PAIRS)} AS continuations,
            added_1 | (added_3 & ~added_1 & ~added_2) AS months_since_added_bit_0,
            (added_2 & ~added_1) | (added_3 & ~added_1 & ~added_2) AS months_since_added_bit_1,
            added_4 & ~added_1 & ~added_2 & ~added_3 AS months_since_added_bit_2,
            {int(month[5:])}::TINYINT AS month_of_year, {round(math.sin(angle), 6)}::DOUBLE AS season_sine,
            {round(math.cos(angle), 6)}::DOUBLE AS season_cosine
        FROM masks"""


def _lag_join(lag: str, file: Path | None) -> str:
    """What a month before gives each customer; an empty relation where there is no such month."""
    last = lag == LAGS[0]
    if file is None:
        also = ", NULL::INTEGER AS relation_type_last, NULL::BOOLEAN AS was_active" if last else ""
        rows = f"SELECT NULL::BIGINT AS customer_id, NULL::INTEGER AS {lag}{also} WHERE false"
    else:
        also = ", digit(relation_type) AS relation_type_last, is_active AS was_active" if last else ""
        rows = f"SELECT customer_id, holdings AS {lag}{also} FROM read_parquet('{file}')"
    return f" LEFT JOIN ({rows}) {lag} USING (customer_id)"


def _bits(masks: Iterable[str]) -> str:
    return "(" + " + ".join(f"coalesce(bit_count({mask}), 0)" for mask in masks) + ")::SMALLINT"
