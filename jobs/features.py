"""Build the feature rows of a range of months."""

from typing import TYPE_CHECKING

from santander.cli import Outcome, main_of, verb
from santander.options import FromOption, MonthOption, ToOption

if TYPE_CHECKING:
    from santander.settings import Settings


@verb
def features(month: MonthOption = None, from_: FromOption = None, to: ToOption = None, *, settings: "Settings") -> Outcome:
    """Build what was known of each customer before each month; all months of customers unless told otherwise."""
    from santander.engine import open_session
    from santander.features.build import build_features
    from santander.lake import Lake
    from santander.options import chosen_months
    from santander.tables import CUSTOMERS

    with open_session(settings.master) as session:
        lake = Lake(settings, session)
        months = chosen_months(month, from_, to, lake.months(CUSTOMERS))
        rows = build_features(lake, months, settings.features.months_per_commit)
    payload = {"months": {str(built): n for built, n in rows.items()}}
    return Outcome(payload, [f"features of {built}: {n:,} rows" for built, n in rows.items()])


if __name__ == "__main__":
    main_of(features)
