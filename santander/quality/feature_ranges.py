"""The range rules of the table ``features``, made from the legal range that each feature declares."""

from itertools import groupby

from santander.quality.rules import ROWS, RowRule
from santander.schema.features import FEATURES, Feature


def range_rules() -> list[RowRule]:
    """Return one rule for each feature with a range, or one for all that share a rule, in the order of the declaration."""
    by_rule: dict[str, list[Feature]] = {}
    for feature in FEATURES:
        if feature.range is not None:
            by_rule.setdefault(feature.range.rule or f"{feature.name}_range", []).append(feature)
    return [_rule(name, features) for name, features in by_rule.items()]


def _rule(name: str, features: list[Feature]) -> RowRule:
    alone = len(features) == 1
    words = [f"{', '.join(each.name for each in alike)}: {of}" for of, alike in groupby(features, key=_words)]
    return RowRule(
        name=name,
        column=features[0].name if alone else name,
        meaning=_words(features[0]) if alone else "; ".join(words),
        of=f"known_{features[0].name}" if alone else ROWS,
        broken=" OR ".join(outside for each in features for outside in _outside(each)),
    )


def _words(feature: Feature) -> str:
    return "" if feature.range is None else feature.range.words


def _outside(feature: Feature) -> list[str]:
    """The SQL conditions of a value below and above the range."""
    if feature.range is None:
        return []
    bounds = (("<", feature.range.low), (">", feature.range.high))
    return [f"{feature.name} {beyond} {bound:.15g}" for beyond, bound in bounds if bound is not None]
