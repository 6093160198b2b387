"""Back to the champion before."""

from typing import TYPE_CHECKING

from santander.errors import InputError, SantanderError
from santander.lake.lake import Lake
from santander.registry.alias import load_by_number, set_alias, tag
from santander.registry.decisions import (
    DECISION,
    PROMOTED,
    VERDICT,
    Action,
    Promotion,
    champion_before,
    write_done,
    write_down,
)
from santander.registry.gate import Verdict
from santander.registry.reporting import record_verdict
from santander.registry.standing import standing
from santander.registry.undecided import failing_closed
from santander.registry.versions import CHAMPION, NoChampion, registered

if TYPE_CHECKING:
    from santander.config.settings import Settings


def roll_back(settings: "Settings", lake: Lake, reason: str | None = None) -> Promotion:
    """Give the alias back to the champion before the present one, which must load; once more goes back once more.

    The present one may be gone, or have lost the alias: then this is the way back to one that scores. The version rolled
    back is marked as not promoted, so that no other month is scored by it. Raises InputError when no champion before is
    known, Undecided when the one before does not load; the champion then stays.
    """
    with failing_closed(), lake.lock(DECISION):
        found = standing(settings)
        current = found.champion
        if current is None and found.problem is None:
            raise NoChampion(settings.mlflow.registered_model)
        before = champion_before(settings, lake, current)
        if before is None and current is None:
            raise InputError(f"no champion before is known to go back to: {found.told}")
        if before is None:
            raise InputError(f"no champion before version {current} is known: there is nothing to go back to")
        try:
            load_by_number(settings, before, f"the champion before, version {before},")
        except SantanderError as error:
            raise SantanderError(
                f"{error}; choose another by 'santander promote --version N --override --reason TEXT'"
            ) from error
        why = f": {reason}" if reason else ""
        left = f"version {current}" if current is not None else "a version that has lost the alias"
        decision = Promotion(Action.ROLLBACK, before, Verdict(True, f"rolled back from {left}{why}"), current)
        moment = write_down(settings, lake, decision)
        tag(settings, before, {PROMOTED: "true"})
        leaving = current if current in registered(settings) else None
        if leaving is not None:
            tag(settings, leaving, {PROMOTED: "false", VERDICT: f"rolled back to version {before}{why}"})
        set_alias(settings, CHAMPION, before)
        write_done(lake, moment)
        if leaving is not None:
            record_verdict(settings, leaving, Verdict(False, f"rolled back to version {before}{why}"))
        return decision
