"""A comparison of two versions as data frames, for a notebook."""

from collections.abc import Mapping

import pandas as pd

from santander.config.settings import Settings
from santander.evaluation.drawing import readable
from santander.lake.lake import Lake
from santander.registry.comparison import Comparison
from santander.registry.decisions import decisions
from santander.schema.months import Month


def by_month(comparison: Comparison) -> pd.DataFrame:
    """A row: one month. MAP@7 of both beside baseline, oracle and ceiling, and the relative difference with its bounds."""
    holder, contender = comparison.names
    rows = [
        {
            "month": str(judged.month),
            "customers": judged.holder.customers,
            "buyers": judged.holder.buyers,
            holder: judged.holder.map7,
            contender: judged.contender.map7,
            "baseline": judged.contender.baseline,
            "oracle": judged.holder.oracle,
            "ceiling": judged.holder.ceiling,
            "relative": judged.difference.relative,
            "95 % from": judged.difference.relative_lower,
            "to": judged.difference.relative_upper,
        }
        for judged in comparison.months
    ]
    return pd.DataFrame(rows).set_index("month")


def by_slice(comparison: Comparison) -> pd.DataFrame:
    """A row: one slice of the last month. MAP@7 of both and the relative difference with its bounds."""
    holder, contender = comparison.names
    rows = [
        {
            "slice": part.name,
            "customers": part.customers,
            "buyers": part.buyers,
            holder: part.champion,
            contender: part.challenger,
            "relative": part.relative,
            "95 % from": part.relative_lower,
            "to": part.relative_upper,
            "enough buyers": part.counts,
        }
        for part in comparison.last.slices
    ]
    return pd.DataFrame(rows).set_index("slice")


def by_product(comparison: Comparison) -> pd.DataFrame:
    """A row: one product added in the last month, the costliest first. Additions that stood first, and MAP@7 lost, of both."""
    holder, contender = comparison.names
    rows = [
        {
            "product": readable(one.product),
            "additions": one.additions,
            f"first, {holder}": one.found_at[0],
            f"first, {contender}": other.found_at[0],
            f"missed, {holder}": one.missed,
            f"missed, {contender}": other.missed,
            f"lost, {holder}": one.lost,
            f"lost, {contender}": other.lost,
        }
        for one, other in zip(comparison.last.holder.products, comparison.last.contender.products, strict=True)
        if one.additions
    ]
    return pd.DataFrame(rows).set_index("product").sort_values(f"lost, {contender}", ascending=False)


def by_version(shares: Mapping[Month, Mapping[int, float]]) -> pd.DataFrame:
    """A row: one month; a column: one version; a cell: its share of the ceiling, nothing where it has seen the month."""
    numbers = sorted({number for of in shares.values() for number in of})
    rows = {str(month): [of.get(number) for number in numbers] for month, of in shares.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=[f"v{number}" for number in numbers], dtype=float)


def verdicts(settings: Settings, lake: Lake) -> pd.DataFrame:
    """A row: one decision of the table ``promotions``, the oldest first."""
    champions = ["champion_before", "champion_after"]
    shown = ["decided_at", "action", "version", "promoted", *champions, "gate_month", "relative", "reason"]
    return pd.DataFrame(decisions(settings, lake), columns=shown).astype(dict.fromkeys(champions, "Int64"))
