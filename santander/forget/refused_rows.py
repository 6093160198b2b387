"""Entries of the last refused ingest that name persons: they are in no table, and go from the state folder."""

from typing import TYPE_CHECKING

from santander.forget.accounts import naming
from santander.ingest.refused import entries_file, read_refused, write_entries
from santander.suppression.tokens import Numbers

if TYPE_CHECKING:
    from santander.config.settings import Settings


def clean_refused(settings: "Settings", ids: Numbers, *, dry_run: bool) -> list[str]:
    """Remove the entries of these persons, or that name one; the name of the file, where any did."""
    import pyarrow as pa
    import pyarrow.compute as pc

    entries, _ = read_refused(settings.state)
    named = naming(entries["raw"].to_pylist(), ids)
    theirs = pc.fill_null(pc.is_in(entries["customer_id"], pa.array(ids)), False).to_pylist()
    stays = [not (is_theirs or position in named) for position, is_theirs in enumerate(theirs)]
    if all(stays):
        return []
    if not dry_run:
        write_entries(settings.state, entries.filter(pa.array(stays)))
    return [str(entries_file(settings.state))]
