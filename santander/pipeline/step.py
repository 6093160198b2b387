"""What the steps of the monthly run share: settings, lake, ledger and store, and how an outcome is told."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from santander.config.settings import Settings
from santander.engine.session import SessionOnDemand
from santander.lake.lake import Lake
from santander.ledger.own_families import refuse_unfit_families
from santander.ledger.step_ledger import StepLedger, refuse_stale_features
from santander.ledger.steps import Step
from santander.schema.months import Month, in_spans

if TYPE_CHECKING:
    from feast import FeatureStore
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True)
class StepOutcome(Generic[R_co]):
    """What a step did: the months it worked on, the months it found up to date, seconds, and its result."""

    step: Step[Any]
    done: Sequence[Month]
    up_to_date: Sequence[Month]
    seconds: float
    result: R_co


class StepContext:
    """One lake, its ledger and one session, over which steps are done."""

    def __init__(self, settings: Settings, session: "SparkSession | SessionOnDemand", *, force: bool = False) -> None:
        """Steps with these settings; with ``force`` the data folder of a synthetic bank takes files that are not of it."""
        self.settings = settings
        self.lake = Lake(settings, session)
        self.ledger = StepLedger(self.lake)
        self.force = force

    @cached_property
    def store(self) -> "FeatureStore":
        """The feature store, opened when a step first retrieves something: importing Feast takes seconds."""
        from santander.store.access import open_store

        return open_store(self.settings, self.lake)

    def refuse_stale_features(self, months: Sequence[Month], families: Collection[str] = ()) -> None:
        """Raise InputError for months whose features, or those of these families, are not of the customers there are now."""
        refuse_stale_features(self.lake, months)
        refuse_unfit_families(self.lake, families, months)


def say_up_to_date(step: Step[Any], months: Sequence[Month]) -> None:
    """Log the months that a step found up to date, if there are any."""
    if months:
        log.info("%s: up to date: %s", step, in_spans(months))
