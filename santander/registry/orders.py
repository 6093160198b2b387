"""What a person orders: a version made champion against the gate, or the champion before taken back."""

import datetime as dt
import logging

from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.lake.lake import Lake
from santander.registry.champion import sound_champion, standing
from santander.registry.contest import check_features
from santander.registry.decisions import (
    DECISION,
    PROMOTED,
    PROMOTED_AT,
    VERDICT,
    Action,
    Promotion,
    champion_before,
    failing_closed,
    in_one_line,
    write_done,
    write_down,
)
from santander.registry.gate import Verdict
from santander.registry.tracking import open_tracking
from santander.registry.verdict import record_verdict
from santander.registry.versions import (
    ANOTHER_CHAMPION,
    CHAMPION,
    VERSIONS_THERE,
    NoChampion,
    RegisteredVersion,
    load_version,
    registered,
)


def check_order(
    version: int | None, alias: str | None, month: str | None, *, override: bool, rollback: bool, reason: str | None
) -> str | None:
    """Return the reason without blanks around it; raises InputError for options that do not go together."""
    if override and rollback:
        raise InputError("give --override or --rollback, not both", hint="leave one out")
    if rollback and (version, alias, month) != (None, None, None):
        raise InputError("--rollback goes back to the champion before", hint="leave out --version, --alias and --month")
    text = (reason or "").strip() or None
    if override and text is None:
        raise InputError("--override needs a reason", hint="give --reason TEXT")
    if reason is not None and not (override or rollback):
        raise InputError("--reason belongs to --override or --rollback: what the gate decides has its own", hint="leave it out")
    return text


log = logging.getLogger(__name__)


def load_by_number(settings: Settings, number: int, name: str) -> RegisteredVersion:
    """Load a version as scoring will; raises InputError where there is none, SantanderError that says why it does not load."""
    try:
        version = load_version(settings, number)
        check_features(settings, number)
    except InputError:
        raise
    except Exception as error:
        raise SantanderError(f"{name} does not load: {in_one_line(error)}", hint=VERSIONS_THERE) from error
    return version


def holder_of(settings: Settings) -> RegisteredVersion:
    """The champion as it scores; raises NoChampion, or SantanderError that says why it does not load and what to do."""
    number = sound_champion(settings)
    return load_by_number(settings, number, f"champion {number}")


def carry_out(settings: Settings, lake: Lake, decision: Promotion) -> Promotion:
    """Write a decision down as meant, in the table and on the version, then do it, and say in the table that it is done."""
    log.info("%s decides on version %d: %s", decision.action, decision.version, decision.verdict.reason)
    moment = write_down(settings, lake, decision)
    tags = {PROMOTED: str(decision.verdict.promoted).lower(), VERDICT: decision.verdict.reason}
    if decision.verdict.promoted:
        tags[PROMOTED_AT] = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
    tag(settings, decision.version, tags)
    if decision.verdict.promoted:
        set_alias(settings, CHAMPION, decision.version)
        write_done(lake, moment)
    record_verdict(settings, decision.version, decision.verdict, decision.champion_before)
    return decision


def tag(settings: Settings, number: int, tags: dict[str, str]) -> None:
    """Set tags of a version."""
    client, name = open_tracking(settings), settings.mlflow.registered_model
    for tag, text in tags.items():
        client.set_model_version_tag(name, str(number), tag, text)


def set_alias(settings: Settings, alias: str, number: int) -> None:
    """Move an alias to a version."""
    open_tracking(settings).set_registered_model_alias(settings.mlflow.registered_model, alias, str(number))


def roll_back(settings: Settings, lake: Lake, reason: str | None = None) -> Promotion:
    """Give the alias back to the champion before the present one, which must load; once more goes back once more.

    The present one may be gone or have lost the alias. It is marked as not promoted, so that no other month is scored by it.
    Raises InputError when no champion before is known, Undecided when that does not load.
    """
    with failing_closed(), lake.lock(DECISION):
        found = standing(settings)
        current = found.champion
        if current is None and found.problem is None:
            raise NoChampion(settings.mlflow.registered_model)
        before = champion_before(settings, lake, current)
        if before is None and current is None:
            raise InputError(f"no champion before is known to go back to: {found.message}", hint=ANOTHER_CHAMPION)
        if before is None:
            raise InputError(
                f"no champion before version {current} is known: there is nothing to go back to", hint=ANOTHER_CHAMPION
            )
        try:
            load_by_number(settings, before, f"the champion before, version {before},")
        except SantanderError as error:
            raise SantanderError(f"{error}", hint=ANOTHER_CHAMPION) from error
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
