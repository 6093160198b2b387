"""The tables there can be in a lake: those of the catalogue, and one for each family of features that was built."""

from santander.lake.reading import LakeReader
from santander.schema.catalogue import PARTITION, TABLES, Table
from santander.schema.months import Month
from santander.schema.own_family import TABLE_PREFIX, Entity
from santander.storage.places import names_in


def all_tables(lake: LakeReader) -> tuple[Table, ...]:
    """Return the catalogue, and the tables of families that are in the lake, whether a file still adds them or not."""
    return (*TABLES, *family_tables(lake))


def family_tables(lake: LakeReader) -> tuple[Table, ...]:
    """Return the tables of families that are in the lake, by name, with the columns that they have."""
    names = [name for name in names_in(lake.place) if name.startswith(TABLE_PREFIX)]
    return tuple(table for name in names if (table := _stored_table(lake, name)) is not None)


def family_fingerprints(lake: LakeReader, name: str) -> dict[Month, str]:
    """Return for each month of a family a text that changes with its rows; its file need not be there."""
    return lake.fingerprints(named_table(name))


def named_table(name: str) -> Table:
    """Return the table of a family as far as its name goes, for what its commits tell: versions, fingerprints."""
    return Table(name=TABLE_PREFIX + name, row=f"the family {name} in one month", key=(), columns=())


def _stored_table(lake: LakeReader, name: str) -> Table | None:
    """Return the table in this folder; None where the folder holds something else."""
    table = named_table(name.removeprefix(TABLE_PREFIX))
    columns = lake.stored_columns(table)
    entity = next((entity.value for entity in Entity if columns and columns[0] == (entity.value, entity.type)), None)
    if entity is None or (PARTITION, "date") not in columns:
        return None
    return Table(name=name, row=f"one {entity} in one month: {table.row}", key=(entity, PARTITION), columns=columns)
