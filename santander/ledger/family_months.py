"""Months of a user's families, for steps that read them: whether they were built, and what changes with their rows."""

from collections.abc import Collection, Iterable
from typing import Any

from santander.config.family_files import own_family
from santander.errors import InputError
from santander.lake.family_tables import family_fingerprints
from santander.lake.lake import Lake
from santander.schema.months import Month


def refuse_unfit_families(lake: Lake, families: Iterable[str], months: Collection[Month]) -> None:
    """Raise InputError for a family that no file adds, and for the first with months that were not built."""
    for family in map(own_family, sorted(families)):
        there = set(lake.months(family.table))
        if absent := sorted(set(months) - there):
            raise InputError(
                f"the family {family.name} has no features of {', '.join(map(str, absent))}",
                month=absent[0],
                hint=f"run 'santander features --family {family.name} {_span(absent)}' first",
            )


def fingerprints_of_families(lake: Lake, families: Iterable[str], months: Iterable[Month]) -> dict[str, Any]:
    """Return ``families``, for each a text by month that changes with its rows; nothing at all without families.

    So the fingerprint of a step that reads none is what it was before there were any.
    """
    tables = {name: family_fingerprints(lake, name) for name in sorted(families)}
    found = {name: {str(month): by_month.get(month) for month in months} for name, by_month in tables.items()}
    return {"families": found} if found else {}


def _span(months: Collection[Month]) -> str:
    first, last = min(months), max(months)
    return f"--month {first}" if first == last else f"--from {first} --to {last}"
