"""The features of a user's families, each built from its file and the customers of a few months."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from santander.config.family_files import is_users_own, own_families
from santander.features.own.build import build_family
from santander.features.own.leakage import check_family
from santander.lake.person_steps import carrying_persons
from santander.ledger.own_families import FAMILY_CHECK, FamilyResult, fingerprint_of_family, stale_family, step_of
from santander.ledger.step_ledger import Origins, fingerprint_of
from santander.ledger.versions import version_of
from santander.pipeline.step import StepContext, StepOutcome, say_up_to_date
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month, in_spans
from santander.schema.own_family import OwnFamily

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BuiltFamily:
    """The rows of a family that were built, by month."""

    rows: Mapping[Month, int]


class FamiliesStep(StepContext):
    """Builds families of features that files of conf add."""

    @carrying_persons
    def build_family(self, family: OwnFamily, months: Sequence[Month], *, anyway: bool) -> StepOutcome[BuiltFamily]:
        """Build a family for these months, for those out of date only unless ``anyway``.

        Where the file declares other columns than the table has, all months of the table are built, and it holds no others.
        """
        started = time.monotonic()
        origins, step = Origins(self.lake), step_of(family.name)
        there = self.lake.months(family.table)
        wanted = sorted(months)
        if there and self.lake.stored_columns(family.table) != family.table.columns:
            wanted = sorted({*months, *there}.intersection(self.lake.months(CUSTOMERS)))
            log.info("%s: other columns are declared than the table has: making %s anew", step, in_spans(wanted))
        prints = {month: fingerprint_of_family(origins, family, month) for month in wanted}
        behind = stale_family(origins, self.ledger, family, wanted)
        due = [month for month in wanted if anyway or month not in there or month in behind]
        rows: dict[Month, int] = {}
        if due:
            checked = self._check(family)
            rows = build_family(self.lake, family, due, self.settings.features.months_per_commit)
            self.ledger.record(step, [(m, prints[m], rows[m]) for m in due], time.monotonic() - started, checked)
        fresh = [month for month in wanted if month not in due]
        say_up_to_date(step, fresh)
        return StepOutcome(step, due, fresh, time.monotonic() - started, BuiltFamily(rows))

    def _check(self, family: OwnFamily) -> FamilyResult:
        """Refuse a family that sees what it must not; one that was checked in this data folder as it is now is not run for it."""
        result = FamilyResult(fingerprint_of(family=family.fingerprint, version=version_of(FAMILY_CHECK)))
        if all(run.result.checked != result.checked for run in self.ledger.runs_of(step_of(family.name))):
            check_family(self.lake, family, self.settings.features.checked_customers)
        return result

    def families_of_run(self, named: Collection[str]) -> list[OwnFamily]:
        """Return the families that a run builds: the user's own, those ``named`` by its models, those whose table is there."""
        return [
            family for family in own_families() if is_users_own(family) or family.name in named or self.lake.exists(family.table)
        ]
