"""A blend for a target month: its fits are made of the fits of the same names of registered versions for that month."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from santander.errors import InputError
from santander.models.blend import Blend, BlendSettings, Member
from santander.models.chances import BlendedChances
from santander.training.candidate import Candidate, Fit
from santander.training.plan import FitName, MonthPlan
from santander.training.recipe import Recipe

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.registry.versions import RegisteredVersion


def blend_candidate(settings: "Settings", recipe: Recipe, plan: MonthPlan) -> Candidate:
    """Load the members of a recipe of the kind ``blend`` and make its fits; nothing is fitted.

    The candidate's recipe names its members by number: an alias on other versions makes another recipe. Raises InputError for a
    version that is not there, was trained for another month or lacks a fit.
    """
    from santander.registry.champion import version_named

    wanted = BlendSettings.model_validate(recipe.settings)
    versions = [version_named(settings, member.version, member.alias) for member in wanted.members]
    for version in versions:
        if version.candidate.target != plan.target:
            raise InputError(
                f"version {version.number} was trained for {version.candidate.target} and cannot be blended for {plan.target}",
                hint=f"train its recipe for {plan.target} and name that version",
            )
    named = tuple(
        Member(version=version.number, weight=member.weight) for version, member in zip(versions, wanted.members, strict=True)
    )
    resolved = wanted.model_copy(update={"members": named})
    names = [planned.name for planned in plan.fits if planned.name is not FitName.ROUNDS]
    fits: dict[FitName, Fit] = {
        name: blend_of(name, resolved, [_fit_of(version, name) for version in versions]) for name in names
    }
    written = recipe.model_copy(update={"settings": resolved.model_dump(mode="json", exclude_none=True)})
    return Candidate(written, plan.target, fits)


def blend_of(name: FitName, settings: BlendSettings, fits: Sequence[Fit]) -> Fit:
    """Return one fit of a blend. It has seen what its members have seen; its baseline is that of the heaviest member."""
    started = time.monotonic()
    weights = {month: weight for fit in reversed(fits) for month, weight in fit.weights.items()}
    chances = [fit.chances for fit in fits if fit.chances is not None]
    most = max(range(len(fits)), key=lambda position: settings.members[position].weight)
    return Fit(
        name=name,
        model=Blend(settings, [fit.model for fit in fits]),
        baseline=fits[most].baseline,
        weights=dict(sorted(weights.items())),
        validation=max((fit.validation for fit in fits if fit.validation is not None), default=None),
        seconds=time.monotonic() - started,
        trained_on=", ".join(dict.fromkeys(fit.trained_on for fit in fits)),
        chances=BlendedChances(chances) if len(chances) == len(fits) else None,
    )


def _fit_of(version: "RegisteredVersion", name: FitName) -> Fit:
    fit = version.candidate.fits.get(name)
    if fit is None:
        raise InputError(
            f"version {version.number} has no fit '{name}', which the blend is to have", hint="train its recipe with it"
        )
    return fit
