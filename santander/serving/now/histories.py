"""The products that records say were held in the months before, as the bitmasks that features are made from."""

from collections.abc import Sequence

import numpy as np

from santander.errors import InputError
from santander.features.history import LAGS, UNKNOWN, Bitmasks
from santander.ingest.cleaning import BAD_FLAG
from santander.schema.columns import PRODUCT_COLUMNS
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCTS
from santander.serving.now.cleaning import HISTORY, Record, is_mapping
from santander.serving.now.refused import (
    MOST_MONTHS,
    NO_MONTH,
    NOT_ALL_PRODUCTS,
    NOT_BEFORE,
    OLDER,
    TOO_MANY_MONTHS,
    WRONG_TYPE,
    Refused,
    refused,
)
from santander.serving.now.ruled import RuledColumn

_MASKS = np.array([product.mask for product in PRODUCTS], np.int32)
_FLAGS = b"\x00\x01"
_UNKNOWN_FLAG = "NA"


class Histories:
    """Reads histories of records of a month. It may be asked from several threads."""

    def __init__(self, month: Month) -> None:
        self._month = month
        self._names = {str(month - lag): place for place, lag in enumerate(LAGS)}
        self._rules = [RuledColumn(column, (), unknown=_UNKNOWN_FLAG) for column in PRODUCT_COLUMNS]

    def lags(self, records: Sequence[Record], told: Sequence[list[Refused]]) -> list[Bitmasks]:
        """Return the products held one, two … five months before, UNKNOWN where a record does not say, or says it wrongly."""
        masks = np.full((len(LAGS), len(records)), UNKNOWN, np.int32)
        places: list[int] = []
        rows: list[int] = []
        packed: list[bytes] = []
        for row, record in enumerate(records):
            history = record.get(HISTORY)
            if history is None:
                continue
            if not is_mapping(history) or len(history) > MOST_MONTHS:
                told[row].append(refused(HISTORY, history, TOO_MANY_MONTHS if is_mapping(history) else WRONG_TYPE))
                continue
            for name, flags in history.items():
                if (place := self._names.get(name)) is None:
                    told[row].append(refused(f"{HISTORY}.{name}", name, self._fault_of(name)))
                elif flags is not None and (bits := self._bits(name, flags, told[row])) is not None:
                    places.append(place)
                    rows.append(row)
                    packed.append(bits)
        if packed:
            bits_of = np.frombuffer(b"".join(packed), np.uint8).reshape(-1, N_PRODUCTS)
            masks[places, rows] = bits_of @ _MASKS
        return list(masks)

    def _bits(self, name: str, flags: object, told: list[Refused]) -> bytes | None:
        """Return a byte a product, 1 where it is held; None, which is told, for what ingest would not take as a row."""
        if not isinstance(flags, (list, tuple)) or len(flags) != N_PRODUCTS:
            told.append(refused(f"{HISTORY}.{name}", flags, NOT_ALL_PRODUCTS))
            return None
        try:
            plain = bytes(flags)
        except (TypeError, ValueError):
            plain = b"\xff"
        return plain if not plain.translate(None, _FLAGS) else self._by_rule(name, flags, told)

    def _by_rule(self, name: str, flags: Sequence[object], told: list[Refused]) -> bytes | None:
        found = bytearray()
        for column, rule, flag in zip(PRODUCT_COLUMNS, self._rules, flags, strict=True):
            [(held, status)] = rule.of([flag])
            if status:
                told.append(refused(f"{HISTORY}.{name}.{column.name}", flag, BAD_FLAG))
                return None
            found.append(bool(held))
        return bytes(found)

    def _fault_of(self, name: object) -> str:
        try:
            month = Month.parse(str(name))
        except (InputError, ValueError):
            return NO_MONTH
        if str(month) != name:
            return NO_MONTH
        return NOT_BEFORE if month >= self._month else OLDER
