"""A recipe trained for a target month, registered, and let meet the champion."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from santander.lake.person_steps import carrying_persons
from santander.ledger.family_months import fingerprints_of_families
from santander.ledger.step_ledger import fingerprint_of
from santander.ledger.versions import version_of
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.months import Month
from santander.training.trained import TRAIN, TrainResult

if TYPE_CHECKING:
    from santander.training.recipe import Recipe

from santander.pipeline.step import StepContext, StepOutcome, say_up_to_date


class TrainStep(StepContext):
    """Trains, registers and promotes."""

    @carrying_persons
    def train(
        self, target: Month | None, recipe: "Recipe", *, anyway: bool, promote: bool | None = None
    ) -> StepOutcome[TrainResult]:
        """Train a recipe for a target month, register it and let it meet the champion, unless that was done already.

        With ``promote`` False (None: the setting ``gate.automatic``) it waits as challenger.
        """
        from santander.registry.decisions import override_of
        from santander.registry.runs import training_here
        from santander.registry.versions import champion_number
        from santander.training.labelled import labelled_months
        from santander.training.plan import plan_months

        started = time.monotonic()
        labelled = labelled_months(self.lake)
        target = target or (labelled[-1] + 1 if labelled else max(self.lake.months(CUSTOMERS)))
        plan = plan_months(recipe, target, labelled)
        self.refuse_stale_features([*plan.months, plan.gate], recipe.families)
        fingerprint = self._train_fingerprint([*plan.months, plan.gate], recipe)
        self.refuse_unfit_champion(promote=promote)
        # not only the last: another recipe that was tried since, or a rollback, is no reason to train this one again
        before = None if anyway else training_here(self.settings, self.ledger.runs_on(TRAIN, target, fingerprint))
        holder = champion_number(self.settings)
        if before and holder is not None:
            say_up_to_date(TRAIN, [target])
            result = _with_champion(before.result, holder, override_of(self.settings, self.lake, holder))
            return StepOutcome(TRAIN, [], [target], time.monotonic() - started, result)
        from santander.registry.blending import blend_candidate
        from santander.registry.decisions import refuse_outdated_table
        from santander.registry.promotion import register_candidate
        from santander.registry.versions import families_of, registered
        from santander.training.collect import refuse_too_large_fit, through
        from santander.training.train import train

        refuse_outdated_table(self.lake)
        refuse_too_large_fit(self.lake, plan.months, plan.gate, TRAIN.name)
        meets = families_of(self.settings, holder) if self._meets_champion(promote=promote) else frozenset[str]()
        report = train(
            self.settings,
            self.lake,
            through(self.store),
            recipe,
            target,
            blend=partial(blend_candidate, self.settings),
            to_judge=meets,
        )
        promotion = register_candidate(self.settings, self.lake, report, promote=promote)
        evaluation = report.judgement.evaluation if report.judgement else None
        result = TrainResult(
            evaluation=evaluation.figures() if evaluation else None,
            target=target,
            recipe=recipe.name,
            version=promotion.version,
            run_id=registered(self.settings)[promotion.version].run_id,
            champion=promotion.champion,
            promoted=promotion.verdict.promoted,
            reason=promotion.verdict.reason,
        )
        customers = evaluation.customers if evaluation else 0
        self.ledger.record(TRAIN, [(target, fingerprint, customers)], time.monotonic() - started, result)
        return StepOutcome(TRAIN, [target], [], time.monotonic() - started, result)

    def refuse_unfit_champion(self, *, promote: bool | None) -> None:
        """Raise ChampionUnfit, with the remedy, where a candidate would be trained to meet a champion that cannot score."""
        from santander.registry.champion import ChampionUnfit, standing

        found = standing(self.settings)
        if self._meets_champion(promote=promote) and found.message is not None:
            raise ChampionUnfit(f"nothing is trained to meet the champion: {found.message}", hint=found.remedy)

    def _meets_champion(self, *, promote: bool | None) -> bool:
        return self.settings.gate.automatic if promote is None else promote

    def _train_fingerprint(self, months: Sequence[Month], recipe: "Recipe") -> str:
        features, customers = self.lake.fingerprints(FEATURES_TABLE), self.lake.fingerprints(CUSTOMERS)
        return fingerprint_of(
            version=version_of(TRAIN.name, recipe.model.__module__),
            recipe=recipe.fingerprint,
            gate=self.settings.gate.model_dump(exclude={"automatic", "min_product_additions"}),
            features={str(month): features.get(month) for month in months},
            customers={str(month): customers.get(month) for month in months},
            **fingerprints_of_families(self.lake, recipe.families, months),
        )


def _with_champion(result: TrainResult, holder: int, override: str | None) -> TrainResult:
    """Return the result of a training with the champion there is now: a person may have promoted another or gone back since.

    ``override`` says why, where a person ordered it whatever the gate said.
    """
    if result.champion == holder:
        return result
    since = f"{result.reason}; since then version {holder} has become champion{f' by {override}' if override else ''}"
    if override and result.version == holder:
        since = f"by {override}"
    return replace(result, champion=holder, promoted=result.version == holder, reason=since)
