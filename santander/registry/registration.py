"""Registers a candidate: a run with its figures, plots and origin, and a version with all that MLflow stores of the model."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from santander.config.machine import cores
from santander.config.settings import Settings
from santander.evaluation.judgement import Evaluation, Judgement
from santander.evaluation.plots import draw
from santander.lake.lake import Lake
from santander.lake.past import table_versions
from santander.models.packages import EVERY_MODEL, pinned
from santander.models.recommender import Recommender
from santander.registry.model_card import Origin, model_card, months_told
from santander.registry.old_rows import ROWS_READ, rows_read
from santander.registry.packing import pack
from santander.registry.runs import datasets, family_tags, git_sha, origin_tags, settings_dump
from santander.registry.tracking import experiment_id, open_tracking
from santander.registry.verdict import CARD, LONGEST_DESCRIPTION, LONGEST_NOTE, NOTE
from santander.registry.versions import FAMILIES
from santander.schema.catalogue import CUSTOMERS
from santander.schema.features import FEATURE_SET
from santander.schema.months import missing_months
from santander.schema.records import plain
from santander.training.candidate import Candidate

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

_PACKAGE = Path(__file__).resolve().parent.parent
MODEL_CODE = (
    "__init__.py",
    "errors.py",
    "former_names.py",
    "config/__init__.py",
    "config/machine.py",
    "features/__init__.py",
    "features/expansion.py",
    "schema",
    "models",
)
"""All of the package that a loaded model runs; without engine, store and command line."""


def copy_code(folder: Path) -> Path:
    """Copy the code of a loaded model below a folder and return the copied package."""
    package = folder / _PACKAGE.name
    for part in MODEL_CODE:
        source, target = _PACKAGE / part, package / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return package


def requirements(candidate: Candidate) -> list[str]:
    """The packages that the models of a candidate need, in the versions at hand."""
    models = [model for fit in candidate.fits.values() for model in (fit.model, fit.baseline)]
    return pinned([*EVERY_MODEL, *(package for model in models for package in model.packages)])


def signature(features: Sequence[str]) -> "ModelSignature":
    """Return the features that a model reads in, lists and scores out.

    Where a frame is from decides on the type of a feature, so MLflow checks names alone, the model types (``models/served.py``).
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import AnyType, Array

    return ModelSignature(
        inputs=Schema([ColSpec(AnyType(), name) for name in features]),  # type: ignore[no-untyped-call]
        outputs=Schema([ColSpec(Array(DataType.string), "products"), ColSpec(Array(DataType.double), "scores")]),
    )


def input_example(rows: pa.Table, features: Sequence[str], shown: int = 5) -> pd.DataFrame:
    """The first feature rows as doubles, missing as NaN: a form that JSON keeps."""
    first = rows.select(list(features)).slice(0, shown)
    return pd.DataFrame({name: first[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in features})


_SERVED = Path(__file__).with_name("served_model.py")

_UNDECIDED = {"promoted": "false", "verdict": "not decided"}

_DESCRIPTION = (
    "Orders the products that a customer of the bank may add next month. The alias **champion** scores; **challenger** is the "
    "version registered last. A version is promoted when the gate finds it better than the champion on a month that neither "
    "has seen; its description begins with that verdict. `docs/review.md` says how to read the rest."
)


def register(
    settings: Settings,
    lake: Lake,
    candidate: Candidate,
    judgement: Judgement | None,
    example: pa.Table,
    read_at: Mapping[str, int | None] | None = None,
) -> int:
    """Log a run, register its model and return the number of the new version.

    ``judgement`` is of the judged fit on the gate month; ``read_at`` are the versions of the tables that were read.
    """
    client = open_tracking(settings)
    import mlflow

    now, sha = table_versions(lake, candidate.families), git_sha()
    versions = {name: (read_at or now)[name] for name in now}
    rows = rows_read(lake, candidate.scoring.weights)
    title = f"{candidate.target} {candidate.recipe.name}"
    with mlflow.start_run(experiment_id=experiment_id(settings, client), run_name=title) as run:
        run_id = run.info.run_id
        mlflow.set_tags({**_UNDECIDED, "target": str(candidate.target), **origin_tags(versions, sha), **family_tags(candidate)})
        mlflow.log_params(_parameters(candidate))
        read = datasets(lake, versions)
        mlflow.log_inputs([*read], ["training"] * len(read), [None] * len(read))
        if judgement is not None:
            log_judgement(settings, candidate, judgement)
        mlflow.log_metrics({f"seconds_{name}": fit.seconds for name, fit in candidate.fits.items()})
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            _write_json(folder / "files" / "settings.json", dict(settings_dump(settings)))
            _write_json(folder / "files" / "recipe.json", candidate.recipe.model_dump(mode="json", by_alias=True))
            mlflow.log_artifacts(str(folder / "files"))
            pack(candidate, folder / "candidate")
            logged = mlflow.pyfunc.log_model(
                name=title.replace(" ", "-"),
                python_model=str(_SERVED),
                artifacts={"candidate": str(folder / "candidate")},
                code_paths=[str(copy_code(folder / "code"))],
                signature=signature(candidate.scoring.model.feature_names),
                input_example=input_example(example, candidate.scoring.model.feature_names),
                pip_requirements=requirements(candidate),
            )
    name = settings.mlflow.registered_model
    if not client.search_registered_models(filter_string=f"name = '{name}'"):
        client.create_registered_model(name, description=_DESCRIPTION)
    origin = Origin(run_id, versions, sha, cores(), missing_months(lake.rows_by_month(CUSTOMERS)))
    card = model_card(candidate, judgement, origin, settings.gate.min_product_additions)
    version = client.create_model_version(
        name,
        source=logged.model_uri,
        run_id=run_id,
        tags=_version_tags(candidate, judgement) | ({ROWS_READ: rows} if now == versions else {}),
        description=card.description(LONGEST_DESCRIPTION),
        model_id=logged.model_id,
    )
    client.log_text(run_id, card.text(), CARD)
    client.set_tag(run_id, NOTE, card.description(LONGEST_NOTE))
    client.update_run(run_id, name=f"v{version.version} {title}")
    return int(version.version)


def log_judgement(settings: Settings, candidate: Candidate, judgement: Judgement) -> None:
    """Log figures, tables and plots of a judgement to the active run."""
    import mlflow

    evaluation = judgement.evaluation
    fit = candidate.fit_to_judge(evaluation.month) or candidate.scoring
    mlflow.log_metrics(metrics_of(judgement))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        calibration = [asdict(each) for each in judgement.calibration]
        groups = [asdict(each) for each in judgement.chances.groups()] if judgement.chances else []
        _write_json(folder / "evaluation.json", {**plain(evaluation), "calibration": calibration, "chance_groups": groups})
        (folder / "plots").mkdir()
        for name, figure in draw(fit.model, judgement, settings.gate.min_product_additions).items():
            figure.savefig(folder / "plots" / f"{name}.png")
        mlflow.log_artifacts(scratch)


def metrics_of(judgement: Judgement) -> dict[str, float]:
    """Return the figures of a judgement as metrics, the most telling first: that is how the page of a run shows them.

    Slices and products have one each, as a share of the ceiling: pages that compare runs round to three digits.
    """
    evaluation: Evaluation = judgement.evaluation
    figures = plain(evaluation.figures())
    first = ("map7", "share_of_ceiling", "gain_over_baseline", "share_of_oracle", "baseline", "oracle", "ceiling")
    chosen: dict[str, Any] = {name: figures[name] for name in first}
    chosen["calibration_error"] = judgement.calibration_error
    if (chances := evaluation.chances) is not None:
        of_all = chances.calibration
        chosen |= {f"chance_{name}": getattr(of_all, name) for name in ("slope", "slope_low", "slope_high", "error", "level")}
        chosen |= {"chance_top_1_percent": chances.top_1_percent, "chance_top_5_percent": chances.top_5_percent}
        chosen |= {f"chance_slope/{part.name.replace(' ', '_')}": part.calibration.slope for part in chances.slices}
    for part in evaluation.slices:
        if part.ceiling:
            chosen[f"share_of_ceiling/{part.segment.replace(' ', '_')}"] = part.map7 / part.ceiling
    for product in sorted(evaluation.products, key=lambda p: -p.lost):
        if product.additions:
            chosen[f"share_of_ceiling_lost/{product.product}"] = product.lost / evaluation.ceiling
    chosen |= {name: figures[name] for name in ("baseline_share_of_ceiling", "customers", "buyers")}
    return {name: float(value) for name, value in chosen.items() if value is not None}


def _parameters(candidate: Candidate) -> dict[str, Any]:
    recipe = candidate.recipe
    return {
        "recipe": recipe.name,
        "kind": recipe.kind,
        "target": str(candidate.target),
        "fingerprint": recipe.fingerprint,
        **{f"months.{name}": months_told(fit.weights) for name, fit in candidate.fits.items()},
        **{f"settings.{name}": value for name, value in _settings_shown(candidate.scoring.model).items()},
        **{f"{FAMILIES}.{name}": " ".join(family.features) for name, family in candidate.scoring.model.families.items()},
    }


def _settings_shown(model: Recommender) -> dict[str, Any]:
    """Return the settings of a model; what it keeps of families is longer than a parameter may be, and is in its files."""
    return {name: value for name, value in model.settings.model_dump(mode="json").items() if name != "families"}


def _version_tags(candidate: Candidate, judgement: Judgement | None) -> dict[str, str]:
    """Tags of a version. Pages show them in the order in which they came, so the telling ones come first."""
    validations = {str(fit.validation) for fit in candidate.fits.values() if fit.validation is not None}
    figures = {} if judgement is None else plain(judgement.evaluation.figures())
    shown = {name: f"{figures[name]:.4f}" for name in ("map7", "share_of_ceiling") if figures.get(name) is not None}
    return {
        **_UNDECIDED,
        "recipe": candidate.recipe.name,
        "target": str(candidate.target),
        **shown,
        "kind": candidate.recipe.kind,
        **{f"fit_months.{name}": months_told(fit.weights) for name, fit in candidate.fits.items()},
        "validation_months": " ".join(sorted(validations)) or "none",
        "trained_on": candidate.scoring.trained_on,
        "feature_service": FEATURE_SET,
        **({FAMILIES: " ".join(sorted(candidate.families))} if candidate.families else {}),
    }


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2))
