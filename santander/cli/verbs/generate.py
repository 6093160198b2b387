"""Write a synthetic bank: raw train and test files, the known propensities and the oracle's score."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.refusal import typed
from santander.cli.verb import TYPED_OPTIONS, Outcome, verb
from santander.schema.counting import counted

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.pipeline.bank_of_folder import ContinuedBank
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
    next_command: str | None
    """After --next what takes the files in."""


@verb
def generate(
    customers: Annotated[int | None, typer.Option(help="Customers ever seen; 956645 is full size [default: 20000].")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First month [default: 2015-01].")] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Last month: the test file, without products [default: 2016-06].")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed writes the same bytes [default: 11].")] = None,
    out: Annotated[str | None, typer.Option(help="Folder to write to, local or s3a://... [default: DATA_DIR/raw].")] = None,
    dirty: Annotated[bool, typer.Option("--dirty", help="Add malformed and illegal rows, listed in dirty.json.")] = False,
    dirty_share: Annotated[
        float | None, typer.Option(help="Share of each month's rows that --dirty damages [default: 0.003].")
    ] = None,
    monthly: Annotated[bool, typer.Option("--monthly", help="Also write one file per month.")] = False,
    no_propensity: Annotated[bool, typer.Option("--no-propensity", help="Leave out the propensity files.")] = False,
    next_: Annotated[
        bool,
        typer.Option(
            "--next", help="Continue the bank of the data folder: its last month with products, and one month more without."
        ),
    ] = False,
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
        raise InputError("--dirty-share belongs to --dirty", hint="give --dirty too")
    asked = {"customers": customers, "first": first, "last": last, "seed": seed}
    chosen: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if next_:
        if chosen or out or dirty or monthly or no_propensity or force:
            raise InputError(
                "--next continues the bank that is in the data folder: it takes no other option of 'generate'",
                hint="leave them out",
            )
        return _next_month(settings)
    raw = settings.data / "raw"
    spec = BankSpec(
        out=place(out) if out else raw,
        **chosen | {name: Month.parse(chosen[name]) for name in ("first", "last") if name in chosen},
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


def _next_month(settings: "Settings") -> Outcome:
    from santander.pipeline.bank_of_folder import ContinuedBank
    from santander.synthetic.progress import progress

    bank = ContinuedBank.of(settings)
    with progress("generate", bank.months) as done:
        report = bank.write(done)
    command = shlex.join(["santander", "run", *map(str, bank.not_taken), *typed(TYPED_OPTIONS)])
    return Outcome(_payload(report, command), [*_lines(report, bank), f"take them in: {command}"])


def _lines(report: "BankReport", bank: "ContinuedBank") -> Iterator[str]:
    if bank.again:
        yield f"written again, as they were gone and in no table; {bank.until + 1} comes when they are taken in, or are there"
    for file, (month, rows) in zip(report.files, report.rows.items(), strict=True):
        products = "without products" if month == str(bank.until) else "with its products"
        yield f"{month} {products}: {file} ({counted(rows, 'row')})"


def _payload(report: "BankReport", next_command: str | None = None) -> GeneratePayload:
    oracle = {month.month: OracleFigures(month.oracle, month.ceiling) for month in report.oracle}
    return GeneratePayload(report.files, report.rows, oracle, next_command)


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
