"""The whole walk, from landing files to a submission, and the table it ends with."""

import logging
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.engine.on_demand import SessionOnDemand
from santander.errors import InputError, TooLittleData
from santander.ingest.accounting import last_ingestions, merges_since
from santander.ingest.cleaning import UNKNOWN_MONTH
from santander.ingest.landing import refuse_all_but_files
from santander.ingest.synthetic_mark import SyntheticMark
from santander.lake.lake import Lake
from santander.pipeline.landing_choice import LANDING_FILES, landing_files
from santander.pipeline.steps import StepOutcome, Steps
from santander.pipeline.taking_in import INGEST
from santander.quality.own_suites import own_suites
from santander.schema.asked_months import AskedMonths
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, INGESTIONS
from santander.schema.months import Month, month_range
from santander.schema.presence import full_months, missing_line, missing_months
from santander.storage.addresses import sqlite_address
from santander.storage.places import Place

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.synthetic.spec import BankSpec
    from santander.training.recipe import Recipe

log = logging.getLogger("santander.run")

BANK_CUSTOMERS, BANK_SEED = 20_000, 11
"""The bank that is made unless its size is given."""


@dataclass(frozen=True)
class WalkReport:
    """What a walk found and did: rows per month as ingested last, the outcome of each step, where the results lie."""

    months: dict[str, dict[str, int]]
    outcomes: list[StepOutcome]
    data_dir: Place
    state_dir: Path
    missing_months: list[Month]
    """Months without customers between the first and the last."""
    mark: SyntheticMark | None
    """The mark of a data folder that was filled with a synthetic bank."""

    def payload(self) -> dict[str, Any]:
        """The JSON object of ``run``."""
        return {
            "months": self.months,
            "missing_months": [str(month) for month in self.missing_months],
            "synthetic": self.mark is not None,
            "evaluation": dict(self._last_result("train")),
            "scored": dict(self._last_result("score")),
            "submission": self._last_result("submit").get("file"),
            "replaced": self._last_result("ingest").get("replaced", {}),
            "left": self._last_result("ingest").get("left", []),
            "steps": [
                {
                    "step": outcome.step,
                    "done": [str(month) for month in outcome.done],
                    "up_to_date": [str(month) for month in outcome.up_to_date],
                    "seconds": round(outcome.seconds, 2),
                }
                for outcome in self.outcomes
            ],
        }

    def tables(self) -> list[Any]:
        """The tables a person reads at the end."""
        from rich.text import Text

        remarks: list[Any] = [Text(note) for note in self._last_result("ingest").get("notes", [])]
        remarks += [missing_line(self.missing_months)] if self.missing_months else []
        if self.mark is not None:
            remarks.append(f"the data are {self.mark}: its models say nothing about real customers")
        return [self._rows_table(), *remarks, self._score_table(), self._verdict(), self._steps_table(), self._where_next()]

    def _last_result(self, step: str) -> dict[str, Any]:
        return next((dict(outcome.result) for outcome in reversed(self.outcomes) if outcome.step == step), {})

    def _rows_table(self) -> Any:
        table = _new_table("month", "read", "kept", "quarantined rows", "with quarantined values", "added since")
        rows = {month: [f"{n:,}" for n in counts.values()] for month, counts in self.months.items()}
        rows |= {str(month): ["missing"] for month in self.missing_months}
        for month, cells in sorted(rows.items()):
            table.add_row(month, *cells)
        return table

    def _score_table(self) -> Any:
        table = _new_table("judged on", "MAP@7", "share of ceiling")
        figures = self._last_result("train")
        if "map7" not in figures:
            return "no model was judged"
        rows = [("model", figures["map7"]), ("baseline", figures["baseline"]), ("ceiling", figures["ceiling"])]
        if figures["oracle"] is not None:
            rows.insert(2, ("oracle", figures["oracle"]))
        for name, value in rows:
            share = value / figures["ceiling"] if figures["ceiling"] else 0
            table.add_row(f"{figures['month']} {name}", f"{value:.6f}", f"{share:.3f}")
        return table

    def _verdict(self) -> str:
        figures = self._last_result("train")
        versions = f"version {figures['version']}, champion {figures['champion']}: " if "version" in figures else ""
        return versions + str(figures.get("reason", ""))

    def _steps_table(self) -> Any:
        table = _new_table("step", "seconds", "months done", "up to date")
        for outcome in self.outcomes:
            table.add_row(outcome.step, f"{outcome.seconds:.1f}", _span(outcome.done), _span(outcome.up_to_date))
        return table

    def _where_next(self) -> str:
        programs = Path(sys.executable).parent
        data, registry = str(self.data_dir), sqlite_address(self.state_dir / "mlflow.db")
        look = shlex.join([str(programs / "mlflow"), "ui", "--backend-store-uri", registry])
        status = shlex.join([str(programs / "santander"), "status", "--data-dir", data])
        return (
            f"submission      {self._last_result('submit').get('file', '-')}\n"
            f"Delta tables    {self.data_dir / 'lake'}\n"
            f"data quality    {self.data_dir / 'quality' / 'index.html'}\n"
            f"models          {look}\n"
            f"notebooks       SANTANDER_DATA_DIR={shlex.quote(data)} make notebook\n"
            f"what is there   {status}"
        )


def walk(
    settings: "Settings",
    files: Sequence[Place],
    *,
    month: str | None = None,
    first: str | None = None,
    last: str | None = None,
    recipe: str | None = None,
    train: bool = True,
    bank_customers: int | None = None,
    force: bool = False,
) -> WalkReport:
    """Do every step for each target month in order, skipping what is up to date.

    The target is the last month there is unless one or a range is asked for. Months before it that were scored, and that
    a correction has put out of date since, are scored again. With ``train`` False the champion there is scores. Without
    landing files it works on the months there; a bank is made where there is neither a file nor a table. With ``force`` the
    data folder of a synthetic bank takes other files too. Options are checked before anything is made or read.
    """
    from santander.training.recipe import Recipe

    asked = AskedMonths.read(month, first, last)
    chosen_recipe = Recipe.load(recipe or settings.training.recipe)
    own_suites()  # a broken file is refused before anything is made or read
    with SessionOnDemand(settings) as session:
        landing = _landing_of(settings, files, asked, bank_customers, train=train)
        steps = Steps(settings, session, force=force)
        outcomes = [_ingest(steps, landing)]
        rows = steps.lake.rows_by_month(CUSTOMERS)
        present = sorted(month for month, n in rows.items() if n)
        if not present:
            raise InputError(f"{steps.lake.path(CUSTOMERS)} holds no month: name landing files")
        if missing := missing_months(rows):
            log.warning("%s", missing_line(missing))
        targets = asked.among(present if asked.is_range else [_last_month(rows)])
        absent = [str(target) for target in targets if target not in present]
        if absent:
            raise InputError(f"no customers for {', '.join(absent)}: name the landing file of the month")
        needed = [month for month in present if month <= targets[-1]]
        outcomes.append(steps.validate(CUSTOMERS, needed))
        outcomes.append(steps.build_features(needed, anyway=False))
        outcomes.append(steps.validate(FEATURES_TABLE, needed))
        for corrected in steps.stale_scores():
            if corrected < targets[-1] and corrected not in targets:
                outcomes.append(steps.score(corrected, anyway=False))
                outcomes.append(steps.submit(corrected, anyway=False))
        for target in targets:
            if train:
                outcomes.append(_train_if_possible(steps, target, chosen_recipe))
            outcomes.append(steps.score(target, anyway=False))
            outcomes.append(steps.submit(target, anyway=False))
        mark = SyntheticMark.read(settings.data)
        return WalkReport(_ingested(steps), outcomes, settings.data, settings.state, missing, mark)


def _train_if_possible(steps: Steps, target: Month, recipe: "Recipe") -> StepOutcome:
    """Train for the target; where the months hold too little for that, as after one without products, the champion stays."""
    from santander.registry.versions import champion_number

    try:
        return steps.train(target, recipe, anyway=False)
    except TooLittleData as lack:
        if champion_number(steps.settings) is None:
            raise
        log.warning("train: not done, the model there is scores: %s", lack)
        return StepOutcome("train", [], [], 0.0, {"reason": str(lack)})


def _last_month(rows: Mapping[Month, int]) -> Month:
    """The last month of customers; one of a few rows after the others is a mistyped date and not meant."""
    last = full_months(rows)[-1]
    if ignored := [str(month) for month, n in rows.items() if n and month > last]:
        log.warning("%s: too few rows for a month, not scored unless asked for by --month", ", ".join(ignored))
    return last


def _landing_of(
    settings: "Settings", named: Sequence[Place], asked: AskedMonths, bank_customers: int | None, *, train: bool
) -> Sequence[Place]:
    """Landing files to take: those named, else those in ``raw``, else those of a bank that is made where there is nothing."""
    spec = None if bank_customers is None else _bank_of(settings, bank_customers)
    there = list(named) or landing_files(settings, Lake(settings))
    if there is None:
        _make_bank(settings, spec or _bank_of(settings, BANK_CUSTOMERS), asked, train=train)
        return [settings.data / "raw" / name for name in LANDING_FILES]
    if spec is not None:
        log.warning("--customers %s: no bank is made, as there are landing files or months", bank_customers)
    return there


def _bank_of(settings: "Settings", customers: int) -> "BankSpec":
    from santander.synthetic.spec import BankSpec

    return BankSpec(out=settings.data / "raw", customers=customers, seed=BANK_SEED)


def _make_bank(settings: "Settings", spec: "BankSpec", asked: AskedMonths, *, train: bool) -> None:
    """Make the bank, unless a month is asked for that it does not have or nothing would score it."""
    from santander.pipeline.bank_of_folder import fill_with_bank
    from santander.registry.versions import NoChampion, champion_number
    from santander.synthetic.progress import progress

    months = month_range(spec.first, spec.last)
    if beyond := [str(month) for month in asked.among(months) if month not in months]:
        raise InputError(
            f"there is nothing in {settings.data} yet, and the bank that would be made there has months {spec.first} to "
            f"{spec.last}, not {', '.join(beyond)}: name landing files, or another month"
        )
    if not train and champion_number(settings) is None:
        raise NoChampion(settings.mlflow.registered_model)
    log.info("neither landing files nor tables in %s: making a bank of %s customers there", settings.data, f"{spec.customers:,}")
    with progress("generate", len(months)) as done:
        fill_with_bank(settings, spec, done)


def _ingest(steps: Steps, landing: Sequence[Place]) -> StepOutcome:
    if landing:
        refuse_all_but_files(landing)
        return steps.ingest_new(landing)
    present = steps.lake.months(CUSTOMERS)
    log.info("ingest: no landing files named or in raw: working on the %s months there", len(present))
    return StepOutcome(INGEST, [], present, 0.0, {"files": []})


def _ingested(steps: Steps) -> dict[str, dict[str, int]]:
    """Rows of each month as its last ingestion counted them, files of one ingestion together, and those merged in since.

    Lines without a readable month are shown while an ingestion that had them still owns a month.
    """
    ingestions = steps.lake.rows(INGESTIONS)
    last, merges = last_ingestions(ingestions), merges_since(ingestions)
    owners = {rows[0]["ingestion_id"] for month, rows in last.items() if month != UNKNOWN_MONTH}
    return {
        month: {name: sum(row[name] for row in rows) for name in _COUNTED}
        | {"inserted_by_replay": sum(row["inserted"] for row in merges.get(month, []))}
        for month, rows in last.items()
        if rows[0]["ingestion_id"] in owners
    }


_COUNTED = ("read", "kept", "quarantined_rows", "rows_with_quarantined_values")


def _new_table(*headings: str) -> Any:
    from rich.table import Table

    table = Table(*headings)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _span(months: Sequence[Month]) -> str:
    if len(months) <= 1:
        return "".join(map(str, months)) or "-"
    return f"{min(months)} to {max(months)} ({len(months)})"
