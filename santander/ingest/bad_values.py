"""Values of a staged record that went to quarantine, as columns that both engines count alike."""

from typing import TYPE_CHECKING

from santander.ingest.contradictions import NO_DAMAGE

if TYPE_CHECKING:
    from pyspark.sql import Column


def number_of_bad_values() -> "Column":
    """Return how many values of a line went to quarantine."""
    from pyspark.sql import functions as F

    return F.when(F.col("bad_values").isNull(), 0).otherwise(F.size("bad_values"))


def is_undamaged() -> "Column":
    """Return whether the only value of a line that went to quarantine is no damage of the file."""
    from pyspark.sql import functions as F

    reason = F.col("bad_values")[0]["reason"]
    return F.coalesce((number_of_bad_values() == 1) & reason.isin(*NO_DAMAGE), F.lit(False))
