"""Write the competition's submission file of a month."""

from typing import TYPE_CHECKING

from santander.cli import Outcome, main_of, verb
from santander.options import FromOption, MonthOption, ToOption

if TYPE_CHECKING:
    from santander.settings import Settings


@verb
def submit(month: MonthOption = None, from_: FromOption = None, to: ToOption = None, *, settings: "Settings") -> Outcome:
    """Write the submission file of a scored month, by default the last: every customer once, products by their Spanish names."""
    from santander.engine import open_session
    from santander.options import chosen_months
    from santander.steps import Steps
    from santander.tables import RECOMMENDATIONS

    with open_session(settings) as session:
        steps = Steps(settings, session)
        scored = steps.lake.months(RECOMMENDATIONS)
        months = chosen_months(month, from_, to, scored if from_ or to else scored[-1:], "run 'santander score'")
        results = [steps.submit(each, anyway=True).result for each in months]
    text = [f"{r['file']}: {r['customers']:,} customers of {r['month']}" for r in results]
    return Outcome({**results[-1], "months": {r["month"]: r for r in results}}, text)


if __name__ == "__main__":
    main_of(submit)
