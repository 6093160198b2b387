"""Back to the champion before."""

from typing import TYPE_CHECKING

from santander.errors import InputError, SantanderError
from santander.lake import Lake
from santander.registry.alias import load_by_number, set_alias, tag
from santander.registry.decisions import DECISION, PROMOTED, VERDICT, Action, Promotion, champions_until, write_down
from santander.registry.gate import Verdict
from santander.registry.reporting import record_verdict
from santander.registry.undecided import failing_closed
from santander.registry.versions import CHAMPION, NoChampion, champion_number

if TYPE_CHECKING:
    from santander.settings import Settings


def roll_back(settings: "Settings", lake: Lake, reason: str | None = None) -> Promotion:
    """Give the alias back to the champion before the present one, which must load; once more goes back once more.

    The version rolled back is marked as not promoted, so that no other month is scored by it. Raises InputError when no
    champion before is known, Undecided when the one before does not load; the champion then stays.
    """
    with failing_closed(), lake.lock(DECISION):
        current = champion_number(settings)
        if current is None:
            raise NoChampion(settings.mlflow.registered_model)
        line = champions_until(settings, lake, current)
        if len(line) < 2:
            raise InputError(f"no champion before version {current} is known: there is nothing to go back to")
        before = line[-2]
        try:
            load_by_number(settings, before, f"the champion before, version {before},")
        except SantanderError as error:
            raise SantanderError(
                f"{error}; choose another by 'santander promote --version N --override --reason TEXT'"
            ) from error
        why = f": {reason}" if reason else ""
        decision = Promotion(Action.ROLLBACK, before, Verdict(True, f"rolled back from version {current}{why}"), current)
        write_down(settings, lake, decision)
        tag(settings, before, {PROMOTED: "true"})
        tag(settings, current, {PROMOTED: "false", VERDICT: f"rolled back to version {before}{why}"})
        set_alias(settings, CHAMPION, before)
        record_verdict(settings, current, Verdict(False, f"rolled back to version {before}{why}"))
        return decision
