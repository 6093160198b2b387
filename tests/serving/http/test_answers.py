"""What is answered is what the tables say, for every customer; who is unknown or objects gets what is declared."""

import json
import re
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, OFFERS, PARTITION, RECOMMENDATIONS, Table
from santander.schema.product_names import Language, called
from santander.schema.products import PRODUCTS
from santander.suppression.objections import objectors
from tests.banks import TARGET, WHO_OBJECT
from tests.serving.http.served import Served

NOBODY = 999_999_999_999
BY_NAME = {product.name: product for product in PRODUCTS}


def rows_of(settings: Settings, table: Table) -> dict[int, list[dict[str, Any]]]:
    """The rows of the month by customer, in the order of their ranks."""
    found = defaultdict(list)
    rows = Lake(settings).delta(table).to_pyarrow_table(filters=[(PARTITION, "=", TARGET.snapshot)]).to_pylist()
    for row in sorted(rows, key=lambda row: row.get("rank", 0)):
        found[row["customer_id"]].append(row)
    return dict(found)


@pytest.fixture(scope="module")
def customers(published: Settings) -> set[int]:
    return set(rows_of(published, CUSTOMERS))


@pytest.fixture(scope="module")
def objecting(published: Settings, customers: set[int]) -> set[int]:
    found = objectors(published, Lake(published)).among(customers)
    assert len(found) == WHO_OBJECT
    return found


def in_calls(service: Served, ids: list[int], **asked: object) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for first in range(0, len(ids), 1000):
        answer = service.ask("/v1/recommendations", method="POST", body={"customer_ids": ids[first : first + 1000], **asked})
        assert answer.status == 200, answer.content
        assert [each["customer_id"] for each in answer.json["results"]] == ids[first : first + 1000]
        found |= {each["customer_id"]: each for each in answer.json["results"]}
    return found


@pytest.mark.parametrize(("name", "table"), [("recommendations", RECOMMENDATIONS), ("offers", OFFERS)])
def test_the_lists_of_every_customer_are_those_of_the_table(
    service: Served, published: Settings, customers: set[int], objecting: set[int], name: str, table: Table
) -> None:
    rows = rows_of(published, table)
    answered = in_calls(service, sorted(customers), list=name)
    assert {customer for customer, each in answered.items() if each.get("error") == "unknown"} == objecting
    for customer in customers - objecting:
        items = answered[customer]["recommendations"]
        of_table = rows.get(customer, [])
        assert [each["product"] for each in items] == [row["product"] for row in of_table]
        assert [each["rank"] for each in items] == list(range(1, len(items) + 1))
        for item, row in zip(items, of_table, strict=True):
            np.testing.assert_equal(np.float32(item["chance"]), np.float32(row["chance"]))
            if table is RECOMMENDATIONS:
                np.testing.assert_equal(np.float32(item["score"]), np.float32(row["score"]))
            else:
                assert [each["reason"] for each in item["reasons"]] == (row["reasons"] or [])


def test_one_customer_is_answered_with_the_fields_that_are_declared(
    service: Served, customers: set[int], objecting: set[int]
) -> None:
    customer = min(customers - objecting)
    answer = service.list_of(customer, "?top=3&list=offers&lang=es")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    body = answer.json
    assert list(body) == ["customer_id", "month", "as_of", "model_version", "source", "request_id", "recommendations"]
    assert (body["customer_id"], body["month"], body["source"]) == (customer, str(TARGET), "snapshot")
    assert body["request_id"] == answer.headers["x-request-id"]
    assert len(body["recommendations"]) == 3
    for item in body["recommendations"]:
        assert list(item) == ["rank", "product", "name_en", "name_es", "column", "score", "chance", "reasons"]
        product = BY_NAME[item["product"]]
        assert (item["column"], item["name_es"]) == (product.source, called(product, Language.SPANISH))
        assert all(re.fullmatch(r"(a favor|en contra): \S.*", reason["text"]) for reason in item["reasons"])
    assert service.list_of(customer, "?top=3&list=offers&lang=ES").json["recommendations"] == body["recommendations"]
    assert any(item["reasons"] for item in body["recommendations"])
    in_english = service.list_of(customer, "?top=3&list=offers").json["recommendations"][0]["reasons"][0]
    assert in_english["text"].startswith(("for: ", "against: "))
    assert (
        service.ask("/v1/recommendations", method="POST", body={"customer_ids": [customer], "top": 3, "list": "offers"}).json[
            "results"
        ][0]["recommendations"]
        == service.list_of(customer, "?top=3&list=offers").json["recommendations"]
    )


def test_who_is_unknown_or_objects_is_answered_alike_and_only_the_unknown_get_what_is_popular(
    service: Served, objecting: set[int]
) -> None:
    objects = min(objecting)
    bodies = []
    for customer in (NOBODY, objects):
        answer = service.list_of(customer)
        assert (answer.status, answer.json["error"]) == (404, "unknown")
        bodies.append(answer.json | {"request_id": ""})
    assert bodies[0] == bodies[1]
    assert service.list_of(objects, "?fallback=popularity").status == 404
    popular = service.list_of(NOBODY, "?fallback=popularity&top=2").json
    assert (popular["source"], len(popular["recommendations"])) == ("popularity", 2)
    assert {(item["score"], item["chance"]) for item in popular["recommendations"]} == {(None, None)}


@pytest.mark.parametrize(
    "query",
    [
        "?top=0",
        "?top=8",
        "?top=7.0",
        "?top=",
        "?list=both",
        "?lang=fr",
        "?fallback=all",
        "?tops=1",
        "?top=1&top=2",
        "?top=%FF",
        "?&",
    ],
)
def test_a_parameter_that_is_not_declared_is_refused(service: Served, query: str) -> None:
    answer = service.list_of(1, query)
    assert (answer.status, answer.json["error"]) == (400, "invalid")


@pytest.mark.parametrize("customer", ["abc", "-1", "1.0", "1" * 19, "%D9%A1", "1%00"])
def test_what_is_no_customers_number_is_refused_and_not_repeated(service: Served, customer: str) -> None:
    answer = service.ask(f"/v1/customers/{customer}/recommendations")
    assert answer.status == 400
    assert customer.encode() not in answer.content.replace(b"at most 18 digits", b"")


BODIES: dict[str, Any] = {
    "no object": [1], "no ids": {}, "empty": {"customer_ids": []}, "text": {"customer_ids": ["1"]},
    "flag": {"customer_ids": [True]},
    "fraction": {"customer_ids": [1.0]}, "negative": {"customer_ids": [-1]}, "too large": {"customer_ids": [10**18]},
    "too many": {"customer_ids": list(range(1001))}, "another field": {"customer_ids": [1], "secret-field": 1},
    "top": {"customer_ids": [1], "top": "7"}, "flag as top": {"customer_ids": [1], "top": True},
    "list": {"customer_ids": [1], "list": []}, "object as fallback": {"customer_ids": [1], "fallback": {}},
    "list as language": {"customer_ids": [1], "lang": ["en"]},
    "no JSON": b"{", "no UTF-8": b'{"customer_ids": [1], "\xff": 1}', "NaN": b'{"customer_ids": [NaN]}', "deep": b"[" * 100_000,
    "long number": b'{"customer_ids": [' + b"9" * 5000 + b"]}", "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_not_what_is_declared_is_refused_in_a_sentence(service: Served, body: Any) -> None:
    answer = service.ask("/v1/recommendations", method="POST", body=body)
    assert (answer.status, answer.json.keys()) == (400, {"error", "message", "request_id"})
    assert b"Traceback" not in answer.content
    assert b"secret-field" not in answer.content


def test_what_made_the_lists_and_what_they_may_name_is_told(service: Served) -> None:
    model = service.ask("/v1/model").json
    assert (model["month"], model["offers"]) == (str(TARGET), True)
    products = service.ask("/v1/products").json["products"]
    assert [each["product"] for each in products] == [product.name for product in PRODUCTS]
    assert service.ask("/ready").json["status"] == "ready"
    assert service.ask("/health").json == {"status": "ok"}


def test_every_answer_has_headers_that_keep_it_from_being_kept_or_shown_elsewhere(service: Served) -> None:
    for path, method in [
        ("/v1/model", "GET"),
        ("/nothing", "GET"),
        ("/v1/model", "DELETE"),
        ("/docs", "GET"),
        ("/v1/model", "OPTIONS"),
    ]:
        answer = service.ask(path, method=method, Origin="https://elsewhere.example")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert not [name for name in answer.headers if name.startswith("access-control") or name in {"server", "x-powered-by"}]
    assert service.ask("/v1/model", method="DELETE").headers["allow"] == "GET"
    head = service.ask("/v1/model", method="HEAD")
    assert (head.status, head.content) == (200, b"")


def test_the_log_has_a_line_for_a_request_with_its_trace_and_without_the_customer(service: Served) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = service.list_of(NOBODY - 1, traceparent=trace)
    request_id = answer.headers["x-request-id"]
    (line,) = [each for each in wait_for_line(service, request_id) if each.get("request_id") == request_id]
    assert line["traceparent"].split("-")[1] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert line["traceparent"].split("-")[2] == request_id[:16]
    assert (line["status"], line["method"], line["route"]) == (404, "GET", "/v1/customers/{customer_id}/recommendations")
    assert str(NOBODY - 1) not in json.dumps(line)


def wait_for_line(service: Served, request_id: str) -> list[dict[str, Any]]:
    from tests.serving.http.served import until

    return until(lambda: request_id in service.log.read_text().rpartition("\n")[0] and service.events(), "the line of a request")
