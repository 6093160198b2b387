"""Hold synthetic banks against the facts they are calibrated to."""

from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings


@verb
def bank_report(
    customers: Annotated[int, typer.Option(help="Size of the banks; 956645 is full size.")] = 50_000,
    seed: Annotated[list[int] | None, typer.Option(help="Seeds of the banks [default: 11, 12 and 13; 11 at full size].")] = None,
    models: Annotated[
        bool, typer.Option("--models/--no-models", help="Also train on the first bank what its history is worth.")
    ] = True,
    *,
    settings: "Settings",
) -> Outcome:
    """Print expected and seen counts side by side, and what oracle, baseline and models reach; fails where they differ."""
    from santander.bank_report.banks import audit_banks
    from santander.bank_report.reporting import payload, tables

    audits = audit_banks(settings, customers, seed, models=models)
    return Outcome(payload(audits), tables(audits), exit_code=0 if all(audit.agrees for audit in audits) else 1)
