"""What the routes of the snapshot answer where a month lacks something; the rest is asked of a service (test_answers.py)."""

import asyncio
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.serving.http.asked import Asked
from santander.serving.http.current import CurrentLists
from santander.serving.http.headers import Sent
from santander.serving.http.left_out import LeftOut
from santander.serving.http.lookups import Lookups
from santander.serving.http.refusals import NO_OFFERS, RefusedRequest
from santander.serving.http.routes import Call
from santander.serving.metrics import Metrics
from santander.suppression.objections import objectors
from tests.serving.log.answers import folder_of, opened


@pytest.fixture
def lookups(own: Settings) -> Iterator[Lookups]:
    log = opened(own)
    try:
        yield Lookups(CurrentLists(own), LeftOut(own), own.serving.http, Metrics(0, log, folder_of(own)))
    finally:
        log.close()


def call_for(path: str = "", query: bytes = b"", body: Any = None) -> Call:
    async def receive() -> Any:
        return {"type": "http.request", "body": json.dumps(body).encode()}

    return Call(path, query, Sent(), receive, "5f0c4d6f0b7e4a0f9d3f8f2a6b1c7d3e", 0.0)


def test_in_a_month_without_offers_nobody_learns_who_objects(lookups: Lookups, own: Settings) -> None:
    snapshot = lookups.lists.snapshot
    snapshot.offers = None
    known = int(snapshot.ids[0])
    (objecting, *_) = objectors(own, Lake(own)).among(range(2_000_000))
    for customer in (known, objecting, 999_999_999_999):
        call = call_for(f"/v1/customers/{customer}/recommendations", b"list=offers")
        with pytest.raises(RefusedRequest) as of_one:
            lookups.of_customer(call)
        many = call_for(body={"customer_ids": [customer], "list": "offers"})
        with pytest.raises(RefusedRequest) as of_many:
            asyncio.run(lookups.of_customers(many))
        assert of_one.value.refusal is of_many.value.refusal is NO_OFFERS
        assert call.given == many.given == []


def test_what_is_given_is_noted_as_it_is_answered(lookups: Lookups, own: Settings) -> None:
    ids = lookups.lists.snapshot.ids.tolist()
    (objecting, *_) = objectors(own, Lake(own)).among(range(2_000_000))
    asked = [ids[5], 999_999_999_999, objecting, ids[0], ids[5]]
    call = call_for(body={"customer_ids": asked, "top": 3, "fallback": "popularity"})
    results = json.loads(asyncio.run(lookups.of_customers(call)))["results"]
    assert [each["customer_id"] for each in results] == asked
    assert [each.get("source") for each in results] == ["snapshot", "popularity", None, "snapshot", "snapshot"]
    assert [each.customer_id for each in call.given] == [ids[5], 999_999_999_999, ids[0], ids[5]]
    names = [of["name"] for of in lookups.lists.snapshot.products]
    for given, result in zip(call.given, [each for each in results if "source" in each], strict=True):
        told = result["recommendations"]
        assert [names[bit] for bit in given.products if bit != 255] == [each["product"] for each in told]
        chances = np.frombuffer(given.chances, "<f4")[: len(told)]
        np.testing.assert_array_equal(chances, np.array([each["chance"] for each in told], np.float32))


def test_a_number_is_written_to_its_last_bit_and_one_that_is_none_as_null(lookups: Lookups) -> None:
    lists = lookups.lists
    values = np.array([0.1, 1e-7, 1 / 3, math.nan, 0.0, 1e30, 16777217], np.float32)
    stored = lists.snapshot.recommendations.at(0)._replace(
        products=bytes(range(7)), scores=values.tobytes(), chances=values.tobytes()
    )
    (text,) = lists.of_customers([stored], Asked())
    items = json.loads(text)
    for name in ("score", "chance"):
        assert [each[name] is None for each in items] == np.isnan(values).tolist()
        read = np.array([math.nan if each[name] is None else each[name] for each in items], np.float32)
        np.testing.assert_array_equal(read, values)
