"""The bank of a data folder: written to its ``raw``, and the folder marked with it; never beside what is the user's unasked."""

from typing import TYPE_CHECKING

from santander.errors import InputError
from santander.ingest.synthetic_mark import SyntheticMark
from santander.lake.lake import Lake
from santander.pipeline.landing_choice import files_of_the_user, listed
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import in_spans
from santander.synthetic.generate import Progress, generate, refuse_to_replace_others
from santander.synthetic.spec import BankReport, BankSpec

if TYPE_CHECKING:
    from santander.config.settings import Settings


def fill_with_bank(settings: "Settings", spec: BankSpec, progress: Progress) -> BankReport:
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


def refuse_bank_beside_others(settings: "Settings", spec: BankSpec) -> None:
    """Raise InputError when the data folder holds other files or months than those of this very bank."""
    mark = SyntheticMark.read(settings.data)
    months = Lake(settings).months(CUSTOMERS)
    if mark is None and months:
        raise _refusal(settings, f"holds months that are not of a synthetic bank ({in_spans(months)})")
    if mark is None and (files := files_of_the_user(settings)):
        raise _refusal(settings, f"holds landing files that are not of a synthetic bank ({listed(files)})")
    if mark is not None and months and mark.bank != spec.identity:
        raise _refusal(settings, f"holds months of {mark}, and this is another bank")


def _refusal(settings: "Settings", found: str) -> InputError:
    return InputError(
        f"{settings.data} {found}", hint="write the bank elsewhere with --out or --data-dir, or put it beside them with --force"
    )
