"""Which route an address belongs to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from santander.serving.http.description import descriptions
from santander.serving.http.lookups import BEGIN, END
from santander.serving.http.routes import Route

if TYPE_CHECKING:
    from santander.config.sections import HttpSettings


class Routes:
    """The routes by their addresses, and one for each customer."""

    def __init__(self, routes: Mapping[str, Route], limits: "HttpSettings") -> None:
        self._by_path = {**routes, **descriptions(routes, limits)}
        self._of_customer = self._by_path.pop(f"{BEGIN}{{customer_id}}{END}")

    def find(self, path: str) -> Route | None:
        """Return the route of an address; None where there is none."""
        if path.startswith(BEGIN) and path.endswith(END) and "/" not in path[len(BEGIN) : -len(END)]:
            return self._of_customer
        return self._by_path.get(path)
