"""The submission file of a scored month."""

import time
from dataclasses import replace

from santander.errors import InputError
from santander.lake.person_steps import carrying_persons
from santander.ledger.step_ledger import Origins, fingerprint_of
from santander.ledger.steps import SCORE, SUBMIT, SubmitResult
from santander.ledger.versions import version_of
from santander.pipeline.step import StepContext, StepOutcome, say_up_to_date
from santander.schema.catalogue import RECOMMENDATIONS
from santander.schema.months import Month
from santander.scoring import submission


class SubmitStep(StepContext):
    """Writes submissions."""

    @carrying_persons
    def submit(self, month: Month, *, anyway: bool) -> StepOutcome[SubmitResult]:
        """Write the submission file of a scored month, unless it was written from the same recommendations.

        Raises InputError when the customers or features changed since the month was scored.
        """
        started = time.monotonic()
        self.lake.require_customers([month])
        scored = self.ledger.last(SCORE, month)
        if scored and scored.fingerprint != Origins(self.lake).of_recommendations(
            month, scored.result.run_id, scored.result.families
        ):
            raise InputError(
                f"recommendations of {month} are out of date", month=month, hint=f"run 'santander score --month {month}' first"
            )
        fingerprint = fingerprint_of(
            version=version_of(SUBMIT.name), recommendations=self.lake.fingerprints(RECOMMENDATIONS).get(month)
        )
        last = self.ledger.last(SUBMIT, month)
        # where it lies is told by the folder as it is named now: what the ledger says may be of before a move
        lies = self.settings.data / submission.FOLDER / submission.name_of(month)
        if not anyway and last and last.fingerprint == fingerprint and lies.is_file():
            say_up_to_date(SUBMIT, [month])
            return StepOutcome(SUBMIT, [], [month], time.monotonic() - started, replace(last.result, file=str(lies)))
        file, customers = submission.write_submission(self.lake, month, self.settings.data / submission.FOLDER)
        result = SubmitResult(month, str(file), customers)
        noted = replace(result, file=f"{submission.FOLDER}/{submission.name_of(month)}")
        self.ledger.record(SUBMIT, [(month, fingerprint, customers)], time.monotonic() - started, noted)
        return StepOutcome(SUBMIT, [month], [], time.monotonic() - started, result)
