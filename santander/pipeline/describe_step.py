"""What the months of a table look like, in the table ``month_profiles``."""

import time
from collections.abc import Sequence

from santander.describe.columns import COLUMNS
from santander.describe.describe import describe_months
from santander.lake.person_steps import carrying_persons
from santander.ledger.step_ledger import fingerprint_of
from santander.ledger.steps import NoResult, description_of
from santander.ledger.versions import version_of
from santander.pipeline.step import StepContext, StepOutcome, say_up_to_date
from santander.schema.catalogue import CUSTOMERS, MONTH_PROFILES, Table
from santander.schema.months import Month


class DescribeStep(StepContext):
    """Describes months."""

    @carrying_persons
    def describe(self, table: Table, months: Sequence[Month], *, anyway: bool) -> StepOutcome[NoResult]:
        """Describe these months of a table, those that are not described as they are now unless ``anyway``."""
        started, step = time.monotonic(), description_of(table.name)
        there, customers = self.lake.fingerprints(table), self.lake.fingerprints(CUSTOMERS)
        months = [month for month in months if month in there]
        prints = {
            month: fingerprint_of(
                version=version_of("describe"),
                columns=COLUMNS[table],
                rows=[there[month], there.get(month - 1)],
                customers=customers.get(month),
            )
            for month in months
        }
        described = set(self.lake.months(MONTH_PROFILES))
        due = [
            month
            for month in months
            if anyway or month not in described or not self.ledger.is_current(step, month, prints[month])
        ]
        if due:
            rows = describe_months(self.lake, table, due, self.settings.features.tasks or self.lake.cores())
            done = [(month, prints[month], rows[month]) for month in due]
            self.ledger.record(step, done, time.monotonic() - started, NoResult())
        fresh = [month for month in months if month not in due]
        say_up_to_date(step, fresh)
        return StepOutcome(step, due, fresh, time.monotonic() - started, NoResult())
