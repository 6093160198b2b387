"""The version that scores: the champion, where it can, or the one that was champion in time for a month."""

from typing import TYPE_CHECKING

from santander.registry.standing import sound_champion
from santander.registry.versions import (
    CHAMPION,
    RegisteredVersion,
    VersionId,
    load_to_score,
    load_version,
    number_named,
    registered,
)

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.schema.months import Month


def champion(settings: "Settings") -> RegisteredVersion:
    """Load the champion; raises NoChampion when there is none, SantanderError for one that is gone or does not load."""
    number = sound_champion(settings)
    return load_to_score(settings, number, f"champion {number}")


def version_for(settings: "Settings", month: "Month") -> VersionId:
    """The version that scores a month: the champion, unless it was trained for a later month.

    Then it has seen what was added in the month, and the one that was promoted last for this month or an earlier one
    scores; where there is none, the champion, whose judged fit may still be blind to the month. Raises NoChampion, and
    SantanderError where the alias champion names a version that cannot score: no other version scores in its place.
    """
    number = sound_champion(settings)
    found = registered(settings)
    in_time = {n: v for n, v in found.items() if v.target is not None and v.target <= month}
    # by when they were promoted: a version may be promoted long after a later one; those from before the tag have their number
    promoted = {n: (v.tags.get("promoted_at", ""), n) for n, v in in_time.items() if v.tags.get("promoted") == "true"}
    chosen = number if number in in_time or not promoted else max(promoted, key=lambda n: promoted[n])
    return VersionId(chosen, str(found[chosen].run_id))


def version_named(settings: "Settings", version: int | None, alias: str | None) -> RegisteredVersion:
    """Load a version by number or by alias, by default the champion; raises InputError for one that is not there."""
    if version is None and alias in (None, CHAMPION):
        return champion(settings)
    return load_version(settings, number_named(settings, version, alias))
