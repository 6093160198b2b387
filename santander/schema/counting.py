"""Counts in sentences."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, ``1 month`` or ``1,000 months``; ``plural`` is the noun for several, if not with an s."""
    return f"1 {noun}" if number == 1 else f"{number:,} {plural or f'{noun}s'}"
