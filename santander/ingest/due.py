"""Which of the landing files given to ``run`` have to be taken in.

A file is up to date while its months come from it. A month that comes from files which are not among those given was
corrected since: it stays as it is, and a line says so. One that comes from others of the given files, and lost this file's
customers to them, is taken in again from all of its files together.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from santander.errors import InputError
from santander.ingest.holders import brings_rows, files_of, holders_by_month
from santander.lake.ingestions import Ingestion
from santander.schema.months import Month, in_spans
from santander.storage.places import Place, is_name_of


@dataclass(frozen=True, slots=True)
class Given:
    """A landing file given to ``run``; ``is_seen`` says whether its content was ever taken in with the settings there are."""

    file: Place
    sha256: str
    is_seen: bool


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Months of a given file that come from other files by now, which were not given: they are left as they are."""

    file: Place
    months: tuple[Month, ...]
    now_from: tuple[str, ...]

    def line(self) -> str:
        """Return what a person should know of it."""
        since = f"{in_spans(self.months)} came from {', '.join(self.now_from)} since"
        return f"{self.file}: {since}; 'santander ingest {self.file}' brings its rows back"


class DueFiles:
    """The given files by what is to be done with them.

    ``lost`` has per month the fingerprints of files whose customers went when the month was replaced. Raises InputError where
    files cannot be taken in together without undoing what came from a file that was not given.
    """

    def __init__(self, given: Sequence[Given], ingestions: Sequence[Ingestion], lost: Mapping[Month, Collection[str]]) -> None:
        self._given = given
        self._held = holders_by_month(ingestions)
        self._due: set[str] = set()
        self._left: dict[str, Overtaken] = {}
        gave: dict[str, set[Month]] = {}
        for row in ingestions:
            if row.is_dated:
                gave.setdefault(row.file_sha256, set()).add(Month.parse(row.month))
        parts: set[Month] = set()
        for each in given:
            gone = {month for month in gave.get(each.sha256, ()) if each.sha256 not in files_of(self._held[month])}
            together = {month for month in gone if each.sha256 in lost.get(month, ()) and not self._others(month)}
            if gone - together:
                self._left[each.sha256] = self._overtaken(each.file, gone - together)
            elif together or not each.is_seen:
                self._due.add(each.sha256)
            parts |= together
        self.take_together({*parts, *(month for sha256 in self._due for month in self._months_from(sha256))})

    @property
    def due(self) -> list[Place]:
        """The files to be taken in together, in the order given."""
        return [each.file for each in self._given if each.sha256 in self._due]

    @property
    def current(self) -> list[Place]:
        """The files that are up to date."""
        return [each.file for each in self._given if each.sha256 not in self._due and each.sha256 not in self._left]

    @property
    def overtaken(self) -> list[Overtaken]:
        """Return the months left as they are, since they come from other files by now."""
        return list(self._left.values())

    @property
    def not_to_replace(self) -> set[Month]:
        """Months that come from given files which are not due: a due file that has one of them is another part of it."""
        kept = {each.sha256 for each in self._given} - self._due
        return {month for month, rows in self._held.items() if files_of(rows) & kept}

    def take_together(self, months: Iterable[Month]) -> None:
        """Make the given files that these months come from due too, and those of all other months of such files."""
        given = {each.sha256 for each in self._given}
        waiting, seen = set(months), set[Month]()
        while waiting:
            month = waiting.pop()
            seen.add(month)
            if others := self._others(month):
                raise InputError(
                    f"{month} comes from {', '.join(others)} too, not only from files named here: name it as well, or have "
                    f"the rows of a new file added by 'santander ingest --merge FILE'",
                    month=month,
                    hint="name it as well",
                )
            for sha256 in files_of(self._held.get(month, [])) & given - self._due:
                if left := self._left.get(sha256):
                    raise InputError(
                        f"{left.line()}; to take in {month} from all its files would do so too",
                        month=month,
                        hint="name all its files",
                    )
                self._due.add(sha256)
                waiting |= self._months_from(sha256) - seen

    def _months_from(self, sha256: str) -> set[Month]:
        return {month for month, rows in self._held.items() if sha256 in files_of(rows)}

    def _others(self, month: Month) -> list[str]:
        """Names of files that the month has customers from and that are not given, nor replaced by a given one of their name."""
        given, names = {each.sha256 for each in self._given}, [str(each.file) for each in self._given]
        rows = [row for row in self._held.get(month, []) if row.file_sha256 not in given and brings_rows(row)]
        return sorted({row.file for row in rows if not any(is_name_of(row.file, name) for name in names)})

    def _overtaken(self, file: Place, months: Collection[Month]) -> Overtaken:
        names = sorted({row.file for month in months for row in self._held[month]})
        return Overtaken(file, tuple(sorted(months)), tuple(names))
