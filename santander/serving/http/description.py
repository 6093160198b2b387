"""The description of the interface: an OpenAPI document, written by hand as the routes are, and a page of it for people."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from santander.schema.product_names import Language
from santander.serving.http.asked import LISTS, LONGEST_ID, LONGEST_LIST
from santander.serving.http.page import docs_page
from santander.serving.http.routes import Route

if TYPE_CHECKING:
    from santander.config.sections import HttpSettings

_ITEM = {
    "rank": 1, "product": "payroll", "name_en": "payroll deposit", "name_es": "nómina domiciliada", "column": "ind_nomina_ult1",
    "score": 0.0414, "chance": 0.0391, "reasons": [{"reason": "+income", "text": "for: household income"}],
}  # fmt: skip
_ID = "5f0c4d6f0b7e4a0f9d3f8f2a6b1c7d3e"
_ABOUT = {"month": "2016-06", "as_of": "2016-06-28", "model_version": 3}
_OF_RECORDS = (
    "For customers whom nobody knows yet, and for what would be if. A record has the 24 columns of the landing files, by their "
    "Spanish or English names; what is left out is unknown. Its history has 24 flags a month, in the order of `/v1/products`; of "
    "a customer who is known and sends none it is taken from the month that is served."
)
_RECORD = {"age": 35, "household_income": 87000.5, "history": {"2016-05": [0, 0, 1, *[0] * 21]}}
_RESULT = {
    "position": 0, "recommendations": [{**_ITEM, "reasons": []}], "missing_features": ["months_known"],
    "refused": [{"field": "segment", "text": "9", "rule": "unreadable"}],
}  # fmt: skip
_REFUSALS = {
    "400": "a value that is not what is declared; the message names the field and never repeats the value",
    "401": "no key, or one that is unknown or was removed",
    "403": "a key without the scope that this route needs",
    "404": "unknown: there is no list for this customer",
    "408": "the body did not arrive in time",
    "413": "the body is larger than this service takes",
    "421": "a service without keys was called by another name than that of its own machine",
    "503": "busy, or not ready: try again after the seconds in Retry-After",
}


def descriptions(routes: Mapping[str, Route], limits: "HttpSettings") -> dict[str, Route]:
    """Return the routes ``/openapi.json`` and ``/docs``, which describe these."""
    document = openapi(routes, limits)
    written = json.dumps(document, ensure_ascii=False).encode()
    page = docs_page(document)
    return {
        "/openapi.json": Route("GET", "/openapi.json", None, lambda _call: written),
        "/docs": Route("GET", "/docs", None, lambda _call: page),
    }


def openapi(routes: Mapping[str, Route], limits: "HttpSettings") -> dict[str, Any]:
    """Return the OpenAPI document of these routes."""
    described = _described()
    paths: dict[str, Any] = {}
    for address, route in routes.items():
        operation = dict(described[address])
        codes = operation.pop("refusals")
        operation["responses"] |= {code: _refusal(_REFUSALS[code]) for code in codes}
        if route.scope is not None:
            operation["responses"] |= {code: _refusal(_REFUSALS[code]) for code in ("401", "403", "421", "503")}
            operation["security"] = [{"key": []}]
            operation["description"] = f"{operation.get('description', '')} Scope of the key: `{route.scope}`.".strip()
        operation["responses"] = dict(sorted(operation["responses"].items()))
        paths[address] = {route.method.lower(): operation}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Recommendations",
            "version": "1",
            "description": "The products that each customer is most likely to add, from the month that is published.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "made by `santander keys add`"}},
            "schemas": _schemas(limits),
        },
    }


def _described() -> dict[str, dict[str, Any]]:
    return {
        "/v1/customers/{customer_id}/recommendations": {
            "operationId": "recommendations_of_customer",
            "summary": "The list of one customer",
            "description": "The likeliest product first; empty for somebody who holds everything.",
            "parameters": [
                {
                    "name": "customer_id", "in": "path", "required": True, "example": "15889",
                    "schema": {"type": "string", "pattern": f"^[0-9]{{1,{LONGEST_ID}}}$"},
                },
                *_parameters(),
            ],
            "responses": {"200": _answer("CustomerAnswer", {
                "customer_id": 15889, **_ABOUT, "source": "snapshot", "request_id": _ID, "recommendations": [_ITEM],
            })},
            "refusals": ("400", "404"),
        },
        "/v1/recommendations": {
            "operationId": "recommendations_of_customers",
            "summary": "The lists of several customers, in the order asked for",
            "requestBody": _body("CustomersAsked", {"customer_ids": [15889, 999999], "top": 3}),
            "responses": {"200": _answer("CustomersAnswer", {
                "request_id": _ID, **_ABOUT, "results": [
                    {"customer_id": 15889, "source": "snapshot", "recommendations": [_ITEM]},
                    {"customer_id": 999999, "error": "unknown"},
                ],
            })},
            "refusals": ("400", "404", "408", "413"),
        },
        "/v1/score": {
            "operationId": "score",
            "summary": "Lists of records by the model, now",
            "description": _OF_RECORDS,
            "requestBody": _body("RecordsAsked", {"records": [_RECORD], "features": False}),
            "responses": {"200": _answer("RecordsAnswer", {
                "request_id": _ID, "month": "2016-06", "model_version": 3, "results": [_RESULT],
            })},
            "refusals": ("400", "408", "413"),
        },
        "/v1/model": {
            "operationId": "model",
            "summary": "What made the lists",
            "responses": {"200": _answer("Model", {
                "model": "next-products", **_ABOUT, "published_at": "2016-06-30T04:12:09+00:00", "customers": 930000,
                "offers": True, "snapshot": "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab", "request_id": _ID,
            })},
            "refusals": (),
        },
        "/v1/products": {
            "operationId": "products",
            "summary": "What a list may name",
            "responses": {"200": _answer("Products", {
                "products": [{name: _ITEM[name] for name in ("product", "name_en", "name_es", "column")}], "request_id": _ID,
            })},
            "refusals": (),
        },
        "/health": {
            "operationId": "health",
            "summary": "Whether the process runs",
            "responses": {"200": _answer("Health", {"status": "ok"})},
            "refusals": (),
        },
        "/ready": {
            "operationId": "ready",
            "summary": "Whether lists can be answered",
            "responses": {
                "200": _answer("Ready", {"status": "ready", "month": "2016-06", "request_id": _ID}),
                "503": _answer("Ready", {
                    "status": "not ready", "month": "2016-06", "request_id": _ID, "message": "the snapshot is too old",
                }),
            },
            "refusals": (),
        },
    }  # fmt: skip


def _parameters() -> list[dict[str, Any]]:
    schemas = _asked()
    return [{"name": name, "in": "query", "schema": schema, "example": schema["default"]} for name, schema in schemas.items()]


def _asked() -> dict[str, dict[str, Any]]:
    return {
        "top": {"type": "integer", "minimum": 1, "maximum": LONGEST_LIST, "default": LONGEST_LIST},
        "list": {"type": "string", "enum": list(LISTS), "default": LISTS[0]},
        "lang": {"type": "string", "enum": [str(each) for each in Language], "default": "en"},
        "fallback": {"type": "string", "enum": ["none", "popularity"], "default": "none"},
    }


def _schemas(limits: "HttpSettings") -> dict[str, Any]:
    text, number, whole = {"type": "string"}, {"type": ["number", "null"]}, {"type": "integer"}
    reason = _object({"reason": text, "text": text})
    item = _object({
        "rank": whole, "product": text, "name_en": text, "name_es": text, "column": text, "score": number, "chance": number,
        "reasons": {"type": "array", "items": reason},
    })  # fmt: skip
    items = {"type": "array", "items": {"$ref": "#/components/schemas/Recommendation"}, "maxItems": LONGEST_LIST}
    about = {"month": text, "as_of": {"type": "string", "format": "date"}, "model_version": whole}
    source = {"type": "string", "enum": ["snapshot", "model", "popularity"]}
    found = _object({"customer_id": whole, "source": source, "recommendations": items})
    product = _object(dict.fromkeys(("product", "name_en", "name_es", "column"), text))
    ids = {
        "type": "array",
        "items": {"type": "integer", "minimum": 0, "maximum": 10**LONGEST_ID - 1},
        "minItems": 1,
        "maxItems": limits.max_ids,
    }
    return {
        "Recommendation": item,
        "CustomerAnswer": _object({
            "customer_id": whole, **about, "source": source, "request_id": text, "recommendations": items,
        }),
        "CustomersAsked": {**_object({"customer_ids": ids, **_asked()}, ["customer_ids"]), "additionalProperties": False},
        "CustomersAnswer": _object({
            "request_id": text, **about,
            "results": {"type": "array", "items": {"anyOf": [found, _object({"customer_id": whole, "error": text})]}},
        }),
        "RecordsAsked": {**_object({
            "records": {
                "type": "array", "items": {"description": "an object; anything else is refused in its own result"},
                "minItems": 1, "maxItems": limits.max_records,
            },
            "features": {"type": "boolean", "default": False},
        }, ["records"]), "additionalProperties": False},
        "RecordsAnswer": _object({"request_id": text, "month": text, "model_version": whole, "results": {
            "type": "array", "items": _object({
                "position": whole, "recommendations": items,
                "refused": {"type": "array", "items": _object({"field": text, "text": text, "rule": text})},
                "missing_features": {"type": "array", "items": text}, "features": {"type": ["object", "null"]},
            }, ["position", "recommendations", "refused", "missing_features"]),
        }}),
        "Model": _object({
            "model": text, **about, "published_at": {"type": "string", "format": "date-time"}, "customers": whole,
            "offers": {"type": "boolean"}, "snapshot": text, "request_id": text,
        }),
        "Products": _object({"products": {"type": "array", "items": product}, "request_id": text}),
        "Health": _object({"status": text}),
        "Ready": _object({"status": text, "month": text, "request_id": text, "message": text}, ["status", "month", "request_id"]),
        "Refusal": _object({"error": text, "message": text, "request_id": text}),
    }  # fmt: skip


def _object(properties: Mapping[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties) if required is None else required}


def _content(schema: str, example: Any) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}}


def _answer(schema: str, example: Any) -> dict[str, Any]:
    return {"description": "the answer", "content": _content(schema, example)}


def _body(schema: str, example: Any) -> dict[str, Any]:
    return {"required": True, "content": _content(schema, example)}


def _refusal(why: str) -> dict[str, Any]:
    return {"description": why, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}}
