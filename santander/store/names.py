"""The names under which serving finds the packed feature."""

from santander.schema.features import FEATURE_SET

ONLINE_VIEW = "next_products_online"
ONLINE_SERVICE = f"{FEATURE_SET}_online"
PACKED = "packed"
"""The one feature of the online view, a column of the table ``online_features``."""
