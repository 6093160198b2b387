"""What is made of customers: features recomputed, for a sample the whole row, and lists held to what a list must be."""

from collections.abc import Callable
from typing import Any

from santander.audit.engine import Engine, literal
from santander.audit.findings import Difference, Findings
from santander.audit.live import parquet
from santander.audit.rules import PRODUCTS
from santander.schema.features import FEATURE_NAMES
from santander.schema.months import Month

LAGS = (1, 2, 3, 4, 5)
ENOUGH_INCOMES = 50
"""Restated, not imported: a second opinion that shares a number with the first cannot differ from it."""
HALF_A_CENT = 0.005
"""How far apart two incomes may be that both stand for a median."""
ROWS_NAMED = 5

Rows = Callable[[str], str | None]
"""A query for the customers of a month, None for a month that is not there."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ADDED = {lag: f"(lag_{lag} & ~lag_{lag + 1})" for lag in LAGS[:-1]}

_PROFILE = {
    "age": "age",
    "is_woman": "sex = 'H'",
    "seniority_months": "seniority_months",
    "is_new": "is_new",
    "is_active": "is_active",
    "segment": "CAST(segment[2] AS INTEGER)",
    "employment_status": "base_36(employment_status)",
    "channel": "base_36(channel)",
    "country": "base_36(country)",
    "province_code": "province_code",
    "relation_type": "base_36(relation_type)",
    "relation_kind": "base_36(relation_kind)",
    "left_during_month": "primary_status = 99",
    "is_resident": "is_resident",
    "is_foreign_born": "is_foreign_born",
    "is_deceased": "is_deceased",
}


def define_macros(engine: Engine) -> None:
    """Define the functions that the queries of this file call: a code of up to three digits and capitals as a number."""
    digit = f"(strpos('{_DIGITS}', {{}}) - 1)"
    one, two, three = (digit.format(f"code[{place}]") for place in (1, 2, 3))
    engine.run(
        f"CREATE MACRO base_36(code) AS CASE length(code) WHEN 1 THEN {one} WHEN 2 THEN {one} * 36 + {two} "
        f"WHEN 3 THEN ({one} * 36 + {two}) * 36 + {three} END"
    )


def compare_features(engine: Engine, findings: Findings, files: list[str], rows_of: Rows, one_in: int) -> None:
    """Compare the features of a month with those recomputed from ``rows_of`` this month and the five before it.

    Whole rows are compared for about one customer in ``one_in``, chosen by a hash of the key. Features that have no second
    opinion here are named by the findings.
    """
    month = findings.month
    here = rows_of(month)
    if here is None:
        findings.expect("features", "customers of the month", "none", "features without customers")
        return
    table = f"(SELECT * FROM {parquet(files)})"
    counts = "SELECT count(*) AS rows, count(DISTINCT customer_id) AS customers, sum(customer_id) AS 'sum of customer_id' FROM"
    findings.compare("feature rows", engine.row(f"{counts} {here}"), engine.row(f"{counts} {table}"))
    expected = _expected(month, here, rows_of, one_in)
    computed = [*_computed(month), "household_income", "income_imputed"]
    names = [name for name in computed if name in FEATURE_NAMES]
    findings.not_compared += [name for name in FEATURE_NAMES if name not in computed]
    differing = ", ".join(f"count_if({_differs(name)}) AS {name}" for name in names)
    joined = f"FROM ({expected}) e JOIN {table} f USING (customer_id)"
    row = engine.row(f"SELECT count(*) AS sampled, {differing} {joined}")
    findings.checks += row["sampled"] * len(names)
    for name in names:
        if row[name]:
            findings.differences.append(
                Difference(month, _check(name), name, "0 of the sampled rows differ", f"{row[name]} of {row['sampled']} differ")
            )
            findings.differences += _differing(engine, month, name, joined)


def expected_owned(month: str, rows_of: Rows) -> str:
    """A query for what each customer of the month owns before it: (customer_id, owned)."""
    return f"SELECT customer_id, {_owned()} AS owned FROM ({_with_lags(month, str(rows_of(month)), rows_of, 'customer_id')})"


def _check(name: str) -> str:
    return "lags" if name.startswith("holdings_lag_") else "features"


def _differing(engine: Engine, month: str, name: str, joined: str) -> list[Difference]:
    rows = engine.rows(
        f"SELECT customer_id, e.{name} AS source, f.{name} AS tables {joined} WHERE {_differs(name)} "
        f"ORDER BY customer_id LIMIT {ROWS_NAMED}"
    )
    return [
        Difference(month, "feature row", name, row["source"], row["tables"], f"customer {row['customer_id']}") for row in rows
    ]


def _differs(name: str) -> str:
    if name == "household_income":
        return f"coalesce(abs(e.{name} - f.{name}) > {HALF_A_CENT}, (e.{name} IS NULL) <> (f.{name} IS NULL))"
    return f"e.{name} IS DISTINCT FROM f.{name}"


def _expected(month: str, here: str, rows_of: Rows, one_in: int) -> str:
    """The feature rows of the sampled customers."""
    sampled = f"(SELECT * FROM {here} WHERE hash(customer_id) % {one_in} = 0)"
    own = "customer_id, holdings, household_income, " + ", ".join(f"{sql} AS {name}" for name, sql in _PROFILE.items())
    keys = "coalesce(province_code, -1) AS its_province, coalesce(segment, '') AS its_segment"
    with_lags = _with_lags(month, f"(SELECT {own}, {keys} FROM {sampled})", rows_of, "*")
    computed = ", ".join(f"{sql} AS {name}" for name, sql in _computed(month).items())
    return (
        f"SELECT customer_id, {computed}, household_income IS NULL AS income_imputed, "
        f"coalesce(household_income, settled) AS household_income FROM ({with_lags}) "
        f"LEFT JOIN {_settled_incomes(here)} USING (its_province, its_segment)"
    )


def _with_lags(month: str, here: str, rows_of: Rows, columns: str) -> str:
    """Customers of the month with ``lag_1`` to ``lag_5``, and with relation and activity of the month before."""
    joins, lags = "", []
    for lag in LAGS:
        before = rows_of(str(Month.parse(month) - lag))
        extra = ", relation_type AS relation_type_before, is_active AS active_before" if lag == 1 else ""
        if before is None:
            lags.append(f"CAST(NULL AS INTEGER) AS lag_{lag}")
            if extra:
                lags.append("CAST(NULL AS VARCHAR) AS relation_type_before, CAST(NULL AS BOOLEAN) AS active_before")
            continue
        joins += f" LEFT JOIN (SELECT customer_id, holdings AS lag_{lag}{extra} FROM {before}) b{lag} USING (customer_id)"
        lags.append(f"lag_{lag}")
        if extra:
            lags.append("relation_type_before, active_before")
    mine = "customer_id" if columns == "customer_id" else "here.*"
    return f"SELECT {mine}, {', '.join(lags)} FROM {here} here{joins}"


def _computed(month: str) -> dict[str, Any]:
    """Every feature but the income, over the columns of ``_with_lags``."""
    return {
        **{name: name for name in _PROFILE},
        **{f"holdings_lag_{lag}": f"lag_{lag}" for lag in LAGS},
        "owned": _owned(),
        "months_known": " + ".join(f"CAST(lag_{lag} IS NOT NULL AS INTEGER)" for lag in LAGS),
        "products_held": "bit_count(lag_1)",
        "additions": _over_pairs("lag_{newer} & ~lag_{older}"),
        "closures": _over_pairs("lag_{older} & ~lag_{newer}"),
        "continuations": _over_pairs("lag_{newer} & lag_{older}"),
        **{f"months_since_added_bit_{plane}": _plane(plane) for plane in range(3)},
        "relation_type_last": "base_36(relation_type_before)",
        "was_active": "active_before",
        "month_of_year": str(int(month[5:])),
        "season_sine": f"round(sin(2 * pi() * {int(month[5:]) - 1} / 12), 6)",
        "season_cosine": f"round(cos(2 * pi() * {int(month[5:]) - 1} / 12), 6)",
    }


def _owned() -> str:
    return f"coalesce({', '.join(f'lag_{lag}' for lag in LAGS)}, 0)"


def _over_pairs(changed: str) -> str:
    """Bits of ``changed`` over the pairs of known months that follow each other."""
    return " + ".join(f"coalesce(bit_count({changed.format(newer=lag, older=lag + 1)}), 0)" for lag in LAGS[:-1])


def _plane(plane: int) -> str:
    """One bit of every product's months since its last addition, product by product."""
    since = [
        f"CASE {' '.join(f'WHEN ({added} >> {bit}) & 1 = 1 THEN {lag >> plane & 1}' for lag, added in _ADDED.items())} ELSE 0 END"
        for bit in range(len(PRODUCTS))
    ]
    return " | ".join(f"(({one}) << {bit})" for bit, one in enumerate(since))


def _settled_incomes(here: str) -> str:
    """The income of those whose own is not known, per (province, segment): a median of the smallest group that knows enough."""
    return (
        "(SELECT its_province, its_segment, CASE "
        f"WHEN known >= {ENOUGH_INCOMES} AND its_province <> -1 AND its_segment <> '' THEN of_group "
        f"WHEN segment_known >= {ENOUGH_INCOMES} AND its_segment <> '' THEN of_segment ELSE of_month END AS settled FROM "
        "(SELECT coalesce(province_code, -1) AS its_province, coalesce(segment, '') AS its_segment, "
        f"median(household_income) AS of_group, count(household_income) AS known FROM {here} GROUP BY ALL) "
        "JOIN (SELECT coalesce(segment, '') AS its_segment, median(household_income) AS of_segment, "
        f"count(household_income) AS segment_known FROM {here} GROUP BY ALL) USING (its_segment) "
        f"CROSS JOIN (SELECT median(household_income) AS of_month FROM {here}))"
    )


LONGEST = 7


def compare_recommendations(engine: Engine, findings: Findings, files: list[str], rows_of: Rows) -> None:
    """Count the customers whose list breaks a rule: length, ranks, repeated, unknown and owned products, no list at all.

    A product without a score is one that its model leaves out, and is due all the same.
    """
    if rows_of(findings.month) is None:
        findings.expect("recommendations", "customers of the month", "none", "lists without customers")
        return
    bits = ", ".join(f"({literal(name)}, {1 << bit})" for bit, (_, name) in enumerate(PRODUCTS))
    row = engine.row(f"""
        WITH masks(product, mask) AS (VALUES {bits}),
        lists AS (
          SELECT customer_id, count(*) AS length, count(DISTINCT product) AS products, min(rank) AS first, max(rank) AS last,
            count(DISTINCT rank) AS ranks, bit_or(coalesce(mask, 0)) AS listed, count_if(mask IS NULL) AS unknown,
            count_if(isnan(score)) AS unscored
          FROM {parquet(files)} LEFT JOIN masks USING (product) GROUP BY customer_id),
        owners AS ({expected_owned(findings.month, rows_of)}),
        pairs AS (SELECT *, least({LONGEST}, {len(PRODUCTS)} - bit_count(owned)) AS due
          FROM owners FULL JOIN lists USING (customer_id))
        SELECT
          count_if(length IS NULL AND due > 0) AS 'customers without a list',
          count_if(owned IS NULL) AS 'lists of nobody',
          count_if(length <> due) AS 'lists of another length',
          count_if(first <> 1 OR last <> length OR ranks <> length) AS 'lists with other ranks than 1 to their length',
          count_if(products <> length) AS 'lists that repeat a product',
          count_if(unknown > 0) AS 'lists with an unknown product',
          count_if(unscored > 0) AS 'lists with a score that is no number',
          count_if(listed & owned <> 0) AS 'lists with an owned product'
        FROM pairs""")
    findings.compare("recommendations", dict.fromkeys(row, 0), row)
