"""Sizes of memory as people write them."""

import re

_UNITS: dict[str, int] = {"b": 1} | {
    f"{letter}{infix}b".lower(): base**power
    for infix, base in (("", 1000), ("i", 1024))
    for power, letter in enumerate("kMGT", start=1)
}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)


def parsed_size(text: object) -> int:
    """Bytes of a size such as ``6 GB``, ``1.5GiB`` or ``800 mb``: GB counts in thousands, GiB in 1024; raises ValueError.

    A number without a unit is refused: whether a 6 means bytes or gigabytes is not to be guessed.
    """
    found = _SIZE.fullmatch(str(text))
    factor = _UNITS.get(found[2].lower()) if found else None
    if found is None or factor is None:
        raise ValueError(f"{str(text)!r} is no size: write a number and kB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 6 GB")
    size = round(float(found[1]) * factor)
    if size < 1:
        raise ValueError(f"{str(text)!r} is no size: it must be above 0")
    return size


def shown_size(size: float) -> str:
    """A size for a person to read: ``5.3 GB``, ``640 MB``."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
