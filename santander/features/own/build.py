"""The table ``features_NAME`` of a family, month by month."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from santander.features.own.contents import check_rows
from santander.features.own.made import rows_made
from santander.features.own.views import views_of
from santander.lake.lake import Lake
from santander.lake.staging import OF_FAMILIES, staging
from santander.schema.counting import counted
from santander.schema.months import Month
from santander.schema.own_family import OwnFamily
from santander.schema.types import arrow_schema
from santander.storage.places import Place

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)


def build_family(lake: Lake, family: OwnFamily, months: Sequence[Month], months_per_commit: int) -> dict[Month, int]:
    """Replace these months of the family's table and return their rows.

    A table of other columns than the file declares is emptied first: whoever calls names all of its months. Raises InputError
    for a month without customers, and WrongFamily, before the months of its commit are written, for what is wrong in the code.
    """
    lake.require_customers(months)
    ordered, rows = sorted(months), dict[Month, int]()
    for first in range(0, len(ordered), months_per_commit):
        batch = ordered[first : first + months_per_commit]
        with staging(lake, OF_FAMILIES) as folder:
            made = _rows_of(lake, family, batch, folder)
            counts = check_rows(family, made)
            meant = {month: counts.get(month, 0) for month in batch}
            lake.remake_if_other(family.table)
            lake.replace_months(family.table, made, meant)
        rows |= meant
        log.info(
            "%s: %s of %s written, the last %s", family.table.name, first + len(batch), counted(len(ordered), "month"), batch[-1]
        )
    return rows


def _rows_of(lake: Lake, family: OwnFamily, months: Sequence[Month], folder: Place) -> "DataFrame":
    """Return the rows of months as the family made them, once: they lie in files below ``folder``."""
    places = [folder / str(month) for month in months]
    for month, place in zip(months, places, strict=True):
        write_rows(lake, family, month, place)
    return lake.read_staged(arrow_schema(family.table.columns), *places)


def write_rows(lake: Lake, family: OwnFamily, month: Month, place: Place) -> None:
    """Let the engine write the rows of a month to parquet files in ``place``; raises WrongFamily."""
    with rows_made(lake, family, month, views_of(lake, month, family.months)) as rows:
        lake.stage(rows, place)
