"""Lists of a snapshot as JSON text, put together from pieces that are ready before anybody asks."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic_core import to_json

from santander.schema.product_names import Language
from santander.serving.http.asked import LONGEST_LIST, Asked
from santander.serving.http.reason_words import reason_words

if TYPE_CHECKING:
    from santander.serving.snapshot.reading import Lists, Snapshot, StoredList

_NONE = b"\xff"
_CHANCE = b', "chance": '
_NO_NUMBERS = [b"null"] * LONGEST_LIST
_NO_REASONS = [b', "reasons": []}'] * LONGEST_LIST
_KEPT_REASONS = 4096
"""Texts of reasons that are kept; there are a few hundred in a month."""


class RenderedLists:
    """The lists of one snapshot. An answer is made from one of these, so it never mixes two months."""

    def __init__(self, snapshot: "Snapshot") -> None:
        self.snapshot = snapshot
        self.month_index, self.version = snapshot.month.index, snapshot.version
        said = [json.dumps({"product": of["name"], **_names(of)}, ensure_ascii=False)[1:-1] for of in snapshot.products]
        self._begins = [[f'{{"rank": {rank + 1}, {text}, "score": '.encode() for text in said] for rank in range(LONGEST_LIST)]
        self._reasons = {language: _reasons_text(snapshot.reasons, language) for language in Language}
        self._about = f'"month": "{snapshot.month}", "as_of": "{snapshot.as_of}", "model_version": {snapshot.version}'.encode()
        self.popular = bytes(snapshot.popularity[:LONGEST_LIST]).ljust(LONGEST_LIST, _NONE)

    def lists(self, asked: Asked) -> "Lists | None":
        """Return the lists that are asked for; None where the month has none."""
        return self.snapshot.offers if asked.offers else self.snapshot.recommendations

    def of_customers(self, stored: Sequence["StoredList"], asked: Asked) -> list[bytes]:
        """Return the lists of some customers, whose numbers are written in one go."""
        numbers = _numbers(memoryview(b"".join([part for each in stored for part in each[:2]])).cast("f").tolist())
        texts = []
        for at, (_, _, products, codes) in zip(range(0, len(numbers), 2 * LONGEST_LIST), stored, strict=True):
            middle = at + LONGEST_LIST
            reasons = self._reasons_of(codes, asked.language) if any(codes) else _NO_REASONS
            texts.append(self._list(products[: asked.top], numbers[at:middle], numbers[middle : middle + LONGEST_LIST], reasons))
        return texts

    def of_popularity(self, asked: Asked) -> bytes:
        """Return the products that are added most, which say nothing of one customer."""
        return self._list(self.popular[: asked.top], _NO_NUMBERS, _NO_NUMBERS, _NO_REASONS)

    def of_model(self, products: Sequence[int], scores: Sequence[float], chances: Sequence[float]) -> str:
        """Return a list that the model has made now; its reasons are told by nobody yet."""
        return self._list(bytes(products), _numbers(scores), _numbers(chances), _NO_REASONS).decode()

    def answer(self, customer_id: int, source: bytes, items: bytes, request_id: str) -> bytes:
        """Return the body of the answer for one customer."""
        return b'{"customer_id": %d, %b, "source": "%b", "request_id": "%b", "recommendations": %b}' % (
            customer_id, self._about, source, request_id.encode(), items,
        )  # fmt: skip

    def answers(self, results: Sequence[bytes], request_id: str) -> bytes:
        """Return the body of the answer for several customers."""
        return b'{"request_id": "%b", %b, "results": [%b]}' % (request_id.encode(), self._about, b", ".join(results))

    def _reasons_of(self, codes: bytes, language: Language) -> list[bytes]:
        text, n = self._reasons[language], len(codes) // LONGEST_LIST
        return [text(codes[at : at + n]) for at in range(0, len(codes), n)]

    def _list(self, products: bytes, scores: Iterable[bytes], chances: Iterable[bytes], reasons: Iterable[bytes]) -> bytes:
        """Return the JSON of a list, which ends where the products do."""
        pieces = zip(products.partition(_NONE)[0], self._begins, scores, chances, reasons, strict=False)
        return b"[%b]" % b", ".join(
            [b"".join((begins[bit], score, _CHANCE, chance, why)) for bit, begins, score, chance, why in pieces]
        )


def _numbers(values: Sequence[float]) -> list[bytes]:
    """Return each number as JSON, null for NaN: all at once by pydantic, which takes a quarter of Python's time."""
    return to_json(values, inf_nan_mode="null")[1:-1].split(b",") if values else []


def _reasons_text(reasons: Sequence[str], language: Language) -> Callable[[bytes], bytes]:
    """Return what makes the codes of a product's reasons their JSON, with which the product ends."""
    words = [json.dumps(reason_words(reason, language), ensure_ascii=False) if reason else "" for reason in reasons]

    @lru_cache(_KEPT_REASONS)
    def text(codes: bytes) -> bytes:
        return f', "reasons": [{", ".join([words[code] for code in codes if code])}]}}'.encode()

    return text


def _names(product: Mapping[str, str]) -> dict[str, str]:
    return {name: product[name] for name in ("name_en", "name_es", "column")}
