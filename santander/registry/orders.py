"""What a person may ask of ``promote``: which options go together."""

from santander.errors import InputError


def check_order(
    version: int | None, alias: str | None, month: str | None, *, override: bool, rollback: bool, reason: str | None
) -> str | None:
    """The reason, without blanks around it; raises InputError for options that do not go together.

    An override needs a reason; one that is given must belong to an override or a rollback.
    """
    if override and rollback:
        raise InputError("give --override or --rollback, not both")
    if rollback and (version, alias, month) != (None, None, None):
        raise InputError("--rollback goes back to the champion before: leave out --version, --alias and --month")
    text = (reason or "").strip() or None
    if override and text is None:
        raise InputError("--override needs a reason: --reason TEXT")
    if reason is not None and not (override or rollback):
        raise InputError("--reason belongs to --override or --rollback: what the gate decides has its own")
    return text
