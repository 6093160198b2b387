"""Months whose landing files would be read otherwise now: the rules of landing columns, or settings of ingest, changed since."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from santander.config.settings import Settings
from santander.ingest.holders import holders_by_month
from santander.lake.ingestions import Ingestion, read_ingestions
from santander.ledger.step_ledger import StepLedger, fingerprint_of
from santander.ledger.steps import INGEST
from santander.ledger.versions import version_of
from santander.schema.months import Month, in_spans
from santander.storage.places import recorded_place


def ingest_fingerprint(settings: Settings, sha256: str) -> str:
    """Return by what a file counts as ingested: its content, and the rules and settings by which it is read or refused."""
    return fingerprint_of(
        version=version_of(INGEST.name),
        sha256=sha256,
        limit=settings.ingest.max_quarantine_share,
        null_spellings=sorted(settings.ingest.null_spellings),
    )


@dataclass(frozen=True, slots=True)
class ReadOtherwise:
    """Months of ``customers`` that were read by other rules or settings than there are now, and the ingestions they are from."""

    ingestions: Sequence[Ingestion]
    """Rows of the ingestions that replaced the months last; what was merged since is merged into what these give."""
    data_dir: str

    @classmethod
    def look(cls, settings: Settings, ledger: StepLedger) -> Self:
        """Find them by what the ledger recorded with each file; no landing file is opened."""
        rows = [row for held in holders_by_month(read_ingestions(ledger.lake)).values() for row in held if not row.is_merge]
        files = {row.file_sha256 for row in rows}
        other = {sha256 for sha256 in files if not ledger.has_seen(INGEST, ingest_fingerprint(settings, sha256))}
        return cls([row for row in rows if row.file_sha256 in other], settings.data_dir)

    @property
    def months(self) -> list[Month]:
        """The months, in order."""
        return sorted({Month.parse(row.month) for row in self.ingestions})

    def among(self, months: Iterable[Month]) -> Self:
        """Return what is said of these months alone."""
        texts = {str(month) for month in months}
        return replace(self, ingestions=[row for row in self.ingestions if row.month in texts])

    def line(self) -> str:
        """Return for people what is out of date and why, and how it is read anew, or that a file is gone."""
        files: dict[str, dict[str, None]] = {}
        for row in sorted(self.ingestions, key=lambda row: row.ingested_at):
            files.setdefault(row.ingestion_id, {})[row.file] = None
        names = dict.fromkeys(name for named in files.values() for name in named)
        if gone := [name for name in names if not recorded_place(name).is_file()]:
            is_gone, it = ("is", "it") if len(gone) == 1 else ("are", "them")
            remedy = f"{', '.join(gone)} {is_gone} no longer there: 'santander ingest' reads a copy of {it} anew"
        else:
            commands = (shlex.join(["santander", "ingest", *named, "--data-dir", self.data_dir]) for named in files.values())
            remedy = ", then ".join(f"'{command}'" for command in commands) + " reads them anew"
        return f"customers of {in_spans(self.months)} were read by other rules or settings of ingest than there are now; {remedy}"
