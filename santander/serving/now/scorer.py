"""Records to lists by the model, now: the rules of ingest, the functions that build features, the model that scored the month."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from santander.features.expansion import ReadOnce
from santander.features.incomes import MonthIncomes
from santander.features.rows import other_features
from santander.models.chances import load_chances
from santander.models.kinds import load_recommender
from santander.models.list_check import checked_lists
from santander.models.ranking import NO_PRODUCT
from santander.models.recommender import in_declared_order
from santander.schema.features import FEATURES, Family
from santander.serving.now.cleaning import HISTORY, Cleaned, Cleaner
from santander.serving.now.histories import Histories
from santander.serving.now.known import KnownCustomers
from santander.serving.now.profiles import Profiles
from santander.serving.now.refused import Refused
from santander.serving.now.used import UsedFeatures

if TYPE_CHECKING:
    from santander.serving.snapshot.reading import Snapshot

MOST_RECORDS = 1_000
"""Records of one call."""

_NO_PRODUCTS, _NO_NUMBERS = np.empty(0, np.int8), np.empty(0, np.float32)
_OF_HISTORY = frozenset(feature.name for feature in FEATURES if feature.family is Family.HISTORY)


class Result(NamedTuple):
    """What is said of one record."""

    position: int
    """Its place among the records."""
    customer_id: int | None
    """None where the record names nobody, or has no list."""
    products: npt.NDArray[np.int8]
    """Bits of the products of the list, the likeliest first; empty where the record was refused, or all is owned."""
    scores: npt.NDArray[np.float32]
    """NaN for a product that the model has no opinion of."""
    chances: npt.NDArray[np.float32]
    """NaN where the version has no chances."""
    refused: Sequence[Refused]
    """Values that were not used, each with the rule it breaks."""
    missing_features: Sequence[str]
    """Features that the model reads and that neither the record nor the snapshot tells."""
    features: str | None
    """Every feature that the model and its chances read, as a JSON object; None where not asked for, and without a list."""
    scored: bool
    """Whether the record has a list, which is empty for who owns everything."""


def nobody(_: int) -> bool:
    """Withhold nobody."""
    return False


class Scorer:
    """Scores records of the month of a snapshot. It may be asked from several threads."""

    def __init__(self, snapshot: "Snapshot", null_spellings: Sequence[str] = ()) -> None:
        """``null_spellings`` are those of ingest (the setting ``ingest.null_spellings``)."""
        folder = snapshot.model_folder
        self.month = snapshot.month
        self._model = load_recommender(folder / "model")
        chances = load_chances(folder / "chances", self._model)
        self._chances = None if chances is None else chances.at(self.month)
        self._cleaner = Cleaner(self.month, tuple(null_spellings))
        self._histories = Histories(self.month)
        self._profiles = Profiles(MonthIncomes(snapshot.incomes))
        self._known = KnownCustomers(snapshot, self._model.families)
        reads = {*self._model.feature_names, *(() if self._chances is None else self._chances.feature_names)}
        in_order = in_declared_order(reads)
        self._used = UsedFeatures(in_order)
        self._unknown_of_nobody = [name for name in self._known.of_customers if name in reads]
        self._unknown_without_history = [name for name in in_order if name in _OF_HISTORY or name in self._unknown_of_nobody]

    def warm_up(self) -> None:
        """Score a record of nobody, so that the first caller does not wait for what libraries do at first."""
        for n in (1, 16):
            self.score([{"age": 30 + i, "household_income": 10_000.5 + i, HISTORY: {}} for i in range(n)], with_features=True)

    def score(
        self, records: Sequence[object], *, with_features: bool = False, withheld: Callable[[int], bool] = nobody
    ) -> list[Result]:
        """Return a result for each record, in order; what a caller does wrong is in it and raises nothing.

        ``withheld`` tells of an id whether the customer was erased or objects: of these nothing is said.
        """
        cleaned = self._cleaner.clean(records, withheld)
        results = [_without_list(place, told) for place, told in enumerate(cleaned.refused)]
        if not cleaned.places:
            return results
        features, missing = self._features(cleaned)
        scores, ranks = checked_lists(self._model, features)
        chances = None if self._chances is None else self._chances.of(self._model, features, scores)
        listed = np.maximum(ranks, 0).astype(np.intp)
        of_list = np.take_along_axis(scores, listed, axis=1)
        likely = np.full_like(of_list, np.nan) if chances is None else np.take_along_axis(chances, listed, axis=1)
        lengths = (ranks != NO_PRODUCT).sum(axis=1).tolist()
        used: Sequence[str | None] = self._used.of(features.columns) if with_features else [None] * len(lengths)
        for row, (place, n) in enumerate(zip(cleaned.places, lengths, strict=True)):
            who, lists = cleaned.ids[row] or None, (ranks[row, :n], of_list[row, :n], likely[row, :n])
            results[place] = Result(place, who, *lists, cleaned.refused[place], missing[row], used[row], scored=True)
        return results

    def _features(self, cleaned: Cleaned) -> tuple[ReadOnce, list[Sequence[str]]]:
        """Return the features of the rows, and for each row the names of those that nothing tells."""
        told = [cleaned.refused[place] for place in cleaned.places]
        lags = self._histories.lags(cleaned.records, told)
        known = self._known.rows(cleaned.ids)
        silent = np.array([record.get(HISTORY) is None for record in cleaned.records])
        if (silent & (known >= 0)).any():
            of_snapshot = self._known.lags(known)
            lags = [np.where(silent, theirs, given) for theirs, given in zip(of_snapshot, lags, strict=True)]
        made = {
            **self._profiles.columns(cleaned.values),
            **other_features(self.month, lags, self._known.last(known)),
            **self._known.families(known, cleaned.values),
        }
        missing: list[Sequence[str]] = [
            () if at >= 0 else self._unknown_without_history if no_history else self._unknown_of_nobody
            for at, no_history in zip(known.tolist(), silent.tolist(), strict=True)
        ]
        return ReadOnce(made, len(cleaned.places)), missing


def _without_list(position: int, told: Sequence[Refused]) -> Result:
    return Result(position, None, _NO_PRODUCTS, _NO_NUMBERS, _NO_NUMBERS, told, (), None, scored=False)
