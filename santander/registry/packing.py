"""A candidate as a folder: what a registered version carries.

``candidate.json`` says what it is, ``fits/NAME/model`` and ``fits/NAME/baseline`` hold the models, ``fits/NAME/chances`` what
makes chances of the model's scores. Nothing is pickled.
"""

import json
from pathlib import Path
from typing import Any

from santander.models.chances import load_chances
from santander.models.fitted_on import refuse_other_families
from santander.models.kinds import load_recommender, save_recommender
from santander.models.month_weight import MonthWeight
from santander.schema.months import Month
from santander.training.candidate import Candidate, Fit
from santander.training.plan import FitName
from santander.training.recipe import Recipe, declared_families

FACTS = "candidate.json"
_CHANCES = "chances"


def pack(candidate: Candidate, folder: Path) -> None:
    """Write a candidate to a folder, which is made."""
    folder.mkdir(parents=True)
    facts = {
        "recipe": candidate.recipe.model_dump(mode="json", by_alias=True),
        "target": str(candidate.target),
        "scoring": str(candidate.scoring.name),
        "fits": {str(name): _facts_of(fit) for name, fit in candidate.fits.items()},
    }
    (folder / FACTS).write_text(json.dumps(facts, indent=1))
    for name, fit in candidate.fits.items():
        save_recommender(fit.model, folder / "fits" / name / "model")
        save_recommender(fit.baseline, folder / "fits" / name / "baseline")
        if fit.chances is not None:
            fit.chances.save(folder / "fits" / name / _CHANCES)


def unpack(folder: Path) -> Candidate:
    """Read a candidate that ``pack`` wrote.

    Raises ChangedFeatures also where the file of a family that it reads declares a feature otherwise.
    """
    facts = json.loads((folder / FACTS).read_text())
    fits = {FitName(name): _read_fit(FitName(name), about, folder / "fits" / name) for name, about in facts["fits"].items()}
    candidate = Candidate(Recipe(**facts["recipe"]), Month.parse(facts["target"]), fits)
    if candidate.families:
        for fit in fits.values():
            refuse_other_families(fit.model.families, declared_families(), f"the model in {folder}")
    return candidate


def _facts_of(fit: Fit) -> dict[str, Any]:
    return {
        "months": {str(month): str(weight) for month, weight in fit.weights.items()},
        "validation": None if fit.validation is None else str(fit.validation),
        "rounds": fit.model.rounds,
        "seconds": round(fit.seconds, 3),
        "trained_on": fit.trained_on,
    }


def _read_fit(name: FitName, facts: dict[str, Any], folder: Path) -> Fit:
    model = load_recommender(folder / "model")
    return Fit(
        name=name,
        model=model,
        baseline=load_recommender(folder / "baseline"),
        weights={Month.parse(month): MonthWeight.parse(weight) for month, weight in facts["months"].items()},
        validation=None if facts["validation"] is None else Month.parse(facts["validation"]),
        seconds=facts["seconds"],
        trained_on=facts.get("trained_on", Fit.trained_on),
        chances=load_chances(folder / _CHANCES, model),
    )
