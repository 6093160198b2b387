"""What an erasure has done so far, without any id, so that the next ``forget`` after a crash ends it as one.

The months of a person are known only while their rows are there, and a landing file has its new fingerprint before the
tables know it: both are written down first. Whose erasure it is, is kept as the keyed digests of the list of suppressions.
"""

import datetime as dt
import json
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

from santander.storage.places import whole_file

_FILE = "erasure.json"


@dataclass
class Journal:
    """One erasure under way, kept in ``<state>/erasure.json`` until its audit row is written."""

    path: Path
    erasure_id: str
    customers: int = 0
    persons: list[str] = field(default_factory=list)
    """Keyed digests of the persons."""
    months: list[str] = field(default_factory=list)
    """Months in which one of the persons had a row in customers."""
    rows: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    models: list[int] = field(default_factory=list)
    rewritten: list[dict[str, object]] = field(default_factory=list)
    """Landing files that were replaced, or were about to be, and that the tables do not know of yet."""
    died: bool = False
    """Whether it is an erasure that did not end."""

    @classmethod
    def open(cls, state: Path) -> "Journal":
        """The erasure that did not end, or a new one."""
        path = state / _FILE
        if path.is_file():
            return cls(path=path, died=True, **json.loads(path.read_text(encoding="utf-8")))
        return cls(path, f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}")

    def save(self) -> None:
        """Write the journal, before the next step."""
        content = {name: value for name, value in asdict(self).items() if name not in {"path", "died"}}
        with whole_file(self.path) as out:
            out.write(json.dumps(content, indent=1).encode())

    def close(self) -> None:
        """Remove the journal: the audit row has everything."""
        self.path.unlink(missing_ok=True)

    def count(self, table: str, rows: int) -> None:
        """Add rows that were removed from a table."""
        self.rows[table] = self.rows.get(table, 0) + rows
        self.save()

    def note(self, files: list[str]) -> None:
        """Add files that were rewritten or removed."""
        self.files = sorted({*self.files, *files})
        self.save()
