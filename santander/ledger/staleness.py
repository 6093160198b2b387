"""What features and recommendations were made from, and which of them were made from something else than there is now.

No data are read and no engine is started: partitions are told apart by their files (docs/adr/0002).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from santander.errors import InputError
from santander.lake.lake import Lake
from santander.ledger.step_ledger import StepLedger, fingerprint_of
from santander.ledger.steps import ADDED, BUILD, SCORE
from santander.ledger.versions import version_of
from santander.schema.catalogue import ADDITIONS, CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS
from santander.schema.features import FEATURES, months_read_for
from santander.schema.months import Month


@dataclass
class Origins:
    """The state of the input tables at one moment; made anew after each write."""

    lake: Lake

    @cached_property
    def customers(self) -> Mapping[Month, str]:
        """A text for each month of ``customers`` that changes with its rows."""
        return self.lake.fingerprints(CUSTOMERS)

    @cached_property
    def features(self) -> Mapping[Month, str]:
        """A text for each month of ``features`` that changes with its rows."""
        return self.lake.fingerprints(FEATURES_TABLE)

    @cached_property
    def additions(self) -> Mapping[Month, str]:
        """A text for each month of ``additions`` that changes with its rows; a month in which nothing was added has none."""
        return self.lake.fingerprints(ADDITIONS)

    def of_additions(self, month: Month) -> str:
        """Return the fingerprint of a month's additions: its customers and those of the month before."""
        both = {str(m): self.customers[m] for m in (month - 1, month) if m in self.customers}
        return fingerprint_of(version=version_of(ADDED.name), customers=both)

    def of_features(self, month: Month) -> str:
        """Return the fingerprint of a month's features: its customers, those of the months before, and the declaration."""
        return fingerprint_of(
            version=version_of(BUILD.name),
            declared=[(feature.name, feature.type) for feature in FEATURES],
            customers={str(m): self.customers[m] for m in months_read_for(month) if m in self.customers},
        )

    def of_recommendations(self, month: Month, run_id: str | None) -> str:
        """Return the fingerprint of a month's recommendations, scored by the model of an MLflow run."""
        return fingerprint_of(
            version=version_of(SCORE.name),
            run_id=run_id,
            features=self.features.get(month),
            customers=self.customers.get(month),
        )


def stale_features(origins: Origins, ledger: StepLedger, months: Iterable[Month]) -> list[Month]:
    """Of these months those whose features are there and were built from other customers than there are now."""
    return [m for m in months if m in origins.features and not ledger.is_current(BUILD, m, origins.of_features(m))]


def due_additions(origins: Origins, ledger: StepLedger, months: Iterable[Month]) -> list[Month]:
    """Of these months those whose additions are not there as the customers there are now make them."""

    def is_there(month: Month) -> bool:
        last = ledger.last(ADDED, month)
        return (
            last is not None and (not last.rows or month in origins.additions) and last.fingerprint == origins.of_additions(month)
        )

    return [month for month in months if not is_there(month)]


def refuse_stale_features(lake: Lake, months: Iterable[Month]) -> None:
    """Raise InputError when the features of a month were built from other customers, or other declarations, than there are now.

    Raises OutdatedTable before, where the table lacks a feature: it takes the column first, and is then built anew.
    """
    if lake.exists(FEATURES_TABLE):
        lake.delta(FEATURES_TABLE)
    if stale := stale_features(Origins(lake), StepLedger(lake), sorted(set(months))):
        span = f"--month {stale[0]}" if len(stale) == 1 else f"--from {stale[0]} --to {stale[-1]}"
        raise InputError(
            f"features of {', '.join(map(str, stale))} are out of date",
            month=stale[0],
            hint=f"run 'santander features {span}' first",
        )


def stale_recommendations(origins: Origins, ledger: StepLedger, scored: Collection[Month]) -> list[Month]:
    """Of the scored months those whose recommendations were made from other rows, or whose features are stale.

    Which model is champion does not matter here: a promotion leaves the lists of earlier months as they were made.
    """
    behind = set(stale_features(origins, ledger, scored))
    for month in scored:
        last = ledger.last(SCORE, month)
        if last is None or last.fingerprint != origins.of_recommendations(month, last.result.run_id):
            behind.add(month)
    return sorted(behind)


def stale_months(lake: Lake, ledger: StepLedger) -> dict[str, list[Month]]:
    """Months that are out of date, by table: ``features``, ``additions`` and ``recommendations``."""
    origins = Origins(lake)
    return {
        FEATURES_TABLE.name: stale_features(origins, ledger, sorted(origins.features)),
        ADDITIONS.name: due_additions(origins, ledger, sorted(origins.additions)),
        RECOMMENDATIONS.name: stale_recommendations(origins, ledger, lake.months(RECOMMENDATIONS)),
    }
