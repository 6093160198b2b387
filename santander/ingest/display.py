"""Texts of unknown origin for a terminal: what a user delivered must not steer it."""


def shown(text: str, width: int, *, keep_end: bool = False) -> str:
    """At most ``width`` characters of a text, the rest cut off at its end or beginning; what does not print is escaped."""
    part = text[-width:] if keep_end else text[:width]
    escaped = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in part)
    if len(text) <= width and len(escaped) <= width:
        return escaped
    return f"…{escaped[-(width - 1) :]}" if keep_end else f"{escaped[: width - 1]}…"
