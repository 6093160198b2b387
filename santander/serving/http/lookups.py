"""What the routes of the snapshot answer."""

import datetime as dt
import json
import logging
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from santander.errors import telling_line
from santander.serving.http.answers import Answer, Page
from santander.serving.http.asked import Asked, asked_in_query, customer_in_path, customers_in_body
from santander.serving.http.bodies import json_body
from santander.serving.http.given import of_popularity, of_snapshot
from santander.serving.http.refusals import NO_OFFERS, NOT_READY, UNKNOWN, Refusal, RefusedRequest
from santander.serving.http.routes import Call, Route
from santander.serving.keys import Scope
from santander.serving.metrics import Served

if TYPE_CHECKING:
    from santander.config.sections import HttpSettings
    from santander.serving.http.current import CurrentLists
    from santander.serving.http.left_out import LeftOut
    from santander.serving.http.lists import RenderedLists
    from santander.serving.metrics import Metrics

log = logging.getLogger(__name__)

BEGIN, END = "/v1/customers/", "/recommendations"


class _Found(NamedTuple):
    """The list of a customer as JSON, and what it rests on."""

    source: bytes
    items: bytes


class Lookups:
    """Answers from the snapshot that is current when a request is read; each takes it once."""

    def __init__(self, current: "CurrentLists", left_out: "LeftOut", limits: "HttpSettings", metrics: "Metrics") -> None:
        self._current, self._left_out, self._limits, self._metrics = current, left_out, limits, metrics
        self._show()
        self._trouble: str | None = None
        self.ends = False
        """Whether this worker takes no more requests."""

    def routes(self) -> dict[str, Route]:
        """Return the routes by their addresses."""
        read = Scope.READ
        return {
            f"{BEGIN}{{customer_id}}{END}": Route(
                "GET", f"{BEGIN}{{customer_id}}{END}", read, self.of_customer, label="recommendations"
            ),
            "/v1/recommendations": Route("POST", "/v1/recommendations", read, self.of_customers, label="batch"),
            "/v1/model": Route("GET", "/v1/model", read, self.model),
            "/v1/products": Route("GET", "/v1/products", read, self.products),
            "/health": Route("GET", "/health", None, self.health, is_free=True),
            "/ready": Route("GET", "/ready", None, self.ready, is_free=True),
        }

    def of_customer(self, call: Call) -> Answer:
        """Return the list of one customer."""
        customer_id = customer_in_path(call.path[len(BEGIN) : -len(END)])
        asked = asked_in_query(call.query)
        if isinstance(asked, Refusal):
            raise RefusedRequest(asked)
        lists = self._current.lists
        (found,) = self._found(lists, (customer_id,), asked, call)
        if found is None:
            raise RefusedRequest(UNKNOWN)
        return lists.answer(customer_id, *found, call.request_id)

    async def of_customers(self, call: Call) -> Answer:
        """Return the lists of several customers, in the order in which they were asked for."""
        body = await json_body(call.receive, call.sent.length, self._limits)
        ids, asked = customers_in_body(body, self._limits.max_ids)
        lists = self._current.lists
        results = [
            b'{"customer_id": %d, "error": "unknown"}' % customer_id
            if found is None
            else b'{"customer_id": %d, "source": "%b", "recommendations": %b}' % (customer_id, *found)
            for customer_id, found in zip(ids, self._found(lists, ids, asked, call), strict=True)
        ]
        return lists.answers(results, call.request_id)

    def model(self, call: Call) -> Answer:
        """Return what made the lists."""
        snapshot = self._current.lists.snapshot
        manifest = snapshot.manifest
        about = {
            "model": manifest.model, "model_version": snapshot.version, "month": str(snapshot.month),
            "as_of": str(snapshot.as_of),
            "published_at": manifest.made_at.isoformat(), "customers": manifest.customers, "offers": manifest.has_offers,
            "snapshot": snapshot.digest, "request_id": call.request_id,
        }  # fmt: skip
        return json.dumps(about).encode()

    def products(self, call: Call) -> Answer:
        """Return what a list may name."""
        products = [
            {"product": of["name"], "name_en": of["name_en"], "name_es": of["name_es"], "column": of["column"]}
            for of in self._current.lists.snapshot.products
        ]
        return json.dumps({"products": products, "request_id": call.request_id}, ensure_ascii=False).encode()

    def health(self, call: Call) -> Answer:  # noqa: ARG002  (as every route)
        """Say that this process runs."""
        return b'{"status": "ok"}'

    def ready(self, call: Call) -> Answer:
        """Say whether lists can be answered, and from which month; the status is 503 where not."""
        snapshot = self._current.lists.snapshot
        most = self._limits.ready_days
        too_old = most is not None and dt.datetime.now(dt.UTC) - snapshot.manifest.made_at > dt.timedelta(days=most)
        why = "the worker ends" if self.ends else "the snapshot is too old" if too_old else None
        if why is None and self._trouble is not None:
            why = "it cannot be told who objects or was erased"
        about = {"status": "ready" if why is None else "not ready", "month": str(snapshot.month), "request_id": call.request_id}
        content = json.dumps(about | ({} if why is None else {"message": why})).encode()
        return content if why is None else Page(content, b"application/json", status=503)

    @property
    def lists(self) -> "RenderedLists":
        """The lists that are current."""
        return self._current.lists

    def look_again(self) -> None:
        """Ask whether a snapshot was published, and who objects or was erased, where the file system does not say so at once."""
        if self._current.look_again():
            snapshot = self._current.lists.snapshot
            log.info("snapshot of %s by version %d taken in", snapshot.month, snapshot.version)
            self._show()
        try:
            self._left_out.look_again()
        except Exception as error:  # noqa: BLE001  (whatever it is, it is not known who is listed)
            self._cannot_tell(error)
        else:
            self._trouble = None

    def _show(self) -> None:
        """Let the metrics name the snapshot that is served."""
        snapshot = self._current.lists.snapshot
        self._metrics.served = Served(str(snapshot.month), snapshot.version, snapshot.manifest.made_at.timestamp())

    def _found(self, lists: "RenderedLists", ids: Sequence[int], asked: Asked, call: Call) -> "list[_Found | None]":
        """Return the list of each customer, None for one who is unknown, and note for the log what is given.

        Raises RefusedRequest where the month has no such lists, or where it cannot be told who is left out.
        """
        if (of := lists.lists(asked)) is None:
            raise RefusedRequest(NO_OFFERS)
        left_out = self.left_out_among(ids)
        snapshot = lists.snapshot
        rows = snapshot.rows(ids) if len(ids) > 1 else [snapshot.row(ids[0])]
        stored = [None if row is None or each in left_out else of.at(row) for each, row in zip(ids, rows, strict=True)]
        texts = iter(lists.of_customers([each for each in stored if each is not None], asked))
        popular = _Found(b"popularity", lists.of_popularity(asked)) if asked.popularity else None
        found: list[_Found | None] = []
        for customer_id, each in zip(ids, stored, strict=True):
            if each is not None:
                call.given.append(of_snapshot(customer_id, lists, each, asked.top, offers=asked.offers))
                found.append(_Found(b"snapshot", next(texts)))
            elif popular is not None and customer_id not in left_out:
                call.given.append(of_popularity(customer_id, lists, asked.top, offers=asked.offers))
                found.append(popular)
            else:
                found.append(None)
        return found

    def left_out_among(self, customer_ids: Iterable[int]) -> Collection[int]:
        """Return those of these customers of whom nothing is said; raises RefusedRequest where that cannot be told."""
        try:
            left_out = self._left_out.among(customer_ids)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is not known who is listed)
            self._cannot_tell(error)
            raise RefusedRequest(NOT_READY) from None
        self._trouble = None
        return left_out

    def is_left_out(self, customer_id: int) -> bool:
        """Whether nothing is said of a customer; raises RefusedRequest where that cannot be told."""
        return bool(self.left_out_among((customer_id,)))

    def _cannot_tell(self, error: Exception) -> None:
        """Note, and say once, that nobody is answered while it is not known who objects or was erased."""
        if (trouble := telling_line(error)) != self._trouble:
            log.error("nobody is answered: %s", trouble)
        self._trouble = trouble
