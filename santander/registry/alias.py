"""Who the aliases belong to: versions loaded with all that is asked of one that may score, and decisions carried out."""

import datetime as dt
import logging
from typing import TYPE_CHECKING

from santander.errors import InputError, SantanderError
from santander.lake.lake import Lake
from santander.registry.decisions import PROMOTED, PROMOTED_AT, VERDICT, Promotion, write_done, write_down
from santander.registry.reporting import record_verdict
from santander.registry.soundness import check_features
from santander.registry.standing import sound_champion
from santander.registry.tracking import open_tracking
from santander.registry.undecided import in_one_line
from santander.registry.versions import CHAMPION, RegisteredVersion, load_version

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)


def load_by_number(settings: "Settings", number: int, name: str) -> RegisteredVersion:
    """A version as scoring will load it, of features that this code makes.

    Raises InputError where there is none, else SantanderError that says why it does not load.
    """
    try:
        version = load_version(settings, number)
        check_features(settings, number)
    except InputError:
        raise
    except Exception as error:
        raise SantanderError(f"{name} does not load: {in_one_line(error)}") from error
    return version


def holder_of(settings: "Settings") -> RegisteredVersion:
    """The champion as it scores; raises NoChampion, or SantanderError that says why it does not load and what to do."""
    number = sound_champion(settings)
    return load_by_number(settings, number, f"champion {number}")


def carry_out(settings: "Settings", lake: Lake, decision: Promotion) -> Promotion:
    """Write a decision down as meant, in the table and on the version, then do it, and say in the table that it is done."""
    log.info("version %d, champion %s: %s", decision.version, decision.champion_before, decision.verdict.reason)
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


def tag(settings: "Settings", number: int, tags: dict[str, str]) -> None:
    """Set tags of a version."""
    client, name = open_tracking(settings), settings.mlflow.registered_model
    for tag, text in tags.items():
        client.set_model_version_tag(name, str(number), tag, text)


def set_alias(settings: "Settings", alias: str, number: int) -> None:
    """Move an alias to a version."""
    open_tracking(settings).set_registered_model_alias(settings.mlflow.registered_model, alias, str(number))
