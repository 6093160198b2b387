"""The page for people of an OpenAPI document: text and tables, no script and nothing from another host."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from santander.serving.http.answers import Page

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c }
h2 { margin-top: 2.5rem; font-size: 1.1rem; font-family: ui-monospace, monospace } h2 b { color: #a30000 }
pre { background: #f4f4f4; padding: .75rem; overflow-x: auto; font-size: .85rem }
table { border-collapse: collapse }
td, th { border: 1px solid #ccc; padding: .25rem .6rem; text-align: left; vertical-align: top }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def docs_page(document: dict[str, Any]) -> Page:
    """Return the page."""
    about = document["info"]
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(about["title"])}</title>',
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>',
        f"<h1>{escape(about['title'])}</h1><p>{escape(about['description'])} The document behind this page: ",
        '<a href="/openapi.json">/openapi.json</a>. A key travels as <code>Authorization: Bearer KEY</code>.</p>',
        *(part for address, by_method in document["paths"].items() for part in _operations(address, by_method)),
        "</body></html>",
    ]
    return Page("".join(parts).encode(), b"text/html; charset=utf-8", _POLICY.encode())


def _operations(address: str, by_method: dict[str, Any]) -> Iterator[str]:
    for method, operation in by_method.items():
        yield f"<h2><b>{method.upper()}</b> {escape(address)}</h2><p>{escape(operation['summary'])}. "
        yield f"{escape(operation.get('description', ''))}</p>"
        if parameters := operation.get("parameters"):
            rows = "".join(
                f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td><td>{_meant(each['schema'])}</td></tr>"
                for each in parameters
            )
            yield f"<table><tr><th>parameter</th><th>in</th><th>values</th></tr>{rows}</table>"
        if (body := operation.get("requestBody")) is not None:
            yield f"<p>Body</p>{_example(body)}"
        for code, answer in operation["responses"].items():
            yield f"<p><b>{code}</b> {escape(answer['description'])}</p>{_example(answer)}"


def _meant(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        text = " or ".join(schema["enum"])
    elif "pattern" in schema:
        text = schema["pattern"]
    else:
        text = f"{schema['type']}, {schema['minimum']} to {schema['maximum']}"
    return escape(text + (f"; {schema['default']} unless given" if "default" in schema else ""))


def _example(of: dict[str, Any]) -> str:
    content = of["content"]["application/json"]
    if "example" not in content:
        return ""
    return f"<pre>{escape(json.dumps(content['example'], indent=2, ensure_ascii=False))}</pre>"
