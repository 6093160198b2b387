"""Parquet files of a monthly table, written by tasks where the rows are and committed to the table by the driver.

Nobody sees a file before ``Lake.replace_months_by_files`` names it in a commit; until then it lies in a folder of its own.
"""

import json
from dataclasses import dataclass

from santander.schema.catalogue import PARTITION
from santander.schema.months import Month
from santander.storage.places import Place


@dataclass(frozen=True, slots=True)
class MonthFile:
    """One parquet file with rows of one month; ``least_key`` and ``greatest_key`` are of the customer ids in it."""

    part: str
    """The task that wrote it: its rows stand in the order in which that task met them."""
    month: str
    rows: int
    size: int
    """Bytes."""
    least_key: int
    greatest_key: int
    nulls: str
    """How many values of each column are null, as JSON."""

    @property
    def snapshot(self) -> str:
        """The value of the partition."""
        return str(Month.parse(self.month).snapshot)

    @property
    def name(self) -> str:
        """Its path below the table's folder, and below the folder where it waits."""
        return name_of_file(self.part, Month.parse(self.month))

    def statistics(self, key: str) -> str:
        """Return the statistics that Delta's log keeps of the file: rows, least and greatest values, nulls."""
        least, greatest = {key: self.least_key}, {key: self.greatest_key}
        nulls = json.loads(self.nulls)
        return json.dumps({"numRecords": self.rows, "minValues": least, "maxValues": greatest, "nullCount": nulls})


def name_of_file(part: str, month: Month) -> str:
    """The path below a table's folder of the file of this month that the task ``part`` writes."""
    return f"{PARTITION}={month.snapshot}/part-{part}.snappy.parquet"


def below(folder: Place, name: str) -> Place:
    """The place of a file by its path below a folder."""
    partition, file = name.split("/")
    return folder / partition / file
