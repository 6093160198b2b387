"""The comparison of one or more banks with the facts, for people and as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from santander.bank_report.banks import Audit, Reach
from santander.bank_report.figures import Figure, outside


def tables(audits: list[Audit]) -> list[Table | str]:
    """Return the lines for people: the counts, the oracle, the models' figures, and the verdict."""
    found: list[Table | str] = [_figures_table(audits), _oracle_table(audits)]
    if any(audit.reach for audit in audits):
        found.append(_reach_table(audits))
    wrong = sum(len(outside(audit.figures)) for audit in audits)
    number = sum(len(audit.figures) for audit in audits)
    found.append(f"{number} counts, {wrong} of them outside what is allowed")
    found += [f"seed {audit.seed}: {complaint}" for audit in audits for complaint in audit.disagreements]
    return found


def _figures_table(audits: list[Audit]) -> Table:
    """Every figure: expected, what each bank shows, the allowed difference; what lies outside is marked."""
    table = Table(title="the facts, and what the files of the bank show")
    table.add_column("count")
    table.add_column("expected", justify="right")
    for audit in audits:
        table.add_column(f"seed {audit.seed}", justify="right")
    table.add_column("allowed", justify="right")
    table.add_column("")
    group = ""
    for same in zip(*(audit.figures for audit in audits), strict=True):
        figure = same[0]
        if figure.group != group:
            group = figure.group
            table.add_section()
            table.add_row(f"[bold]{group}[/bold]")
        wrong = any(not each.agrees for each in same)
        seen = [_number(each.seen) if each.agrees else f"[red]{_number(each.seen)}[/red]" for each in same]
        mark = "[red]outside[/red]" if wrong else "within"
        table.add_row(figure.name, _number(figure.expected), *seen, f"± {_number(figure.allowed)}", mark)
    return table


def _oracle_table(audits: list[Audit]) -> Table:
    """MAP@7 of the oracle as a share of the ceiling, per month and bank."""
    table = Table("month", *(f"seed {audit.seed}" for audit in audits), title="oracle, share of the ceiling")
    for same in zip(*(audit.oracle for audit in audits), strict=True):
        table.add_row(same[0].month, *(f"{each.oracle / each.ceiling:.3f}" if each.ceiling else "" for each in same))
    return table


def _reach_table(audits: list[Audit]) -> Table:
    """Return the figures of oracle, baseline and models in the judged month, for the banks that were measured."""
    measured = [(audit.seed, audit.reach) for audit in audits if audit.reach]
    names = ("seed", "month", "ceiling", "oracle", "baseline", "model", "lag 1 alone", "loses")
    table = Table(*names, title="shares of the ceiling")
    for seed, reach in measured:
        shares = (reach.oracle, reach.baseline, reach.model, reach.lag_1, reach.worth_of_history)
        table.add_row(str(seed), str(reach.month), f"{reach.ceiling:.6f}", *(f"{share:.3f}" for share in shares))
    return table


@dataclass(frozen=True)
class BankPayload:
    """One bank: how many counts were compared, those that are outside, and what models reach where that was measured."""

    seed: int
    figures: int
    outside: Sequence[Figure]
    reach: Reach | None
    disagreements: Sequence[str]


@dataclass(frozen=True)
class BankReportPayload:
    """The JSON object of ``bank-report``."""

    agrees: bool
    banks: Sequence[BankPayload]


def payload(audits: list[Audit]) -> BankReportPayload:
    """Return the JSON object of ``bank-report``."""
    banks = [BankPayload(each.seed, len(each.figures), outside(each.figures), each.reach, each.disagreements) for each in audits]
    return BankReportPayload(all(audit.agrees for audit in audits), banks)


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"
