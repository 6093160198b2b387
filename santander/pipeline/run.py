"""The whole walk, from landing files to a submission, and the table it ends with."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from santander.config.family_files import own_families
from santander.config.offer_rules import offer_rules
from santander.config.settings import Settings
from santander.describe.columns import COLUMNS
from santander.engine.session import SessionOnDemand
from santander.errors import InputError, TooLittleData
from santander.ingest.holders import last_ingestions, merges_since
from santander.ingest.landing import refuse_unreadable
from santander.ingest.refused import forget_refused
from santander.ingest.synthetic_mark import SyntheticMark
from santander.lake.ingestions import read_ingestions
from santander.lake.lake import Lake
from santander.logs.run_log import about
from santander.pipeline.ingest_step import TakenIn
from santander.pipeline.landing_choice import LANDING_FILES, landing_files
from santander.pipeline.run_report import MonthRows, NotTrained, WalkReport
from santander.pipeline.step import StepOutcome
from santander.pipeline.steps import Steps
from santander.quality.own_suites import own_suites
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.counting import counted
from santander.schema.months import AskedMonths, Month, full_months, missing_line, missing_months, month_range
from santander.scoring.month_lists import lists_of_month
from santander.storage.places import Place
from santander.training.trained import TRAIN, TrainResult

if TYPE_CHECKING:
    from santander.synthetic.spec import BankSpec
    from santander.training.recipe import Recipe

log = logging.getLogger(__name__)


def walk(
    settings: Settings,
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
    from santander.registry.old_rows import on_old_rows
    from santander.training.recipe import Recipe

    asked = AskedMonths.read(month, first, last)
    chosen_recipe = Recipe.load(recipe or settings.training.recipe)
    own_suites()  # a broken file is refused before anything is made or read
    own_families()
    offer_rules(settings)
    with SessionOnDemand(settings) as session:
        landing = _landing_of(settings, files, asked, bank_customers, chosen_recipe if train else None)
        steps = Steps(settings, session, force=force)
        outcomes: list[StepOutcome[object]] = [_ingest(steps, landing)]
        rows = steps.lake.rows_by_month(CUSTOMERS)
        present = sorted(month for month, n in rows.items() if n)
        if not present:
            raise InputError(f"{steps.lake.path(CUSTOMERS)} holds no month", hint="name landing files: 'santander run FILE...'")
        if missing := missing_months(rows):
            log.warning("%s", missing_line(missing))
        targets = asked.among(present if asked.is_range else [_last_month(rows)])
        steps.lake.require_customers(targets)
        steps.refuse_wrong_offer_rules()  # it takes an engine, and what is refused above must not start one
        needed = [month for month in present if month <= targets[-1]]
        outcomes.append(steps.validate(CUSTOMERS, needed))
        outcomes.append(steps.build_features(needed, anyway=False))
        families = steps.families_of_run(_families_in_use(settings, chosen_recipe if train else None))
        outcomes += [steps.build_family(family, needed, anyway=False) for family in families]
        outcomes += [steps.validate(table, needed) for table in (FEATURES_TABLE, *(family.table for family in families))]
        for corrected in steps.stale_scores():
            if corrected < targets[-1] and corrected not in targets:
                with about(corrected):
                    outcomes.append(steps.score(corrected, anyway=False))
                    outcomes.append(steps.submit(corrected, anyway=False))
        for target in targets:
            with about(target):
                if train:
                    outcomes.append(_train_if_possible(steps, target, chosen_recipe))
                outcomes.append(steps.score(target, anyway=False))
                outcomes.append(steps.submit(target, anyway=False))
                outcomes += [steps.describe(table, [target], anyway=False) for table in COLUMNS]
        mark = SyntheticMark.read(settings.data)
        behind, lists = on_old_rows(settings, steps.lake), lists_of_month(steps.lake, targets[-1])
        return WalkReport(_ingested(steps), outcomes, settings.data, settings.state, missing, mark, behind, lists)


def _families_in_use(settings: Settings, recipe: "Recipe | None") -> frozenset[str]:
    """Return the names of the families that a recipe and the champion learn from."""
    from santander.registry.versions import champion_number, families_of

    return (recipe.families if recipe else frozenset()) | families_of(settings, champion_number(settings))


def _train_if_possible(steps: Steps, target: Month, recipe: "Recipe") -> StepOutcome[TrainResult | NotTrained]:
    """Train for the target; where the months hold too little for that, as after one without products, the champion stays."""
    from santander.registry.versions import champion_number

    try:
        return steps.train(target, recipe, anyway=False)
    except TooLittleData as lack:
        if champion_number(steps.settings) is None:
            raise
        log.warning("train: not done, the model there is scores: %s", lack)
        return StepOutcome(TRAIN, [], [], 0.0, NotTrained(str(lack)))


def _last_month(rows: Mapping[Month, int]) -> Month:
    """The last month of customers; one of a few rows after the others is a mistyped date and not meant."""
    last = full_months(rows)[-1]
    if ignored := [str(month) for month, n in rows.items() if n and month > last]:
        log.warning("%s: too few rows for a month, not scored unless asked for by --month", ", ".join(ignored))
    return last


def _landing_of(
    settings: Settings, named: Sequence[Place], asked: AskedMonths, bank_customers: int | None, recipe: "Recipe | None"
) -> Sequence[Place]:
    """Landing files to take: those named, else those in ``raw``, else those of a bank that is made where there is nothing."""
    there, bank = list(named) or landing_files(settings, Lake(settings)), _bank_of(settings)
    if there is None and recipe is not None:
        _refuse_too_small(settings, bank.customers if bank_customers is None else bank_customers, recipe)
    spec = None if bank_customers is None else replace(bank, customers=bank_customers)
    if there is None:
        _make_bank(settings, spec or bank, asked, recipe)
        return [settings.data / "raw" / name for name in LANDING_FILES]
    if spec is not None:
        log.warning("--customers %s is ignored: this folder has landing files or months already", bank_customers)
    return there


def _bank_of(settings: Settings) -> "BankSpec":
    from santander.synthetic.spec import BankSpec

    return BankSpec(out=settings.data / "raw")


def _make_bank(settings: Settings, spec: "BankSpec", asked: AskedMonths, recipe: "Recipe | None") -> None:
    """Make the bank, unless a month is asked for that it does not have, or nothing would score it."""
    from santander.pipeline.bank_of_folder import fill_with_bank
    from santander.registry.versions import NoChampion, champion_number
    from santander.synthetic.progress import progress

    months = month_range(spec.first, spec.last)
    if beyond := [str(month) for month in asked.among(months) if month not in months]:
        raise InputError(
            f"there is nothing in {settings.data} yet, and the bank that would be made there has months {spec.first} to "
            f"{spec.last}, not {', '.join(beyond)}",
            month=beyond[0],
            hint="name landing files, or another month",
        )
    if recipe is None and champion_number(settings) is None:
        raise NoChampion(settings.mlflow.registered_model)
    log.info("neither landing files nor tables in %s: making a bank of %s customers there", settings.data, f"{spec.customers:,}")
    with progress("generate", len(months)) as done:
        fill_with_bank(settings, spec, done)


def _refuse_too_small(settings: Settings, customers: int, recipe: "Recipe") -> None:
    """Raise InputError, with the number that works, where the recipe could not learn from a bank of so many customers."""
    from santander.models.popularity import Popularity
    from santander.synthetic.spec import FEWEST_CUSTOMERS

    least = settings.training.smallest_bank
    if recipe.kind != Popularity.kind and customers < least:
        instead = f", or --recipe {Popularity.kind}" if customers >= FEWEST_CUSTOMERS else ""
        raise InputError(
            f"a bank of {counted(customers, 'customer')} is too small for recipe {recipe.name} to learn from",
            example=str(customers),
            hint=f"give --customers {least} or more{instead}",
        )


def _ingest(steps: Steps, landing: Sequence[Place]) -> StepOutcome[TakenIn]:
    if landing:
        forget_refused(steps.settings.state)
        refuse_unreadable(landing)
    else:
        log.info("ingest: no landing files named or in raw: working on the %s months there", len(steps.lake.months(CUSTOMERS)))
    return steps.ingest_new(landing)


def _ingested(steps: Steps) -> dict[str, MonthRows]:
    """Rows of each month; lines without a readable month are shown while an ingestion that had them still owns a month."""
    ingestions = read_ingestions(steps.lake)
    last, merges = last_ingestions(ingestions), merges_since(ingestions)
    owners = {rows[0].ingestion_id for rows in last.values() if rows[0].is_dated}
    return {
        month: MonthRows(
            read=sum(row.read for row in rows),
            kept=sum(row.kept for row in rows),
            quarantined_rows=sum(row.quarantined_rows for row in rows),
            rows_with_quarantined_values=sum(row.rows_with_quarantined_values for row in rows),
            inserted_by_replay=sum(row.gained for row in merges.get(month, [])),
        )
        for month, rows in last.items()
        if rows[0].ingestion_id in owners
    }
