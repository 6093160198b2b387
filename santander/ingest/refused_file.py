"""The refusal of a landing file that cannot be read at all."""

from typing import Unpack

from santander.errors import About, InputError
from santander.storage.places import Place


class LandingFileRefused(InputError):
    """A landing file breaks a rule that makes all of it unreadable; nothing of any file is ingested."""

    def __init__(self, path: Place | str, rule: str, **about: Unpack[About]) -> None:
        about["file"] = path
        super().__init__(f"{path}: {rule}", **about)
