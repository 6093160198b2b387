"""The groups of model columns that a recipe names; expansion.py makes them from the features."""

from enum import StrEnum


class ColumnGroup(StrEnum):
    """Model columns that are chosen together. Per product means 24 columns in the order of the bits."""

    PROFILE = "profile"
    """Who the customer is: the features of that family as they are."""
    SEASON = "season"
    """Calendar month, sine and cosine of its angle."""
    HISTORY_COUNTS = "history_counts"
    """Counts over all products and the relation a month ago: the history features that are no bitmask."""
    LAG_1_BITS = "lag_1_bits"
    """Held the month before, per product."""
    OLDER_LAG_BITS = "older_lag_bits"
    """Held two to five months before, per product and month: 96 columns."""
    MONTHS_HELD = "months_held"
    """In how many known months of the window the product was held, 0 to 5."""
    HELD_LATELY = "held_lately"
    """``lag_1_bits`` and ``months_held`` in one column a product: months held in the window, and 6 more where it was held
    the month before. 1 to 4 is who gave it up, 7 to 11 who holds it."""
    MONTHS_SINCE_HELD = "months_since_held"
    """Months since the product was last held, 1 to 5; 0 when not in the window."""
    MONTHS_SINCE_ADDED = "months_since_added"
    """Months since the product was last added, 1 to 4; 0 when not in the window."""
    TIMES_ADDED = "times_added"
    """How often the product was added between two known months that follow each other, 0 to 2."""
    TIMES_CLOSED = "times_closed"
    """How often the product was closed between two known months that follow each other, 0 to 2."""
    TIMES_KEPT = "times_kept"
    """How often the product was held in both of two known months that follow each other, 0 to 4."""
    TIMES_ABSENT = "times_absent"
    """How often the product was held in neither of two known months that follow each other, 0 to 4."""
