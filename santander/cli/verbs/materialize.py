"""Put the features of one month into the online store."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.cli.verb import MonthOption, Outcome, verb
from santander.schema.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from santander.config.settings import Settings
    from santander.schema.months import Month


@dataclass(frozen=True)
class MaterializePayload:
    """The JSON object of ``materialize``."""

    month: "Month"
    customers: int
    store: str
    """The kind of the online store."""
    seconds: float
    families: "Sequence[str]" = ()
    """The user's families of features that are online too: those that the champion reads."""


@verb
def materialize(month: MonthOption = None, *, settings: "Settings") -> Outcome:
    """Serve one month's features online, and no other month's; the latest month with features unless told otherwise."""
    from santander.engine.session import open_session
    from santander.lake.lake import Lake
    from santander.registry.versions import champion_number, families_of
    from santander.schema.months import Month
    from santander.store.access import open_store
    from santander.store.materialization import materialize_month, month_to_serve, refuse_unfit_features

    started = time.monotonic()
    chosen = month_to_serve(Lake(settings), Month.parse(month) if month is not None else None)
    families = sorted(families_of(settings, champion_number(settings)))
    refuse_unfit_features(Lake(settings), chosen, families)
    with open_session(settings) as session:
        lake = Lake(settings, session)
        customers = materialize_month(lake, open_store(settings, lake), chosen, families)
    seconds = round(time.monotonic() - started, 1)
    payload = MaterializePayload(chosen, customers, settings.store.online, seconds, families)
    online = f"{counted(customers, 'customer')} of {chosen} {'is' if customers == 1 else 'are'} online"
    return Outcome(payload, [f"{online} in {settings.store.online}, after {seconds} s"])
