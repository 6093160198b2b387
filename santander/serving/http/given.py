"""What was given to whom in one answer, as the log of answers takes it."""

from typing import TYPE_CHECKING

import numpy as np

from santander.serving.log.ring import LISTS, SOURCES, Given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from santander.serving.http.lists import RenderedLists
    from santander.serving.snapshot.reading import StoredList

LENGTH = 7
NO_PRODUCTS = bytes([255] * LENGTH)
NO_CHANCES = np.full(LENGTH, np.nan, "<f4").tobytes()
_FLOAT = 4
_SNAPSHOT, _MODEL, _POPULARITY = (SOURCES.index(source) for source in ("snapshot", "model", "popularity"))
_RECOMMENDATIONS = LISTS.index("recommendations")


def of_snapshot(customer_id: int, rendered: "RenderedLists", stored: "StoredList", top: int, *, offers: bool) -> Given:
    """Return the first ``top`` places of a customer's list."""
    products, chances = stored.products, stored.chances
    if top < LENGTH:
        products, chances = _cut(products, chances, top)
    return Given(customer_id, rendered.month_index, rendered.version, _SNAPSHOT, int(offers), products, chances)


def of_popularity(customer_id: int, rendered: "RenderedLists", top: int, *, offers: bool) -> Given:
    """Return what is popular, as it was given to somebody who is unknown."""
    products, chances = _cut(rendered.popular, NO_CHANCES, top)
    return Given(customer_id, rendered.month_index, rendered.version, _POPULARITY, int(offers), products, chances)


def of_model(
    customer_id: int | None,
    rendered: "RenderedLists",
    products: "Sequence[int]",
    chances: "Sequence[float]",
    features: str | None,
) -> Given:
    """Return a list that was made for a record."""
    n = len(products)
    told = bytes(products) + NO_PRODUCTS[n:]
    likely = np.array(chances, "<f4").tobytes() + NO_CHANCES[_FLOAT * n :]
    of = None if features is None else features.encode()
    return Given(customer_id, rendered.month_index, rendered.version, _MODEL, _RECOMMENDATIONS, told, likely, of)


def _cut(products: bytes, chances: bytes, top: int) -> tuple[bytes, bytes]:
    return products[:top] + NO_PRODUCTS[top:], chances[: _FLOAT * top] + NO_CHANCES[_FLOAT * top :]
