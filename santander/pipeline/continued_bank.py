"""The bank of a data folder continued: its last month with the products it now has, and one month more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from santander.errors import InputError
from santander.ingest.holders import files_of
from santander.ingest.landing import sha256_of
from santander.ingest.synthetic_mark import FILE, SyntheticMark
from santander.lake.ingestions import read_ingestions
from santander.lake.lake import Lake
from santander.pipeline.landing_choice import LANDING_FILES, files_of_the_user
from santander.schema.months import Month, month_range
from santander.storage.places import Place, names_in
from santander.synthetic.generate import Progress, generate_later, later_files
from santander.synthetic.spec import BankReport, BankSpec

if TYPE_CHECKING:
    from santander.config.settings import Settings


@dataclass(frozen=True, slots=True)
class ContinuedBank:
    """What is to be written next of the bank of a data folder, which is continued to ``until`` then.

    ``again``: the files are later ones of the bank that are gone and that no table has taken in.
    """

    data: Place
    mark: SyntheticMark
    spec: BankSpec
    until: Month
    names: Sequence[str]
    again: bool
    not_taken: Sequence[Place]
    """The files of all later months that no table has taken in, those that are to be written among them."""

    @classmethod
    def of(cls, settings: "Settings") -> Self:
        """Look what comes next. Raises InputError without a synthetic bank, or where its first landing files are not its own."""
        mark = SyntheticMark.read(settings.data)
        taken = files_of(read_ingestions(Lake(settings)))
        if mark is None:
            others = ", what is there is not synthetic" if taken or files_of_the_user(settings) else ""
            raise InputError(
                f"{settings.data} has no synthetic bank to continue{others}", hint="'santander run' in a new folder makes one"
            )
        spec = _spec_of(mark, settings.data)
        for name in LANDING_FILES:
            if (spec.out / name).is_file() and sha256_of(spec.out / name) not in mark.files:
                raise InputError(
                    f"{spec.out / name} is not of {mark}, which is to be continued", hint="move that file away first"
                )
        last = Month.parse(mark.continued_to or str(spec.last))

        def not_taken(until: Month) -> list[str]:
            return [name for name in later_files(spec.last, until) if not mark.sha256s(name) & taken]

        gone = [name for name in not_taken(last) if not (spec.out / name).is_file()]
        until = last if gone else last + 1
        names = gone or later_files(spec.last, until)[-2:]
        left = [spec.out / name for name in not_taken(until)]
        return cls(settings.data, mark, spec, until, names, again=bool(gone), not_taken=left)

    @property
    def months(self) -> int:
        """How many months are simulated."""
        return len(month_range(self.spec.first, self.until))

    def write(self, progress: Progress) -> BankReport:
        """Write the files, and note them in the mark right before they appear. Raises InputError for such files of others."""

        def note(report: BankReport) -> None:
            files = {**self.mark.files, **{report.landing[name]: name for name in self.names}}
            replace(self.mark, files=files, continued_to=str(self.until)).write(self.data)

        return generate_later(self.spec, self.until, self.names, progress, note)


def _spec_of(mark: SyntheticMark, data: Place) -> BankSpec:
    try:
        spec = BankSpec.of_identity(mark.bank, data / "raw")
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(f"{data / FILE} does not say which bank it is", hint="write it again by 'santander generate'") from None
    return replace(spec, propensity=bool(names_in(spec.out / "propensity")))
