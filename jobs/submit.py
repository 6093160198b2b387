"""Write the competition's submission file of a month."""

from typing import TYPE_CHECKING

from santander.cli import Outcome, main_of, verb
from santander.options import MonthOption

if TYPE_CHECKING:
    from santander.settings import Settings


@verb
def submit(month: MonthOption = None, *, settings: "Settings") -> Outcome:
    """Write the submission file of a scored month: every customer once, products by their Spanish names."""
    from santander.engine import open_session
    from santander.options import chosen_months
    from santander.steps import Steps
    from santander.tables import RECOMMENDATIONS

    with open_session(settings.master) as session:
        steps = Steps(settings, session)
        chosen = chosen_months(month, None, None, steps.lake.months(RECOMMENDATIONS)[-1:])
        result = steps.submit(chosen[0], anyway=True).result
    return Outcome(dict(result), [f"{result['file']}: {result['customers']:,} customers of {result['month']}"])


if __name__ == "__main__":
    main_of(submit)
