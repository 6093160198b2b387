"""Write the snapshot of a month that the service answers from."""

from typing import TYPE_CHECKING

from santander.cli.verb import MonthOption, Outcome, verb
from santander.schema.counting import counted

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.serving.snapshot.publish import PublishPayload


@verb
def publish(month: MonthOption = None, *, settings: "Settings") -> Outcome:
    """Write lists, features and model of a month for the service, and let it be served; the last scored month by default.

    Nothing is written where it is there already. A month that is kept is served again at once.
    """
    from santander.schema.months import Month
    from santander.serving.snapshot.publish import publish as write_snapshot

    done = write_snapshot(settings, Month.parse(month) if month is not None else None)
    return Outcome(done, lines_of(done))


def lines_of(done: "PublishPayload") -> list[str]:
    """Return for people what was published."""
    from santander.config.sections import shown_size

    parts = ["lists", *(["offers"] if done.offers else []), *(["reasons"] if done.reasons else [])]
    what = f"{', '.join(parts)} of {counted(done.customers, 'customer')} by version {done.model_version}"
    lines = [f"{done.month} is served: {what}, {shown_size(done.size)} in {done.folder}, after {done.seconds} s"]
    if done.up_to_date:
        lines = [f"publish: up to date: {done.month} is served, {what}"]
    if not done.offers:
        lines.append(f"{done.month} has no offers: the service answers with recommendations alone")
    if done.left_out:
        lines.append(f"left out, as they objected or were erased: {counted(done.left_out, 'customer')}")
    lines += [f"the snapshot of {month} was removed (serving.months_kept)" for month in done.removed_months]
    return lines
