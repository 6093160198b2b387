"""Fingerprints that stay what they were although files were written anew with the same rows, as by a compaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from santander.lake.lake import Lake
from santander.schema.catalogue import CARRIED_FINGERPRINTS, Table


@contextmanager
def same_content(lake: Lake, table: Table) -> Iterator[None]:
    """Let the block rewrite a table's files with the same content: steps that were up to date before are so after.

    A month that was out of date stays so, as it is the fingerprint it had that goes on. When the process dies between the
    write and this note, the months count as changed, which costs time and nothing else.
    """
    before = lake.fingerprints(table) if table.monthly else {}
    yield
    after = lake.fingerprints(table) if table.monthly else {}
    notes = [
        {"table": table.name, "month": str(month), "fingerprint": fingerprint, "same_as": before[month]}
        for month, fingerprint in after.items()
        if month in before and before[month] != fingerprint
    ]
    if notes:
        lake.append_rows(CARRIED_FINGERPRINTS, notes)
