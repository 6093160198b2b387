"""Registers a candidate: a run with its figures, plots and origin, and a version of the model that carries it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from santander.bank.months import Month
from santander.evaluation.judgement import Evaluation, Judgement
from santander.evaluation.plots import draw
from santander.features.declaration import FEATURE_SET
from santander.lake import Lake
from santander.models.month_weight import ALIKE, MonthWeight
from santander.registry.model_package import copy_code, input_example, requirements, signature
from santander.registry.packing import pack
from santander.registry.provenance import git_sha, settings_dump, table_versions
from santander.registry.tracking import experiment_id, open_tracking
from santander.settings import Settings
from santander.training.candidate import Candidate

_SERVED = Path(__file__).with_name("served_model.py")


def register(settings: Settings, lake: Lake, candidate: Candidate, judgement: Judgement | None, example: pa.Table) -> int:
    """Log a run, register its model and return the number of the new version.

    ``judgement`` is what the judged fit reached on the gate month; ``example`` gives the first feature rows as example.
    """
    client = open_tracking(settings)
    import mlflow

    title = f"{candidate.recipe.name} for {candidate.target}"
    with mlflow.start_run(experiment_id=experiment_id(settings, client), run_name=title) as run:
        mlflow.set_tags(_origin(lake, candidate))
        mlflow.log_params(_parameters(candidate))
        mlflow.log_metrics({f"seconds_{name}": fit.seconds for name, fit in candidate.fits.items()})
        mlflow.log_dict(dict(settings_dump(settings)), "settings.json")
        mlflow.log_dict(candidate.recipe.model_dump(mode="json", by_alias=True), "recipe.json")
        if judgement is not None:
            log_judgement(candidate, judgement)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            pack(candidate, folder / "candidate")
            logged = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(_SERVED),
                artifacts={"candidate": str(folder / "candidate")},
                code_paths=[str(copy_code(folder / "code"))],
                signature=signature(),
                input_example=input_example(example),
                pip_requirements=requirements(),
            )
        run_id = run.info.run_id
    name = settings.mlflow.registered_model
    if not client.search_registered_models(filter_string=f"name = '{name}'"):
        client.create_registered_model(name, description="The products a customer adds next; see the tags of each version.")
    version = client.create_model_version(
        name, source=logged.model_uri, run_id=run_id, tags=_version_tags(candidate), model_id=logged.model_id
    )
    return int(version.version)


def log_judgement(candidate: Candidate, judgement: Judgement) -> None:
    """Log figures, tables and plots of a judgement to the active run."""
    import mlflow

    evaluation = judgement.evaluation
    fit = candidate.fit_to_judge(evaluation.month) or candidate.scoring
    mlflow.log_metrics(_metrics(evaluation))
    mlflow.log_dict(evaluation.details(), "evaluation.json")
    for name, figure in draw(fit.model, judgement).items():
        mlflow.log_figure(figure, f"plots/{name}.png")


def _metrics(evaluation: Evaluation) -> dict[str, float]:
    figures: dict[str, Any] = {name: value for name, value in evaluation.figures().items() if name != "month"}
    for product in evaluation.products:
        figures[f"recall/{product.product}"] = product.recall
        figures[f"precision/{product.product}"] = product.precision
    for segment in evaluation.segments:
        figures[f"map7/{segment.segment}"] = segment.map7
        figures[f"baseline/{segment.segment}"] = segment.baseline
    return {name: float(value) for name, value in figures.items() if value is not None}


def _origin(lake: Lake, candidate: Candidate) -> dict[str, str]:
    versions = {f"delta.{name}": str(version) for name, version in table_versions(lake).items()}
    return {"git_sha": git_sha(), "feature_service": FEATURE_SET, "target": str(candidate.target), **versions}


def _parameters(candidate: Candidate) -> dict[str, Any]:
    recipe = candidate.recipe
    return {
        "recipe": recipe.name,
        "kind": recipe.kind,
        "fingerprint": recipe.fingerprint,
        "target": str(candidate.target),
        **{f"months.{name}": _months(fit.weights) for name, fit in candidate.fits.items()},
        **{f"settings.{name}": value for name, value in candidate.scoring.model.settings.model_dump(mode="json").items()},
    }


def _version_tags(candidate: Candidate) -> dict[str, str]:
    validations = {str(fit.validation) for fit in candidate.fits.values() if fit.validation is not None}
    return {
        "recipe": candidate.recipe.name,
        "kind": candidate.recipe.kind,
        "target": str(candidate.target),
        "feature_service": FEATURE_SET,
        "validation_months": " ".join(sorted(validations)) or "none",
        "trained_on": candidate.scoring.trained_on,
        **{f"fit_months.{name}": _months(fit.weights) for name, fit in candidate.fits.items()},
    }


def _months(weights: Mapping[Month, MonthWeight]) -> str:
    """Months and weights as text: ``2015-06*2 2016-04``."""
    return " ".join(f"{month}" if weight == ALIKE else f"{month}*{weight}" for month, weight in sorted(weights.items()))
