"""Lists of a snapshot as JSON text, put together from pieces that are ready before anybody asks."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from santander.schema.product_names import Language
from santander.serving.http.asked import LONGEST_LIST, Asked
from santander.serving.http.reason_words import reason_words

if TYPE_CHECKING:
    from santander.serving.snapshot.reading import Lists, Snapshot

_NONE = 255


class RenderedLists:
    """The lists of one snapshot. An answer is made from one of these, so it never mixes two months."""

    def __init__(self, snapshot: "Snapshot") -> None:
        self.snapshot = snapshot
        self.month_index = snapshot.month.index
        said = [json.dumps({"product": of["name"], **_names(of)}, ensure_ascii=False)[1:-1] for of in snapshot.products]
        self._begins = [[f'{{"rank": {rank + 1}, {text}, "score": ' for text in said] for rank in range(LONGEST_LIST)]
        self._reasons = {
            language: [json.dumps(reason_words(code, language), ensure_ascii=False) if code else "" for code in snapshot.reasons]
            for language in Language
        }
        self._about = f'"month": "{snapshot.month}", "as_of": "{snapshot.as_of}", "model_version": {snapshot.version}'
        self.popular = bytes([*snapshot.popularity, *[_NONE] * LONGEST_LIST][:LONGEST_LIST])

    def lists(self, asked: Asked) -> "Lists | None":
        """Return the lists that are asked for; None where the month has none."""
        return self.snapshot.offers if asked.offers else self.snapshot.recommendations

    def of_row(self, lists: "Lists", row: int, asked: Asked) -> str:
        """Return the list of a customer."""
        top = asked.top
        return self._list(
            lists.products[row, :top].tolist(),
            lists.scores[row, :top].tolist(),
            lists.chances[row, :top].tolist(),
            lists.reasons[row, :top].tolist(),
            self._reasons[asked.language],
        )

    def of_popularity(self, asked: Asked) -> str:
        """Return the products that are added most, which say nothing of one customer."""
        n, nan = asked.top, float("nan")
        return self._list(list(self.popular[:n]), [nan] * n, [nan] * n, [[]] * n, [])

    def of_model(self, products: list[int], scores: list[float], chances: list[float]) -> str:
        """Return a list that the model has made now; its reasons are told by nobody yet."""
        return self._list(products, scores, chances, [[]] * len(products), [])

    def answer(self, customer_id: int, source: str, request_id: str, items: str) -> bytes:
        """Return the body of the answer for one customer."""
        return (
            f'{{"customer_id": {customer_id}, {self._about}, "source": "{source}", "request_id": "{request_id}", '
            f'"recommendations": {items}}}'
        ).encode()

    def answers(self, results: Sequence[str], request_id: str) -> bytes:
        """Return the body of the answer for several customers."""
        return f'{{"request_id": "{request_id}", {self._about}, "results": [{", ".join(results)}]}}'.encode()

    def _list(
        self,
        products: list[int],
        scores: list[float],
        chances: list[float],
        reasons: list[list[int]],
        words: Sequence[str],
    ) -> str:
        items = []
        for begins, bit, score, chance, codes in zip(self._begins, products, scores, chances, reasons, strict=False):
            if bit == _NONE:
                break
            told = ", ".join([words[code] for code in codes if code])
            # nine digits are a 32-bit number to the last bit; what differs from itself is no number
            items.append(
                f"{begins[bit]}{f'{score:.9g}' if score == score else 'null'}, "  # noqa: PLR0124
                f'"chance": {f"{chance:.9g}" if chance == chance else "null"}, "reasons": [{told}]}}'  # noqa: PLR0124
            )
        return f"[{', '.join(items)}]"


def _names(product: Mapping[str, str]) -> dict[str, str]:
    return {name: product[name] for name in ("name_en", "name_es", "column")}
