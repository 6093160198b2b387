"""The best MAP@7 that can be expected of a month of the synthetic bank, where it was written down.

The generator leaves ``oracle.json`` beside the landing file. It counts only for the very bank that is evaluated: other
customers or buyers in the month mean other files.
"""

import json

from santander.schema.months import Month
from santander.storage.places import Place


def oracle_of(raw: Place, month: Month, customers: int, buyers: int) -> float | None:
    """MAP@7 of the oracle, or None when ``raw/oracle.json`` does not speak of this month with these counts."""
    path = raw / "oracle.json"
    if not path.is_file():
        return None
    for entry in json.loads(path.read_text())["months"]:
        if entry["month"] == str(month) and (entry["customers"], entry["buyers"]) == (customers, buyers):
            return float(entry["oracle"])
    return None
