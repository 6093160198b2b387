"""Landing files taken into the lake, and what the ledger keeps of them, by which ``run`` knows a file that is up to date."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from santander.ingest.adding import MergeReport, merge
from santander.ingest.due import DueFiles, Given, Overtaken
from santander.ingest.holders import files_of, holders_by_month
from santander.ingest.ingestion import IngestReport, WouldReplace, ingest
from santander.ingest.known_files import KnownFiles, identity_of
from santander.ingest.landing import LandingFile
from santander.ingest.replacing import Replacement, replaced_lines
from santander.lake.ingestions import UNKNOWN_MONTH, read_ingestions
from santander.lake.person_steps import carrying_persons
from santander.ledger.read_otherwise import ReadOtherwise, ingest_fingerprint
from santander.ledger.steps import INGEST, IngestRecord
from santander.pipeline.step import StepContext, StepOutcome
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month, in_spans
from santander.storage.places import Place

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What ``run`` did with the files it was given."""

    files: Sequence[Place] = ()
    months: Sequence[Month] = ()
    replaced: Sequence[Replacement] = ()
    overtaken: Sequence[Overtaken] = ()
    out_of_date: ReadOtherwise | None = None
    """Months that were read by other rules or settings than there are now."""

    def lines(self) -> list[str]:
        """Return for people what was replaced and why, and what is left as it is."""
        lines = [*replaced_lines(self.replaced), *(each.line() for each in self.overtaken)]
        if (other := self.out_of_date) is None:
            return lines
        if anew := {each.month for each in self.replaced if not each.displaced}.intersection(other.months):
            lines.insert(0, f"{in_spans(anew)}: read anew, as the rules or settings of ingest changed since")
        left = other.among(set(other.months) - set(self.months))
        return [*lines, f"left as they are: {left.line()}"] if left.months else lines


class IngestStep(StepContext):
    """Takes landing files into the lake and records each file with its months."""

    @cached_property
    def _known_files(self) -> KnownFiles:
        return KnownFiles(self.settings.state / "landing_files.json")

    @carrying_persons
    def ingest(
        self,
        files: Sequence[Place],
        *,
        allow_shrink: bool = False,
        replace_others: bool = False,
        not_to_replace: Collection[Month] = (),
    ) -> IngestReport:
        """Ingest landing files, up to date or not; raises as ``ingest`` does, WouldReplace for a month in ``not_to_replace``."""
        started = time.monotonic()
        identities = [identity_of(file) for file in files]
        report = ingest(
            self.settings,
            self.lake,
            files,
            allow_shrink=allow_shrink,
            replace_others=replace_others,
            not_to_replace=not_to_replace,
            force=self.force,
        )
        self._remember(files, identities, report.files)
        min_shared = self.settings.ingest.min_shared_customers
        lost = {each.month: each.lost_files(min_shared) for each in report.replaced}
        kept = [(report.files[c.file_index].sha256, c.month, c.kept) for c in report.counts]
        self._record(kept, lost, time.monotonic() - started)
        return report

    @carrying_persons
    def merge(self, files: Sequence[Place]) -> MergeReport:
        """Add the rows of landing files to months that are there; raises as ``merge`` of ``ingest`` does."""
        started = time.monotonic()
        identities = [identity_of(file) for file in files]
        report = merge(self.settings, self.lake, files, force=self.force)
        self._remember(files, identities, report.files)
        if report.marked:
            kept = [(row.file_sha256, row.month, row.kept) for row in report.marked]
            self._record(kept, {}, time.monotonic() - started)
        return report

    @carrying_persons
    def ingest_new(self, files: Sequence[Place]) -> StepOutcome[TakenIn]:
        """Ingest the files that are not up to date, and with them others of the given files that have the same months.

        Months that were read by other rules or settings, and whose files were not given, are named and left as they are.
        Raises InputError where that would undo what came from a file that was not given.
        """
        started = time.monotonic()
        other = ReadOtherwise.look(self.settings, self.ledger)
        due = DueFiles(self._given(files), read_ingestions(self.lake), self._lost_files()) if self._has_run else None
        report: IngestReport | None = None
        while report is None and (taken := files if due is None else due.due):
            try:
                report = self.ingest(taken, not_to_replace=() if due is None else due.not_to_replace)
            except WouldReplace as clash:
                log.info("ingest: %s: taking its files together", clash)
                if due is not None:
                    due.take_together(clash.months)
        current, overtaken = ([], []) if due is None else (due.current, due.overtaken)
        if current:
            log.info("ingest: up to date: %s", ", ".join(map(str, current)))
        found = TakenIn(taken, report.months if report else [], report.replaced if report else [], overtaken, other)
        for note in found.lines():
            log.info("ingest: %s", note)
        rest = [month for month in self.lake.months(CUSTOMERS) if month not in found.months]
        return StepOutcome(INGEST, found.months, rest, time.monotonic() - started, found)

    @property
    def _has_run(self) -> bool:
        """False before the first ingest of all, which so reads its files once, not twice."""
        return self.ledger.has_run(INGEST)

    def _given(self, files: Sequence[Place]) -> list[Given]:
        sha256s = [self._known_files.sha256(file) for file in files]
        seen = [self.ledger.has_seen(INGEST, ingest_fingerprint(self.settings, sha256)) for sha256 in sha256s]
        return [Given(*each) for each in zip(files, sha256s, seen, strict=True)]

    def _lost_files(self) -> dict[Month, list[str]]:
        lasts = {month: self.ledger.last(INGEST, month) for month in self.lake.months(CUSTOMERS)}
        return {month: last.result.lost_files.get(month, []) for month, last in lasts.items() if last}

    def _remember(self, files: Sequence[Place], identities: Sequence[str | None], read: Sequence[LandingFile]) -> None:
        for file, identity, landing in zip(files, identities, read, strict=True):
            self._known_files.remember(file, identity, landing.sha256)

    def _record(self, kept: Sequence[tuple[str, str, int]], lost: Mapping[Month, Collection[str]], seconds: float) -> None:
        """Record the months of files, each (sha256, month, rows); what was lost before and has not come back stays lost."""
        dated = [(sha256, Month.parse(month), rows) for sha256, month, rows in kept if month != UNKNOWN_MONTH]
        before, held = self._lost_files(), holders_by_month(read_ingestions(self.lake))
        lost_files: dict[Month, list[str]] = {}
        for month in {month for _, month, _ in dated}:
            gone = {*before.get(month, ()), *lost.get(month, ())} - files_of(held.get(month, []))
            if gone:
                lost_files[month] = sorted(gone)
        runs = [(month, ingest_fingerprint(self.settings, sha256), rows) for sha256, month, rows in dated]
        self.ledger.record(INGEST, runs, seconds, IngestRecord(lost_files))
