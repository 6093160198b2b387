"""The versions of the tables that training and judging read."""

from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE

TABLES_READ = (CUSTOMERS, FEATURES_TABLE)


def table_versions(lake: Lake) -> dict[str, int | None]:
    """Return the Delta version of each table that training and judging read, None for one that does not exist."""
    return {table.name: lake.version(table) for table in TABLES_READ}
