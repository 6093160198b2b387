"""``POST /v1/score``: lists of records by the model, now."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from santander.errors import SantanderError, telling_line
from santander.serving.http.answers import Answer
from santander.serving.http.bodies import json_body
from santander.serving.http.given import of_model
from santander.serving.http.refusals import NOT_SCORING, RefusedRequest, wrong
from santander.serving.http.routes import Call, Route
from santander.serving.keys import Scope
from santander.serving.log.ring import Given

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.serving.http.lists import RenderedLists
    from santander.serving.now.gathering import Gathering
    from santander.serving.now.scorer import Result, Scorer

log = logging.getLogger(__name__)

ADDRESS = "/v1/score"
_FIELDS = ("records", "features")


class ScoringNow:
    """The model of the month that is served, loaded after the worker answers its first lists, and anew with each month."""

    def __init__(self, settings: "Settings", withheld: Callable[[int], bool]) -> None:
        self._settings, self._withheld = settings, withheld
        self._gathering: tuple[RenderedLists, Gathering] | None = None
        self._trouble: str | None = None

    def route(self) -> Route:
        """Return the route."""
        return Route("POST", ADDRESS, Scope.SCORE, self.score, label="score")

    async def follow(self, lists: "RenderedLists") -> None:
        """Load the model of these lists where another one is loaded; called in the event loop, which goes on meanwhile."""
        if self._gathering is not None and self._gathering[0] is lists:
            return
        try:
            scorer = await asyncio.to_thread(self._load, lists)
        except (SantanderError, OSError, ValueError, ImportError) as error:
            if (trouble := telling_line(error)) != self._trouble:
                log.error("the model of %s does not score: %s", lists.snapshot.month, trouble)  # noqa: TRY400
            self._trouble = trouble
            return
        from santander.serving.now.gathering import Gathering

        before, self._gathering, self._trouble = self._gathering, (lists, Gathering(scorer, self._withheld)), None
        log.info("version %d scores records of %s", lists.snapshot.version, lists.snapshot.month)
        if before is not None:
            before[1].close()

    async def score(self, call: Call) -> Answer:
        """Return lists of the records of a body."""
        body = await json_body(call.receive, call.sent.length, self._settings.serving.http)
        records, with_features = _asked(body, self._settings.serving.http.max_records)
        if self._gathering is None:
            raise RefusedRequest(NOT_SCORING)
        lists, gathering = self._gathering
        results = await gathering.score(records, with_features=True)
        texts = [self._result(lists, result, with_features=with_features) for result in results]
        for result in results:
            if result.scored:
                call.given.append(_given(lists, result))
        snapshot = lists.snapshot
        head = f'"request_id": "{call.request_id}", "month": "{snapshot.month}", "model_version": {snapshot.version}'
        return f'{{{head}, "results": [{", ".join(texts)}]}}'.encode()

    def _load(self, lists: "RenderedLists") -> "Scorer":
        from santander.serving.now.starting import import_lean

        import_lean()
        from santander.serving.now.scorer import Scorer

        scorer = Scorer(lists.snapshot, self._settings.ingest.null_spellings)
        scorer.warm_up()
        return scorer

    def _result(self, lists: "RenderedLists", result: "Result", *, with_features: bool) -> str:
        items = lists.of_model(result.products.tolist(), result.scores.tolist(), result.chances.tolist())
        refused = json.dumps([each._asdict() for each in result.refused]) if result.refused else "[]"
        missing = json.dumps(list(result.missing_features)) if result.missing_features else "[]"
        features = f', "features": {result.features or "null"}' if with_features else ""
        return (
            f'{{"position": {result.position}, "recommendations": {items}, "refused": {refused}, '
            f'"missing_features": {missing}{features}}}'
        )


def _asked(body: dict[str, Any], most: int) -> tuple[Sequence[object], bool]:
    if not body.keys() <= set(_FIELDS):
        raise RefusedRequest(wrong(f"unknown field: there are {', '.join(_FIELDS)}"))
    records, with_features = body.get("records"), body.get("features", False)
    if not isinstance(records, list) or not 1 <= len(records) <= most:
        raise RefusedRequest(wrong(f"records: a list of 1 to {most:,} records"))
    if not isinstance(with_features, bool):
        raise RefusedRequest(wrong("features: true or false"))
    return records, with_features


def _given(lists: "RenderedLists", result: "Result") -> Given:
    return of_model(result.customer_id, lists, result.products.tolist(), result.chances.tolist(), result.features)
