"""Deleting the files of a table that no version needs, orphans too."""

from typing import TYPE_CHECKING, Any

from santander.storage.places import Place
from santander.storage.spelling import OPENDAL

if TYPE_CHECKING:
    from deltalake import DeltaTable


def delete_out_of_use(delta: "DeltaTable", folder: Place, **which: Any) -> list[str]:
    """Vacuum the table in ``folder`` as deltalake's ``vacuum`` with these options does; what it deleted.

    Reached through OpenDAL it takes folders for files and fails on them, so there it only names what is to go.
    """
    by_opendal = str(delta.table_uri).startswith(OPENDAL)
    named = list(delta.vacuum(enforce_retention_duration=False, full=True, dry_run=by_opendal, **which))
    if not by_opendal:
        return named
    gone = [path for path in named if (folder / path).is_file()]
    for path in gone:
        (folder / path).unlink(missing_ok=True)
    return gone
