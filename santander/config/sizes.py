"""Sizes of memory as people write them."""

import re
from typing import Annotated, Any

from pydantic import ByteSize, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

_WRITTEN = re.compile(r"\s*\d+(\.\d+)?\s*([kmgt]i?)?b\s*", re.IGNORECASE)
"""What pydantic takes and nobody can misread: not ``6``, which may mean bytes or gigabytes, nor ``6 GB or more``."""


def _with_unit(given: Any, read: ValidatorFunctionWrapHandler) -> ByteSize:
    size = read(given) if _WRITTEN.fullmatch(str(given)) else ByteSize(0)
    if size < 1:
        hint = "write a number above 0 and kB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 6 GB"
        raise PydanticCustomError("size", "{message}", {"message": f"{str(given)!r} is no size: {hint}"})
    return size


Size = Annotated[ByteSize, WrapValidator(_with_unit)]
"""Bytes, written as a number and a unit: GB counts in thousands, GiB in 1024."""


def shown_size(size: float) -> str:
    """A size for a person to read: ``5.3 GB``, ``640 MB``."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
