"""The refusal of a landing file that cannot be read at all."""

from santander.errors import InputError
from santander.storage.places import Place


class LandingFileRefused(InputError):
    """A landing file breaks a rule that makes all of it unreadable; nothing of any file is ingested."""

    def __init__(
        self,
        path: Place | str,
        rule: str,
        *,
        month: object = None,
        column: str | None = None,
        example: str | None = None,
        line: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(f"{path}: {rule}", file=path, month=month, column=column, example=example, line=line, hint=hint)
