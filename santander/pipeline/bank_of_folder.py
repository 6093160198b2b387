"""The bank of a data folder: written to its ``raw`` and marked, never beside files of the user unasked; and continued."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from santander.config.settings import Settings
from santander.errors import InputError
from santander.ingest.holders import files_of
from santander.ingest.landing import sha256_of
from santander.ingest.synthetic_mark import FILE, SyntheticMark
from santander.lake.ingestions import read_ingestions
from santander.lake.lake import Lake
from santander.pipeline.landing_choice import LANDING_FILES, files_of_the_user, listed
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month, in_spans, month_range
from santander.storage.places import Place, names_in
from santander.synthetic.generate import Progress, generate, generate_later, later_files, refuse_to_replace_others
from santander.synthetic.spec import BankReport, BankSpec


def fill_with_bank(settings: Settings, spec: BankSpec, progress: Progress) -> BankReport:
    """Write a bank to ``spec.out``, the ``raw`` of the data folder, and mark the folder.

    The mark comes first: what a killed process leaves is then known to be of the bank, and the same command goes on.
    Raises InputError for a landing file in ``raw`` that was not generated.
    """
    refuse_to_replace_others(spec)
    mark = SyntheticMark.read(settings.data)
    known = dict(mark.files) if mark is not None and mark.bank == spec.identity else {}
    SyntheticMark(spec.identity, known).write(settings.data)

    def mark_files(report: BankReport) -> None:
        SyntheticMark(spec.identity, known | {sha256: name for name, sha256 in report.landing.items()}).write(settings.data)

    return generate(spec, progress, mark_files)


def refuse_bank_beside_others(settings: Settings, spec: BankSpec) -> None:
    """Raise InputError when the data folder holds other files or months than those of this very bank."""
    mark = SyntheticMark.read(settings.data)
    months = Lake(settings).months(CUSTOMERS)
    if mark is None and months:
        raise _refusal(settings, f"holds months that are not of a synthetic bank ({in_spans(months)})")
    if mark is None and (files := files_of_the_user(settings)):
        raise _refusal(settings, f"holds landing files that are not of a synthetic bank ({listed(files)})")
    if mark is not None and months and mark.bank != spec.identity:
        raise _refusal(settings, f"holds months of {mark}, and this is another bank")


def _refusal(settings: Settings, found: str) -> InputError:
    return InputError(
        f"{settings.data} {found}", hint="write the bank elsewhere with --out or --data-dir, or put it beside them with --force"
    )


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
    def of(cls, settings: Settings) -> Self:
        """Look what comes next. Raises InputError without a synthetic bank, or where its first landing files are not its own."""
        mark = SyntheticMark.read(settings.data)
        taken = files_of(read_ingestions(Lake(settings)))
        if mark is None:
            others = ", what is there is not synthetic" if taken or files_of_the_user(settings) else ""
            raise InputError(
                f"{settings.data} has no synthetic bank to continue{others}", hint="'santander run --data-dir NEW' makes one"
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
