"""What may be offered, recounted: by the rules that ship, said once more in words of our own, and by who objects to marketing.

A rule that a user has added or changed has no second opinion here; what it keeps back is taken from ``offer_exclusions``.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from santander.audit.engine import Engine, literal, union
from santander.audit.features import LONGEST, ROWS_NAMED, Rows, expected_owned
from santander.audit.findings import Difference, Findings, there
from santander.audit.live import parquet
from santander.audit.rules import PRODUCTS

OBJECTION = "objection"
_ALL = tuple(name for _, name in PRODUCTS)
_SHIPPED = {
    "deceased": ("coalesce(is_deceased, false)", _ALL),
    "left_the_bank": (
        "coalesce(primary_status, 1) = 99 OR coalesce(relation_type, '') = 'P' OR coalesce(relation_kind, '') IN ('3', '4')", _ALL
    ),
    "junior_account_by_age": ("NOT coalesce(age < 20, false)", ("junior_account",)),
    "credit_by_age": ("NOT coalesce(age >= 18, false)", ("loan", "mortgage", "credit_card", "guarantee")),
    "not_sold_any_more": ("true", ("saving_account", "guarantee", "short_term_deposit")),
}  # fmt: skip
_NOTHING = "SELECT CAST(NULL AS BIGINT) AS customer_id, '' AS product, '' AS rule WHERE false"


@dataclass(frozen=True, slots=True)
class OfferFiles:
    """Parquet files of a month of the two tables."""

    offers: Sequence[str]
    exclusions: Sequence[str]


def compare_offers(
    engine: Engine, findings: Findings, files: OfferFiles, rows_of: Rows, shipped: Collection[str], objecting: Collection[int]
) -> None:
    """Compare who is kept from what with a recount, and count offers that break a rule of lists, or that nobody may be made.

    ``shipped`` are the rules in force as they ship, ``objecting`` the customers of the month who object to marketing.
    """
    if (here := rows_of(findings.month)) is None:
        findings.expect("offers", "customers of the month", "none", "offers without customers")
        return
    engine.run("CREATE OR REPLACE TEMP TABLE objecting(customer_id BIGINT)")
    if objecting:
        engine.connection.executemany("INSERT INTO objecting VALUES (?)", [(each,) for each in objecting])
    masks = ", ".join(f"({literal(name)}, {1 << bit})" for bit, (_, name) in enumerate(PRODUCTS))
    engine.run(f"CREATE OR REPLACE TEMP TABLE masks AS FROM (VALUES {masks}) m(product, mask)")
    engine.run(f"CREATE OR REPLACE TEMP TABLE owners AS {expected_owned(findings.month, rows_of)}")
    compared = {name: rule for name, rule in _SHIPPED.items() if name in shipped}
    _compare_exclusions(engine, findings, files.exclusions, _due(here, compared), (*compared, OBJECTION))
    _count_wrong(engine, findings, files, _due(here, compared))


def _due(here: str, rules: dict[str, tuple[str, tuple[str, ...]]]) -> str:
    """A query for what each of these rules keeps from whom: (customer_id, product, rule)."""
    meeting = {
        name: (f"SELECT customer_id FROM {here} WHERE {condition}", products) for name, (condition, products) in rules.items()
    }
    meeting[OBJECTION] = ("FROM objecting", _ALL)
    kept = [
        f"SELECT customer_id, product, '{name}' AS rule FROM ({who}) JOIN owners USING (customer_id) JOIN masks "
        f"ON owned & mask = 0 AND product IN ({', '.join(map(literal, products))})"
        for name, (who, products) in meeting.items()
    ]
    return union(kept, _NOTHING)


def _compare_exclusions(engine: Engine, findings: Findings, files: Sequence[str], due: str, rules: Sequence[str]) -> None:
    named = ", ".join(map(literal, rules))
    held = f"SELECT customer_id, product, rule FROM {parquet(files)} WHERE rule IN ({named})" if files else _NOTHING
    figures = (
        "SELECT count(*) AS rows, histogram(rule) AS rule, sum(hash(customer_id, product, rule)) AS 'who, what and why' FROM"
    )
    if findings.compare("offer exclusions", engine.row(f"{figures} ({due})"), engine.row(f"{figures} ({held})")):
        return
    rows = engine.rows(
        f"SELECT d.product AS source, h.product AS tables, coalesce(d.customer_id, h.customer_id) AS customer, "
        f"coalesce(d.product, h.product) AS product, coalesce(d.rule, h.rule) AS rule FROM ({due}) d FULL JOIN ({held}) h "
        "ON d.customer_id = h.customer_id AND d.product = h.product AND d.rule = h.rule "
        f"WHERE d.product IS NULL OR h.product IS NULL ORDER BY customer, product, rule LIMIT {ROWS_NAMED}"
    )
    for row in rows:
        where = f"customer {row['customer']}, rule {row['rule']}"
        sides = there(row["source"]), there(row["tables"])
        findings.differences.append(Difference(findings.month, "offer exclusion", row["product"], *sides, where))


def _count_wrong(engine: Engine, findings: Findings, files: OfferFiles, due: str) -> None:
    by_table = f"SELECT customer_id, product FROM {parquet(files.exclusions)}" if files.exclusions else _NOTHING
    row = engine.row(f"""
        WITH kept AS (SELECT customer_id, bit_or(mask) AS excluded
          FROM (SELECT customer_id, product FROM ({due}) UNION ALL SELECT customer_id, product FROM ({by_table}))
          JOIN masks USING (product) GROUP BY customer_id),
        lists AS (
          SELECT customer_id, count(*) AS length, count(DISTINCT product) AS products, min(rank) AS first, max(rank) AS last,
            count(DISTINCT rank) AS ranks, bit_or(coalesce(mask, 0)) AS offered, count_if(mask IS NULL) AS unknown,
            count_if(NOT coalesce(chance BETWEEN 0 AND 1, true)) AS no_chance
          FROM {parquet(files.offers)} LEFT JOIN masks USING (product) GROUP BY customer_id),
        pairs AS (SELECT *, coalesce(excluded, 0) AS closed, least({LONGEST}, {len(PRODUCTS)} - bit_count(owned | closed)) AS due
          FROM owners LEFT JOIN kept USING (customer_id) FULL JOIN lists USING (customer_id))
        SELECT
          (SELECT count(DISTINCT customer_id) FROM {parquet(files.offers)} JOIN objecting USING (customer_id))
            AS 'customers with offers who object',
          count_if(offered & closed <> 0) AS 'customers offered what a rule keeps from them',
          count_if(offered & owned <> 0) AS 'customers offered what they hold',
          count_if(length IS NOT NULL AND owned IS NULL) AS 'offers to nobody of the month',
          count_if(coalesce(length, 0) <> due) AS 'customers with another number of offers',
          count_if(first <> 1 OR last <> length OR ranks <> length) AS 'customers with other ranks than 1 to their number',
          count_if(products <> length) AS 'customers offered a product twice',
          count_if(unknown > 0) AS 'customers offered an unknown product',
          count_if(no_chance > 0) AS 'customers with a chance that is none'
        FROM pairs""")
    findings.compare("offers", dict.fromkeys(row, 0), row)
