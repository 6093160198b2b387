"""Landing files that hold erased persons: rewritten where that is ours to do, named where it is not."""

import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.errors import SantanderError
from santander.forget.accounts import Accounts, Rewritten
from santander.forget.journal import Journal
from santander.forget.layout import layout_of
from santander.forget.lines import Scan, cut_out, is_writable, scan
from santander.forget.places import files_below, is_below
from santander.forget.streams import begun
from santander.ingest.synthetic_mark import follow_rewritten
from santander.lake.ingestions import read_ingestions
from santander.ledger.read_otherwise import ingest_fingerprint
from santander.ledger.steps import INGEST
from santander.schema.catalogue import STEP_RUNS
from santander.schema.counting import counted
from santander.storage.kinds import UNREADABLE, encoding_of, open_plain
from santander.storage.places import Place, recorded_place
from santander.suppression.spellings import Numbers, sorted_ids

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake

log = logging.getLogger(__name__)

_CSV = (".csv", ".csv.gz")
_AS_IT_IS = {"utf-8", "latin-1"}
"""Encodings whose lines can be cut out byte by byte."""


@dataclass
class LandingFiles:
    """What the scan of the landing files found: files to rewrite, files left to the user, each with its reason."""

    ours: list[Scan] = field(default_factory=list)
    left: list[tuple[Scan | None, str]] = field(default_factory=list)
    """Files that hold the persons and stay as they are, with a line that names the file and why; None: it cannot be read."""
    gone: list[str] = field(default_factory=list)
    """A line for each file that was ingested and is no longer where it was."""

    def without_repeats(self, closed: Mapping[str, str]) -> list[str]:
        """A line for each file that is left to the user; one that the search could not read either is named once."""
        named = {said.partition(": ")[0] for _, said in self.left}
        return [said for _, said in self.left] + [f"{file}: {why}" for file, why in closed.items() if file not in named]

    @property
    def lines(self) -> int:
        """Lines to be cut out."""
        return sum(len(found.lines) for found in self.ours)


def find_landing_files(settings: "Settings", lake: "Lake", ids: Numbers, named: Sequence[Place]) -> LandingFiles:
    """Scan every csv below the data folder, whatever its name, each file ever ingested, and those named on the command line."""
    found = LandingFiles()
    ours = [file for file in files_below(settings.data) if not is_below(file, settings.data / "lake") and _is_csv(file)]
    fingerprints: dict[Place, set[str]] = {}
    for row in sorted(read_ingestions(lake), key=lambda row: row.file):
        fingerprints.setdefault(recorded_place(row.file), set()).add(row.file_sha256)
    known, missing = list(fingerprints), list[Place]()
    seen, contents = set[str](), set[str]()
    for file in (*ours, *named, *known):
        identity = str(file.resolve() if isinstance(file, Path) else file)
        if identity in seen:
            continue
        seen.add(identity)
        if not file.is_file():
            if file in known:
                missing.append(file)
            continue
        try:
            looked = scan(file, ids)
        except (*UNREADABLE, SantanderError) as error:
            found.left.append((None, f"{file}: cannot be read ({error})"))
            continue
        contents.add(looked.sha256)
        if not looked.lines and not (looked.beside and file in known and not is_below(file, settings.data)):
            continue  # what else names them is found by the search
        if why := _why_left(looked, is_ours=file in named or is_below(file, settings.data)):
            found.left.append((looked, f"{file}: {why}"))
        else:
            found.ours.append(looked)
    # one that only has another name by now is not gone
    gone = [file for file in missing if not fingerprints[file] & contents]
    found.gone = [f"{file}: was ingested and is no longer there; copies of it are not known here" for file in gone]
    return found


def _why_left(looked: Scan, *, is_ours: bool) -> str:
    """Why a file that names the persons is not rewritten; empty where it is."""
    if not looked.lines:
        return f"names one of them ({looked.beside[0]}): write it anew without them, or delete it"
    if looked.has_long_fields:
        return "fields of it span lines, so no line is cut out: take the records of these persons out, or delete it"
    if not is_ours:
        return f"lies outside of the data folder; add --landing {shlex.quote(str(looked.path))} to rewrite it too"
    return "" if is_writable(looked.path) else "cannot be written"


def rewrite_landing_files(settings: "Settings", lake: "Lake", found: LandingFiles, journal: Journal) -> None:
    """Cut the lines out, file by file, each replaced as a whole, and have the tables follow."""
    for looked in found.ours:
        accounts = Accounts(lake)
        with cut_out(looked) as new:
            follow_rewritten(settings.data, looked.sha256, new)
            if accounts.knows(looked.sha256):
                removed = {str(number): month for number, month in accounts.months_of(looked).items()}
                journal.rewritten.append({"file": str(looked.path), "old": looked.sha256, "new": new, "removed": removed})
            journal.note([str(looked.path)])
        log.info("%s: %s removed", looked.path, counted(len(looked.lines), "line"))
        settle_rewritten(settings, lake, journal)


def settle_rewritten(settings: "Settings", lake: "Lake", journal: Journal) -> None:
    """Update the tables for landing files that were replaced; a file whose replacement did not happen is as it was."""
    for noted in list(journal.rewritten):
        file = _rewritten(noted)
        if scan(recorded_place(file.file), sorted_ids([])).sha256 == file.new:
            accounts = Accounts(lake)
            accounts.follow(file)
            accounts.save()
            _rename_ingest(settings, lake, file)
        journal.rewritten.remove(noted)
        journal.save()


def _rename_ingest(settings: "Settings", lake: "Lake", file: Rewritten) -> None:
    """Record that the file as it is now was ingested, as it was before: ``run`` must not take it for a new one."""
    if not lake.exists(STEP_RUNS):
        return
    before, after = (ingest_fingerprint(settings, sha256) for sha256 in (file.old, file.new))
    lake.update_rows(STEP_RUNS, f"step = '{INGEST}' AND fingerprint = '{before}'", {"fingerprint": after})
    for result in sorted({row["result"] for row in lake.rows(STEP_RUNS) if row["step"] == INGEST and file.old in row["result"]}):
        same = result.replace("'", "''")
        lake.update_rows(STEP_RUNS, f"result = '{same}'", {"result": result.replace(file.old, file.new)})


def _rewritten(noted: dict[str, Any]) -> Rewritten:
    removed = {int(number): month for number, month in noted["removed"].items()}
    return Rewritten(noted["file"], noted["old"], noted["new"], removed)


def _is_csv(file: Place) -> bool:
    """Whether it is a text, packed by gzip or not, that is called a csv or whose first line names the key of customers.

    Other packings and encodings are for the search to find, and for the user to rewrite.
    """
    if file.name.startswith("."):
        return False
    try:
        with open_plain(file) as source:
            head, _ = begun(source)
    except UNREADABLE:
        return file.name.endswith(_CSV)  # and it is named among what cannot be read
    if encoding_of(head) not in _AS_IT_IS:
        return False
    return file.name.endswith(_CSV) or layout_of(head.partition(b"\n")[0]).key is not None
