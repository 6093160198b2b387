"""What changes with the rows of a user's families, for the fingerprints of steps that read them."""

from collections.abc import Iterable
from typing import Any

from santander.lake.family_tables import family_fingerprints
from santander.lake.lake import Lake
from santander.schema.months import Month


def fingerprints_of_families(lake: Lake, families: Iterable[str], months: Iterable[Month]) -> dict[str, Any]:
    """Return ``families``, for each a text by month that changes with its rows; nothing at all without families.

    So the fingerprint of a step that reads none is what it was before there were any.
    """
    tables = {name: family_fingerprints(lake, name) for name in sorted(families)}
    found = {name: {str(month): by_month.get(month) for month in months} for name, by_month in tables.items()}
    return {"families": found} if found else {}
