"""Write a synthetic bank: raw train and test files, the known propensities and the oracle's score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.storage.places import Place
    from santander.synthetic import BankReport

DIRTY_SHARE = 0.003
"""The default of --dirty-share."""


@dataclass(frozen=True)
class OracleFigures:
    """What knowing the propensities reaches in a month."""

    map7: float
    ceiling: float


@dataclass(frozen=True)
class GeneratePayload:
    """The JSON object of ``generate``."""

    files: "Sequence[Place]"
    rows: Mapping[str, int]
    """Clean rows by month."""
    oracle: Mapping[str, OracleFigures]
    """By month, of those with products."""


@verb
def generate(
    customers: Annotated[int, typer.Option(help="Customers ever seen; 956645 is full size.")] = 10_000,
    first: Annotated[str, typer.Option("--from", help="First month.")] = "2015-01",
    last: Annotated[str, typer.Option("--to", help="Last month: the test file, without products.")] = "2016-06",
    seed: Annotated[int, typer.Option(help="The same seed writes the same bytes.")] = 11,
    out: Annotated[str | None, typer.Option(help="Folder to write to, local or s3a://… [default: DATA_DIR/raw].")] = None,
    dirty: Annotated[bool, typer.Option("--dirty", help="Add malformed and illegal rows, listed in dirty.json.")] = False,
    dirty_share: Annotated[
        float | None, typer.Option(help="Share of each month's rows that --dirty damages [default: 0.003].")
    ] = None,
    monthly: Annotated[bool, typer.Option("--monthly", help="Also write one file per month.")] = False,
    no_propensity: Annotated[bool, typer.Option("--no-propensity", help="Leave out the propensity files.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Put the bank into the data folder though other months or files are there.")
    ] = False,
    *,
    settings: "Settings",
) -> Outcome:
    """Write a synthetic bank in the raw format of the competition files, with a known propensity.

    In DATA_DIR/raw it is the bank of that data folder, which then counts as synthetic; with --out the files are anybody's.
    """
    from santander.errors import InputError
    from santander.pipeline.bank_of_folder import fill_with_bank, refuse_bank_beside_others
    from santander.schema.months import Month, month_range
    from santander.storage.places import is_same, place
    from santander.synthetic import BankSpec
    from santander.synthetic import generate as write_bank
    from santander.synthetic.progress import progress

    if dirty_share is not None and not dirty:
        raise InputError("--dirty-share belongs to --dirty")
    raw = settings.data / "raw"
    spec = BankSpec(
        out=place(out) if out else raw,
        customers=customers,
        first=Month.parse(first),
        last=Month.parse(last),
        seed=seed,
        monthly=monthly,
        propensity=not no_propensity,
        dirty_share=(DIRTY_SHARE if dirty_share is None else dirty_share) if dirty else 0.0,
    )
    of_folder = is_same(spec.out, raw)
    if of_folder and not force:
        refuse_bank_beside_others(settings, spec)
    with progress("generate", len(month_range(spec.first, spec.last))) as done:
        report = fill_with_bank(settings, spec, done) if of_folder else write_bank(spec, done)
    return Outcome(_payload(report), [_text(report)])


def _payload(report: "BankReport") -> GeneratePayload:
    oracle = {month.month: OracleFigures(month.oracle, month.ceiling) for month in report.oracle}
    return GeneratePayload(report.files, report.rows, oracle)


def _text(report: "BankReport") -> Any:
    from rich.table import Table

    table = Table("month", "rows", "buyers", "additions", "ceiling", "oracle MAP@7", title=f"bank in {report.spec.out}")
    scored = {month.month: month for month in report.oracle}
    for month, rows in report.rows.items():
        if month in scored:
            found = scored[month]
            numbers = [f"{found.buyers:,}", f"{found.additions:,}", f"{found.ceiling:.6f}", f"{found.oracle:.6f}"]
        else:
            numbers = ["", "", "", ""]
        table.add_row(month, f"{rows:,}", *numbers)
    return table
