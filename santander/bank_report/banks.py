"""Makes banks in a temporary folder and audits each from its files."""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from santander.bank_report.expected import FIRST, LAST, expected_counts
from santander.bank_report.figures import compare
from santander.bank_report.observed import observed_counts
from santander.bank_report.reach import Reach, measure_reach
from santander.bank_report.reporting import Audit
from santander.schema.months import month_range
from santander.storage.places import Place
from santander.synthetic.facts import FULL_CUSTOMERS
from santander.synthetic.generate import generate
from santander.synthetic.progress import progress
from santander.synthetic.spec import BankSpec

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)

SEEDS = (11, 12, 13)
"""Fixed before the counts of any of them were looked at."""


def audit_banks(settings: "Settings", customers: int, seeds: Sequence[int] | None, *, models: bool) -> list[Audit]:
    """Make one bank per seed, by default three, at full size one; with ``models`` the first also shows its reach.

    Nothing stays behind. The bank, and the lake that is built for the models, lie in the data folder meanwhile, or in the
    local temporary folder where the data folder is in a bucket.
    """
    chosen = list(seeds or (SEEDS[:1] if customers >= FULL_CUSTOMERS else SEEDS))
    for seed in chosen:
        _spec(settings.data, customers, seed)
    beside = settings.data if isinstance(settings.data, Path) else None
    if beside is not None:
        beside.mkdir(parents=True, exist_ok=True)
    audits = []
    for seed in chosen:
        with tempfile.TemporaryDirectory(prefix="bank-report-", dir=beside) as folder:
            audits.append(_audit(settings, Path(folder), customers, seed, models=models and seed == chosen[0]))
    return audits


def _audit(settings: "Settings", folder: Path, customers: int, seed: int, *, models: bool) -> Audit:
    raw = folder / "raw"
    spec = _spec(raw, customers, seed)
    with progress(f"bank {seed}", len(month_range(FIRST, LAST))) as done:
        written = generate(spec, done)
    log.info("bank %d: counting what the files show", seed)
    figures = compare(expected_counts(customers), observed_counts(raw), customers)
    if not models:
        return Audit(seed, figures, written.oracle)
    reach = _reach(settings, folder)
    return Audit(seed, figures, written.oracle, reach, reach.disagreements(full_size=customers >= FULL_CUSTOMERS))


def _spec(out: Place, customers: int, seed: int) -> BankSpec:
    """The bank to audit; raises InputError for what makes none."""
    return BankSpec(out=out, customers=customers, first=FIRST, last=LAST, seed=seed, propensity=False)


def _reach(settings: "Settings", folder: Path) -> Reach:
    from santander.engine.session import open_session

    own = type(settings).load(data_dir=str(folder), state_dir=str(folder / "state"), master=settings.master)
    with open_session(own) as session:
        return measure_reach(own, session, settings.training.recipe)
