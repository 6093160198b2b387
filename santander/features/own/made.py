"""The rows of a month as a family's code makes them from its views."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from santander.features.own.declared import check_columns, rows_of_month
from santander.features.own.refusal import WrongFamily, refused
from santander.features.own.running import Rewrite, query, result_of
from santander.features.own.views import Views
from santander.lake.reading import LakeReader
from santander.schema.months import Month
from santander.schema.own_family import OwnFamily

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@contextmanager
def rows_made(
    lake: LakeReader, family: OwnFamily, month: Month, views: Views, rewrite: Rewrite | None = None
) -> Iterator["DataFrame"]:
    """Return the rows of the table for a month, to be read inside ``with``; raises WrongFamily, also for what reading raises."""
    try:
        with result_of(family, views, lake.session, rewrite) as result:
            yield rows_of_month(family, month, views.customers, check_columns(family, month, result))
    except WrongFamily:
        raise
    except Exception as error:
        engine = "Apache Spark" if lake.has_workers else "sail"
        raise refused(family, month, error, engine, query(family.code)) from error
