"""Rows of tables become arrays whatever their order, with what is not known left open."""

import numpy as np
import pyarrow as pa

from santander.serving.snapshot.lists import GatheredLists
from santander.serving.snapshot.reading import NO_PRODUCT

IDS = np.array([15_889, 20_000, 30_000])


def rows(*each: tuple[int, int, str, float | None, float | None]) -> pa.Table:
    names = ("customer_id", "rank", "product", "score", "chance")
    types = (pa.int64(), pa.int8(), pa.string(), pa.float64(), pa.float64())
    return pa.table([pa.array(column, type_) for column, type_ in zip(zip(*each, strict=True), types, strict=True)], names=names)


def offers(*each: tuple[int, int, str, list[str] | None]) -> pa.Table:
    customers, ranks, products, reasons = zip(*each, strict=True)
    return pa.table(
        {
            "customer_id": pa.array(customers, pa.int64()),
            "rank": pa.array(ranks, pa.int8()),
            "product": pa.array(products).dictionary_encode(),
            "chance": pa.nulls(len(each), pa.float64()),
            "reasons": pa.array(reasons, pa.list_(pa.string())),
        }
    )


def test_rows_in_any_order_of_known_customers_fill_the_lists() -> None:
    pieces = [
        rows((30_000, 2, "loan", None, 0.25), (15_889, 1, "credit_card", 0.5, 0.125)),
        rows((99, 1, "loan", 9.0, 0.9), (40_000, 1, "loan", 9.0, 0.9), (30_000, 1, "taxes", 0.75, None)),
    ]
    lists = GatheredLists(IDS).fill(pieces)
    packed = lists.packed()
    assert packed["products"][:, :2].tolist() == [[18, NO_PRODUCT], [NO_PRODUCT, NO_PRODUCT], [17, 16]]
    assert (packed["products"][:, 2:] == NO_PRODUCT).all()
    assert np.array_equal(packed["scores"][2, :3], [0.75, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(packed["chances"][:, 0], [0.125, np.nan, np.nan], equal_nan=True)
    assert packed.dtype.names == ("scores", "chances", "products")


def test_chances_that_nobody_knows_take_no_room() -> None:
    packed = GatheredLists(IDS).fill([rows((15_889, 1, "loan", 0.5, None))]).packed()
    assert packed.dtype.names == ("scores", "products")
    assert packed.dtype.itemsize == 36


def test_reasons_are_codes_and_get_the_room_that_the_longest_need() -> None:
    five = ["+income", "-group", "+season", "+changes", "-tenure"]
    lists = GatheredLists(IDS).fill(
        [
            offers((20_000, 1, "loan", ["+income"]), (15_889, 1, "loan", None), (77, 1, "loan", ["+person"])),
            offers((30_000, 1, "taxes", []), (20_000, 2, "taxes", five)),
        ]
    )
    assert lists.reasons is not None
    assert lists.reasons.shape == (3, 7, 5)
    told = [[[lists.names[code] for code in place if code] for place in row[:2]] for row in lists.reasons]
    assert told == [[[], []], [["+income"], five], [[], []]]


def test_both_lists_of_a_customer_say_the_same_of_a_product() -> None:
    recommended = GatheredLists(IDS).fill([rows((20_000, 1, "loan", 0.5, 0.1), (20_000, 2, "taxes", 0.4, 0.2))])
    offered = GatheredLists(IDS).fill([offers((20_000, 1, "taxes", ["+income"]), (20_000, 2, "funds", ["-group"]))])
    offered.take_known_of(recommended)
    recommended.take_known_of(offered)
    assert np.array_equal(offered.scores[1, :3], np.array([0.4, np.nan, np.nan], np.float32), equal_nan=True)
    assert recommended.reasons is not None
    assert [[recommended.names[code] for code in place if code] for place in recommended.reasons[1, :3]] == [[], ["+income"], []]


def test_nobody_is_no_trouble() -> None:
    lists = GatheredLists(np.empty(0, np.int64)).fill([rows((1, 1, "loan", 0.5, None))])
    assert len(lists.packed()) == 0
