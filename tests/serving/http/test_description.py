"""The OpenAPI document says what the routes do, its examples are what it declares, and the page for people needs nobody else."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.serving.http.served import Served


@pytest.fixture(scope="module")
def document(service: Served) -> dict[str, Any]:
    return dict(service.ask("/openapi.json").json)


def holds(document: dict[str, Any], content: dict[str, Any], value: Any) -> None:
    Draft202012Validator({**content["schema"], "components": document["components"]}).validate(value)


def test_every_example_is_what_its_schema_declares(document: dict[str, Any]) -> None:
    examples = 0
    for by_method in document["paths"].values():
        for operation in by_method.values():
            for of in [*operation["responses"].values(), *([operation["requestBody"]] if "requestBody" in operation else [])]:
                content = of["content"]["application/json"]
                if "example" in content:
                    holds(document, content, content["example"])
                    examples += 1
    assert examples >= 8


def test_every_route_answers_its_example_as_declared_and_takes_no_other_method(service: Served, document: dict[str, Any]) -> None:
    assert set(document["paths"]) >= {"/v1/customers/{customer_id}/recommendations", "/v1/recommendations", "/v1/model", "/ready"}
    for address, by_method in document["paths"].items():
        for method, operation in by_method.items():
            path = address
            for parameter in operation.get("parameters", []):
                path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
            query = "&".join(f"{of['name']}={of['example']}" for of in operation.get("parameters", []) if of["in"] == "query")
            body = operation["requestBody"]["content"]["application/json"]["example"] if "requestBody" in operation else None
            answer = service.ask(f"{path}?{query}" if query else path, method=method.upper(), body=body)
            content = operation["responses"][str(answer.status)]["content"]["application/json"]
            holds(document, content, answer.json)
            refused = service.ask(path, method="PATCH")
            assert (refused.status, refused.headers["allow"]) == (405, method.upper())


def test_the_page_for_people_shows_every_route_and_loads_nothing(service: Served, document: dict[str, Any]) -> None:
    page = service.ask("/docs")
    text = page.content.decode()
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert all(address in text for address in document["paths"])
    assert not re.search(r"<(script|img|link|iframe)\b|https?://|url\(", text)
    assert "default-src 'none'" in page.headers["content-security-policy"]
