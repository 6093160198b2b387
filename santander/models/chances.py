"""Chances that hold across customers: the probability that a customer adds a product in a month, beside the model that ranks.

A model's scores say which product comes first for one customer. The chance is what the customer's rate expects of a product,
half of it shared out by the scores, calibrated by product and segment on the last month of the fit, and brought to the level
forecast of the month to come. It is saved beside its model and changes no list.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.errors import SantanderError
from santander.features.expansion import Features, bits_of, integers
from santander.models.blend import Blend
from santander.models.booster import read_booster
from santander.models.chance_calibration import ChanceCalibration, segments_of
from santander.models.fingerprint import fingerprint_of
from santander.models.level import Forecast, Level
from santander.models.log_linear import LogLinear
from santander.models.on_columns import ColumnRecommender
from santander.models.progress import Progress, no_progress
from santander.models.ranking import Scores
from santander.models.rate import Rate, RateSettings
from santander.models.reasons import Reasoner, ReasonMeans
from santander.models.recommender import Recommender, in_chunks_with
from santander.models.shares import shares_of
from santander.models.training_set import Everyone
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES

_FACTS, _TREES, _MEMBERS = "chances.json", "rate.ubj", "members"
_FOR_MEANS = 500
"""Customers whose mean reasons are held against: a mean is known to a twentieth of what sets customers apart. No setting."""
_LEAST = 1e-12
"""No chance is smaller before it is calibrated: its logarithm must be a number."""


class Chances(ABC):
    """What turns the scores of one model into chances."""

    @abstractmethod
    def of(self, model: Recommender, features: Features, scores: Scores) -> Scores:
        """Return the chance of each product (rows x 24), NaN where it is owned; ``scores`` are the model's of the same rows."""

    @abstractmethod
    def at(self, month: Month) -> "Chances":
        """Return the chances of a month, at the level that is forecast of it; at first they are of the month after the fit."""

    @abstractmethod
    def forecast(self, month: Month) -> Forecast | None:
        """The rates that are expected of a month, and their bounds; None where no month before it is known."""

    @property
    @abstractmethod
    def feature_names(self) -> tuple[str, ...]:
        """The features that it reads beside those of the model."""

    @abstractmethod
    def reasoner(self, model: Recommender) -> Reasoner | None:
        """Return what gives the reasons of the model; None of a kind without any, and of versions from before they were kept."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write it to a folder, which is made."""

    @property
    def fingerprint(self) -> str:
        """A hash of what ``save`` writes: two with the same one give the same chances by the same model."""
        return fingerprint_of(self.save)


def load_chances(folder: Path, model: Recommender) -> Chances | None:
    """Read what a model's chances wrote to a folder; None for what is not there, and for the first form, which had no factors."""
    facts = [json.loads(file.read_text()) for file in folder.rglob(_FACTS)]
    if not facts or any("factors" not in each for each in facts):
        return None
    return _read(folder, model)


def _read(folder: Path, model: Recommender) -> Chances:
    return BlendedChances.load(folder, model) if (folder / _MEMBERS).is_dir() else FittedChances.load(folder, model)


@dataclass(frozen=True)
class FittedChances(Chances):
    """Rate and share, calibrated, times ``scale`` (24): the level of the month to come over that of the calibration."""

    rate: Rate
    calibration: ChanceCalibration
    level: Level
    typical: npt.NDArray[np.float64]
    """For each product (24) the mean calibrated chance of the last month's customers, were it the month after the fit."""
    scale: npt.NDArray[np.float64]
    reasons: ReasonMeans | None = None
    """What reasons are held against; None of a model that has none, and in versions from before reasons were kept."""

    @classmethod
    def fit(
        cls,
        settings: RateSettings,
        model: Recommender,
        everyone: Everyone,
        level: Level,
        moved: pa.Table,
        predicts: Month,
        threads: int,
        progress: Progress = no_progress,
    ) -> Self:
        """Fit the rate on everybody, and calibrate on the last month of the fit.

        ``moved`` are the rows of that month with the calendar of the month ``predicts``.
        """
        columns = model.plan if isinstance(model, ColumnRecommender) else None
        rate = Rate.fit(settings, columns, everyone, threads, progress)
        rows = everyone.of_month(max(everyone.weights))
        weight = rows["stands_for"].to_numpy()
        raw = _raw(rate, model, rows, model.score(rows))
        calibration = ChanceCalibration.fit(raw, rows["added"].to_numpy(), segments_of(rows), weight)
        then = _raw(rate, model, moved, model.score(moved)) * np.exp(calibration.of_rows(moved))
        typical = np.nansum(then * weight[:, None], axis=0) / weight.sum()
        reasons = Reasoner.of(model, rate, _drawn(moved, weight))
        means = None if reasons is None else reasons.means
        return cls(rate, calibration, level, typical, np.ones(len(PRODUCT_NAMES)), means).at(predicts)

    def at(self, month: Month) -> Self:
        """Return the chances at the level of the month; those of a product that is never expected stay as they are."""
        forecast = self.forecast(month)
        if forecast is None:
            return self
        scale = np.divide(forecast.expected, self.typical, out=np.ones_like(self.typical), where=self.typical > 0)
        return replace(self, scale=scale)

    def forecast(self, month: Month) -> Forecast | None:
        """The forecast of the months known when it was fitted."""
        return self.level.forecast(month) if any(each < month for each in self.level.months) else None

    def of(self, model: Recommender, features: Features, scores: Scores) -> Scores:
        """Return the chances, some rows at a time."""
        return in_chunks_with(features, lambda rows, part: self._of(model, rows, scores[part]))

    def _of(self, model: Recommender, features: Features, scores: Scores) -> Scores:
        calibrated = _raw(self.rate, model, features, scores) * np.exp(self.calibration.of_rows(features))
        return np.minimum(calibrated * self.scale, 1.0).astype(np.float32)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features of the rate, and the segment."""
        return tuple(dict.fromkeys((*self.rate.feature_names, "segment", "owned")))

    def reasoner(self, model: Recommender) -> Reasoner | None:
        """Return what gives the reasons, by margins and rate."""
        return None if self.reasons is None else Reasoner(model, self.rate, self.reasons)

    def save(self, folder: Path) -> None:
        """Write the trees of the rate as UBJSON, and the rest beside them."""
        folder.mkdir(parents=True, exist_ok=True)
        facts = {
            "factors": self.rate.factors.written(),
            "calibration": self.calibration.written(),
            "level": self.level.to_json(),
            "typical": dict(zip(PRODUCT_NAMES, self.typical.tolist(), strict=True)),
            "scale": dict(zip(PRODUCT_NAMES, self.scale.tolist(), strict=True)),
            "reasons": None if self.reasons is None else self.reasons.written(),
        }
        (folder / _FACTS).write_text(json.dumps(facts, indent=1))
        if self.rate.booster is not None:
            self.rate.booster.save_model(folder / _TREES)

    @classmethod
    def load(cls, folder: Path, model: Recommender) -> Self:
        """Read what ``save`` wrote; raises ChangedProducts."""
        facts = json.loads((folder / _FACTS).read_text())
        booster = read_booster(folder / _TREES) if (folder / _TREES).is_file() else None
        columns = model.plan if booster is not None and isinstance(model, ColumnRecommender) else None
        return cls(
            Rate(LogLinear.read(facts["factors"]), columns, booster),
            ChanceCalibration.read(facts["calibration"]),
            Level.of_json(facts["level"]),
            np.array([facts["typical"][name] for name in PRODUCT_NAMES]),
            np.array([facts["scale"][name] for name in PRODUCT_NAMES]),
            None if (reasons := facts.get("reasons")) is None else ReasonMeans.read(reasons),
        )


@dataclass(frozen=True)
class BlendedChances(Chances):
    """The weighted mean of the chances of a blend's members."""

    members: Sequence[Chances]

    def of(self, model: Recommender, features: Features, scores: Scores) -> Scores:  # noqa: ARG002  (members score for themselves)
        """Return the chances; every member scores the rows anew."""
        blend = _as_blend(model)
        weights = [member.weight for member in blend.settings.members]
        each = [
            chances.of(member, features, member.score(features))
            for chances, member in zip(self.members, blend.members, strict=True)
        ]
        return np.average(each, axis=0, weights=weights).astype(np.float32)

    def at(self, month: Month) -> Self:
        """Return the chances of each member at the level of the month."""
        return replace(self, members=[member.at(month) for member in self.members])

    def forecast(self, month: Month) -> Forecast | None:
        """The forecast of the first member: all were made of the same additions."""
        return self.members[0].forecast(month)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features of all members."""
        return tuple(dict.fromkeys(name for member in self.members for name in member.feature_names))

    def reasoner(self, model: Recommender) -> Reasoner | None:
        """Return what gives the reasons of the members that have any, by their weights."""
        blend = _as_blend(model)
        each = [chances.reasoner(member) for chances, member in zip(self.members, blend.members, strict=True)]
        weights = [member.weight for member in blend.settings.members]
        return Reasoner.blended(model, [(told, weight) for told, weight in zip(each, weights, strict=True) if told is not None])

    def save(self, folder: Path) -> None:
        """Write every member."""
        for position, member in enumerate(self.members):
            member.save(folder / _MEMBERS / str(position))

    @classmethod
    def load(cls, folder: Path, model: Recommender) -> Self:
        """Read what ``save`` wrote."""
        members = _as_blend(model).members
        return cls([_read(folder / _MEMBERS / str(position), member) for position, member in enumerate(members)])


def _drawn(rows: pa.Table, weight: npt.NDArray[np.floating]) -> pa.Table:
    """Return some of the rows, each as often as it stands for customers, evenly taken."""
    reach = np.cumsum(weight)
    return rows.take(np.unique(np.searchsorted(reach, (np.arange(_FOR_MEANS) + 0.5) * (reach[-1] / _FOR_MEANS))))


def _as_blend(model: Recommender) -> Blend:
    if not isinstance(model, Blend):
        raise SantanderError(f"chances of a blend were saved beside a model of the kind '{model.kind}'", hint="train it again")
    return model


def _raw(rate: Rate, model: Recommender, features: Features, scores: Scores) -> npt.NDArray[np.float64]:
    """Return chances before they are calibrated (rows x 24), NaN for products owned.

    Half of each is what the rate expects of the product, half what it expects of all by the product's share of the scores: either
    errs by itself, and their mean errs less.
    """
    open_ = bits_of(integers(features, "owned", unknown=0)) == 0
    expected = np.where(open_, np.exp(rate.logs(features), dtype=np.float64), 0.0)
    by_share = expected.sum(axis=1, keepdims=True) * shares_of(scores, open_, model.prior)
    return np.where(open_, np.maximum((expected + by_share) / 2, _LEAST), np.nan)
