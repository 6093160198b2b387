"""The champion's recipe fitted anew on the challenger's months, so that freshness never counts as the gain of a new recipe.

It has the rounds of the champion, and is only compared. Refits are kept for the next contest, without examples of input;
``maintain`` removes those older than the retention, ``forget`` all of them, as models remember persons.
"""

import logging
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.lake.lake import Lake
from santander.ledger.family_months import fingerprints_of_families
from santander.ledger.own_families import refuse_unfit_families
from santander.ledger.step_ledger import Origins, fingerprint_of, refuse_stale_features
from santander.ledger.versions import version_of
from santander.models.blend import Blend, BlendSettings
from santander.models.month_weight import ALIKE, MonthWeight
from santander.models.recommender import KindSettings, Recommender
from santander.models.training_set import TrainingData
from santander.registry.blending import blend_of
from santander.registry.contest import contest_of, no_contest
from santander.registry.decisions import in_one_line
from santander.registry.gate import Contest
from santander.registry.orders import load_by_number
from santander.registry.packing import pack, unpack
from santander.registry.versions import RegisteredVersion
from santander.schema.months import Month
from santander.training.candidate import Candidate, Fit
from santander.training.collect import refuse_too_large_fit, through, training_data
from santander.training.fitting import fit_once
from santander.training.labelled import labelled_months
from santander.training.plan import FitName, PlannedFit
from santander.training.recipe import Recipe

log = logging.getLogger(__name__)


_DAY = 86_400


class KeptRefits:
    """The refits kept below a state folder."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "refits"

    def find(self, key: str) -> Fit | None:
        """The fit kept under a key; None where there is none, or one that cannot be read, which is removed."""
        folder = self._folder / key
        if not folder.is_dir():
            return None
        try:
            return unpack(folder).fits[FitName.JUDGED]
        except Exception as error:  # noqa: BLE001  (it is made anew whatever is wrong with its files, and that is said)
            log.warning("a refit kept before cannot be read and is made anew: %s", in_one_line(error))
            shutil.rmtree(folder, ignore_errors=True)
            return None

    def keep(self, key: str, recipe: Recipe, month: Month, fit: Fit) -> None:
        """Keep a fit that predicts this month; it is there whole or not at all."""
        scratch = self._folder / f".{key}-{uuid.uuid4().hex[:8]}"
        try:
            pack(Candidate(recipe, month + 1, {FitName.JUDGED: fit}), scratch)
            if not (self._folder / key).exists():
                scratch.rename(self._folder / key)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def remove(self, older_than_days: float = 0, *, dry_run: bool = False) -> int:
        """Remove what was kept so many days ago or earlier, and what killed runs left of that age; returns how many folders."""
        if not self._folder.is_dir():
            return 0
        latest = time.time() - older_than_days * _DAY
        doomed = [folder for folder in self._folder.iterdir() if folder.stat().st_mtime <= latest]
        for folder in doomed if not dry_run else ():
            shutil.rmtree(folder)
        return len(doomed)


class CannotRefit(SantanderError):
    """A champion whose recipe cannot be fitted anew; without that, freshness could win, and nobody is promoted."""

    def __init__(self, holder: int, up_to: Month, why: str) -> None:
        super().__init__(
            f"champion {holder} cannot be fitted anew up to {up_to}, so a gain over it might be freshness alone: {why}",
            hint="mend that and run 'santander promote', or promote by '--override --reason TEXT'",
        )


@dataclass(frozen=True)
class PlannedRefit:
    """A recipe, and the settings of its fitted model with the rounds that a search found; of a blend its members as well."""

    recipe: Recipe
    settings: KindSettings
    members: tuple["PlannedRefit", ...] = ()

    def parts(self) -> Iterator["PlannedRefit"]:
        """Return the recipes that are fitted on months: the recipe itself, or the members of a blend at any depth."""
        if not self.members:
            yield self
        for member in self.members:
            yield from member.parts()

    def named_before(self, month: Month, among: Sequence[Month]) -> list[Month]:
        """The months of ``among`` that any part is fitted on to predict this month, in order."""
        return sorted({named for part in self.parts() for named in part.recipe.weights_before(month, among)})

    @property
    def families(self) -> frozenset[str]:
        """The names of the user's families that any part learns from."""
        return frozenset(name for part in self.parts() for name in part.recipe.families)

    def weights(self, month: Month, labelled: Sequence[Month]) -> list[Mapping[Month, MonthWeight]]:
        """The fit months of each part."""
        return [part.recipe.weights_before(month, labelled) for part in self.parts()]


def refit_is_due(challenger: RegisteredVersion, holder: RegisteredVersion, month: Month) -> bool:
    """Whether a new recipe meets a champion that is judged by a fit which ends earlier than the month before this one."""
    blind = holder.candidate.fit_to_judge(month)
    if blind is None or no_contest(challenger, holder, month) is not None:
        return False
    return contest_of(challenger, holder) is Contest.NEW_RECIPE and blind.last_month < month - 1


class Refits:
    """Refits of champions, made from the tables of a lake and kept in the state folder for the next contest on the same rows."""

    def __init__(self, settings: Settings, lake: Lake) -> None:
        self._settings, self._lake, self._kept = settings, lake, KeptRefits(settings.state)

    def against(self, challenger: RegisteredVersion, holder: RegisteredVersion, month: Month) -> Fit | None:
        """Return the champion's recipe fitted up to the month before, for a contest with a challenger on this month.

        None where none is due, or nothing newer is at hand than the champion has seen. Raises CannotRefit when months that the
        challenger has seen or a member of a blend are gone; InputError for features out of date and months over the budget.
        """
        own, blind = challenger.candidate.fit_to_judge(month), holder.candidate.fit_to_judge(month)
        if not refit_is_due(challenger, holder, month) or own is None or blind is None:
            return None
        labelled = labelled_months(self._lake)
        planned = self._planned(holder, holder.candidate.recipe, blind.model, month)
        lost = [m for m in planned.named_before(month, list(own.weights)) if m > blind.last_month and m not in labelled]
        if lost:
            gone = ", ".join(map(str, lost))
            raise CannotRefit(
                holder.number,
                month - 1,
                f"it takes additions of {gone}, which the challenger has seen and nothing is known of now",
            )
        months = planned.named_before(month, labelled)
        if not months or months[-1] <= blind.last_month:
            return None
        key = self._key(planned, month, labelled)
        if (kept := self._kept.find(key)) is not None:
            log.info("champion %d fitted anew up to %s is kept from a contest before", holder.number, kept.last_month)
            return kept
        with self._lake.carrying_persons():  # what is kept remembers persons: no erasure may end in between
            return self._made(holder, blind, planned, month, labelled, key)

    def _planned(self, holder: RegisteredVersion, recipe: Recipe, model: Recommender, month: Month) -> PlannedRefit:
        if not isinstance(model, Blend):
            return PlannedRefit(recipe, model.settings_as_fitted)
        members = []
        for member, fitted in zip(model.settings.members, model.members, strict=True):
            try:
                version = load_by_number(self._settings, int(member.version or 0), f"version {member.version}")
            except SantanderError as error:
                raise CannotRefit(holder.number, month - 1, f"it is a blend of version {member.version}: {error}") from error
            members.append(self._planned(holder, version.candidate.recipe, fitted, month))
        return PlannedRefit(recipe, model.settings, tuple(members))

    def _key(self, planned: PlannedRefit, month: Month, labelled: Sequence[Month]) -> str:
        """The gate month, and a hash of the recipes, their fit months and the rows of these."""
        origins = Origins(self._lake)
        months = planned.named_before(month, labelled)
        made_from = fingerprint_of(
            version=version_of("train", *(part.recipe.model.__module__ for part in (planned, *planned.parts()))),
            recipes=[part.recipe.fingerprint for part in (planned, *planned.parts())],
            settings=[part.settings.model_dump_json() for part in (planned, *planned.parts())],
            weights=[{str(m): str(w) for m, w in weights.items()} for weights in planned.weights(month, labelled)],
            features={str(m): origins.features.get(m) for m in months},
            customers={str(m): origins.customers.get(m) for m in (*months, *(m - 1 for m in months))},
            **fingerprints_of_families(self._lake, planned.families, months),
        )
        return f"{month}-{made_from[:16]}"

    def _made(
        self, holder: RegisteredVersion, blind: Fit, planned: PlannedRefit, month: Month, labelled: Sequence[Month], key: str
    ) -> Fit:
        from santander.store.access import open_store

        months = planned.named_before(month, labelled)
        refuse_stale_features(self._lake, months)
        refuse_unfit_families(self._lake, planned.families, months)
        refuse_too_large_fit(self._lake, months, month, "promote")
        log.info(
            "champion %d is fitted up to %s: for the contest on %s its recipe %s is fitted anew up to %s (this takes a training)",
            holder.number, blind.last_month, month, planned.recipe.name, months[-1],
        )  # fmt: skip
        retrieve = through(open_store(self._settings, self._lake)).also(planned.families)
        with training_data(self._settings, self._lake, retrieve, dict.fromkeys(months, ALIKE)) as training:
            fit = _fit(planned, month, labelled, training)
        if self._key(planned, month, labelled) == key:
            self._kept.keep(key, planned.recipe, month, fit)
        else:
            log.warning("tables were written while champion %d was fitted anew: that fit is not kept", holder.number)
        return fit


def _fit(planned: PlannedRefit, month: Month, labelled: Sequence[Month], training: TrainingData) -> Fit:
    """Fit a recipe, or every member of a blend, to predict this month."""
    if isinstance(planned.settings, BlendSettings):
        return blend_of(FitName.JUDGED, planned.settings, [_fit(member, month, labelled, training) for member in planned.members])
    weights = planned.recipe.weights_before(month, labelled)
    return fit_once(planned.recipe, planned.settings, PlannedFit(FitName.JUDGED, month, weights), training)
