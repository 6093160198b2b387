"""What a write refuses or undoes: other columns than the catalogue's, other rows than were meant."""

from collections.abc import Sequence

from santander.errors import SantanderError
from santander.schema.catalogue import Table
from santander.schema.months import Month


class SchemaMismatch(SantanderError):
    """A frame does not have exactly the columns that the catalogue declares for its table."""

    def __init__(self, table: Table, declared: Sequence[str], given: Sequence[str]) -> None:
        missing = sorted(set(declared) - set(given))
        unknown = sorted(set(given) - set(declared))
        detail = f"missing {missing}, not declared {unknown}" if missing or unknown else "the columns are in another order"
        super().__init__(f"table {table.name}: a write must have exactly the declared columns; {detail}")


class RowCountMismatch(SantanderError):
    """A commit wrote other rows than were meant; it was rolled back, unless others have committed since."""

    def __init__(self, table: Table, month: Month | None, meant: int, written: int, *, rolled_back: bool = True) -> None:
        after = "the commit was rolled back" if rolled_back else "others have committed since, so it stands: run the step again"
        place = table.name if month is None else f"{table.name}, month {month}"
        super().__init__(f"table {place}: {meant} rows were meant, {written} written; {after}")
