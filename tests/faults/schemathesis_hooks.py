"""What the OpenAPI document cannot tell schemathesis: JSON Schema takes 7.0 for an integer, and the service does not."""

from typing import Any

import schemathesis


def whole(value: Any) -> Any:
    """Return the value with 7 in place of 7.0, wherever it stands."""
    if isinstance(value, dict):
        return {name: whole(inside) for name, inside in value.items()}
    if isinstance(value, list):
        return [whole(inside) for inside in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """As it is sent."""
    return whole(body)
