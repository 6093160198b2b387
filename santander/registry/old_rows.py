"""Which rows a version was trained on, and the versions in use of which a correction has replaced some since."""

import json
from collections.abc import Iterable, Mapping, Sequence

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.registry.versions import CHALLENGER, CHAMPION, number_of, registered
from santander.schema.catalogue import CUSTOMERS
from santander.schema.features import months_read_for
from santander.schema.months import Month, in_spans

ROWS_READ = "rows_read"
"""Tag of a version: JSON, for each month of ``customers`` that the fit which scores was made from the rows it had."""
_SHOWN = 12
"""Characters of a fingerprint, which tell the few states of one month apart."""


def rows_read(lake: Lake, fit_months: Iterable[Month]) -> str:
    """Return the content of the tag for a fit on these months, from the rows there are."""
    now = _fingerprints(lake)
    months = sorted({month for fitted in fit_months for month in months_read_for(fitted)} & set(now))
    return json.dumps({str(month): now[month] for month in months})


def on_old_rows(settings: Settings, lake: Lake) -> dict[int, list[Month]]:
    """Return champion and challenger as far as they were trained on rows that were replaced since, with the months of these."""
    in_use = {number for alias in (CHAMPION, CHALLENGER) if (number := number_of(settings, alias)) is not None}
    if not in_use:
        return {}
    found, now = registered(settings), _fingerprints(lake)
    behind = {number: _replaced(found[number].tags.get(ROWS_READ, "{}"), now) for number in sorted(in_use & set(found))}
    return {number: months for number, months in behind.items() if months}


def old_rows_line(behind: Mapping[int, Sequence[Month]]) -> str:
    """Return a sentence that names the versions and the months."""
    versions = " and ".join(f"version {number} ({in_spans(months)})" for number, months in behind.items())
    return f"trained on rows that were replaced since: {versions}"


def _replaced(tag: str, now: Mapping[Month, str]) -> list[Month]:
    read = {Month.parse(month): fingerprint for month, fingerprint in json.loads(tag).items()}
    return [month for month, fingerprint in read.items() if now.get(month) != fingerprint]


def _fingerprints(lake: Lake) -> dict[Month, str]:
    return {month: fingerprint[:_SHOWN] for month, fingerprint in lake.fingerprints(CUSTOMERS).items()}
