"""The rules of quality, checked on the months of a table."""

import time
from collections.abc import Sequence

from santander.config.family_files import own_family
from santander.lake.person_steps import carrying_persons
from santander.ledger.step_ledger import Origins, fingerprint_of
from santander.ledger.steps import NoResult, validation_of
from santander.ledger.versions import version_of
from santander.pipeline.step import StepContext, StepOutcome, say_up_to_date
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, Table
from santander.schema.months import Month
from santander.schema.own_family import TABLE_PREFIX


class ValidateStep(StepContext):
    """Validates months."""

    @carrying_persons
    def validate(self, table: Table, months: Sequence[Month]) -> StepOutcome[NoResult]:
        """Validate what was not validated as it is now; raises CriticalRuleBroken, and then again until it is mended."""
        from santander.quality import validation
        from santander.quality.own_suites import own_suites

        started = time.monotonic()
        step = validation_of(table.name)
        suite = own_suites().get(table.name)
        family = None if table in (CUSTOMERS, FEATURES_TABLE) else own_family(table.name.removeprefix(TABLE_PREFIX))
        # only where there is one: months that were validated without stay up to date
        of_user: dict[str, object] = {"suite": suite.fingerprint, "suites": version_of("suites")} if suite else {}
        if family is not None:
            of_user["ranges"] = {feature.name: feature.range for feature in family.features}
        origins = Origins(self.lake)
        prints = {
            month: fingerprint_of(
                version=version_of("validate"),
                settings=self.settings.quality.model_dump(),
                rows=_validated_rows(table, origins, month),
                **of_user,
            )
            for month in months
        }
        due = [month for month in months if not self.ledger.is_current(step, month, prints[month])]
        if due:
            report = validation.validate(self.settings, self.lake, due, [table.name])
            broken = {result.month for result in report.critical}
            rows = self.lake.rows_by_month(table)
            if passed := [(m, prints[m], rows.get(m, 0)) for m in due if m not in broken]:
                self.ledger.record(step, passed, time.monotonic() - started, NoResult())
            report.raise_if_critical()
        fresh = [month for month in months if month not in due]
        say_up_to_date(step, fresh)
        return StepOutcome(step, due, fresh, time.monotonic() - started, NoResult())


def _validated_rows(table: Table, origins: Origins, month: Month) -> list[str | None]:
    """Return fingerprints of the rows that the rules of a month read, beside the usual figures of earlier months."""
    if table is CUSTOMERS:
        return [origins.customers.get(m) for m in (month, month - 1)]
    if table is FEATURES_TABLE:
        return [origins.features.get(month), origins.of_features(month)]
    return [origins.lake.fingerprints(table).get(month), origins.customers.get(month)]
