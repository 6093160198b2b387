"""What a reason of a recommendation may speak of, and the features of each. A family of a user is one by its own name."""

from enum import StrEnum


class ReasonFamily(StrEnum):
    """Features whose contributions are one reason."""

    GROUP = "group"
    """Age, segment and activity."""
    INCOME = "income"
    TENURE = "tenure"
    """How long somebody has been a customer."""
    CHANNEL = "channel"
    PRODUCTS_HELD = "products_held"
    """How many products are held."""
    HOLDINGS = "holdings"
    """Which other products are held, and which are not."""
    CHANGES = "changes"
    """What was opened, closed or given up lately."""
    SEASON = "season"
    PERSON = "person"
    """Sex, employment, the relation to the bank, and whatever has no family of its own."""
    RESIDENCE = "residence"
    """Where somebody lives and comes from."""


_FEATURES = {
    ReasonFamily.GROUP: ("age", "segment", "is_active", "was_active", "relation_type", "relation_type_last"),
    ReasonFamily.INCOME: ("household_income", "income_imputed"),
    ReasonFamily.TENURE: ("seniority_months", "is_new", "months_known"),
    ReasonFamily.CHANNEL: ("channel",),
    ReasonFamily.PRODUCTS_HELD: ("products_held", "continuations"),
    ReasonFamily.CHANGES: ("additions", "closures"),
    ReasonFamily.SEASON: ("month_of_year", "season_sine", "season_cosine"),
    ReasonFamily.PERSON: ("is_woman", "employment_status", "relation_kind", "left_during_month", "is_deceased"),
    ReasonFamily.RESIDENCE: ("country", "province_code", "is_resident", "is_foreign_born"),
}
REASON_OF: dict[str, ReasonFamily] = {feature: reason for reason, features in _FEATURES.items() for feature in features}
"""The reason of each feature that is a column as it is. Columns of one product say by their value what they speak of
(features/expansion.py)."""
