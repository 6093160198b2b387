"""Calls that wait at the same time are scored together: a call of the model costs far more than a row of it."""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from santander.serving.now.scorer import MOST_RECORDS, Result, Scorer, nobody


class _Waiting(NamedTuple):
    records: Sequence[object]
    with_features: bool
    answer: "asyncio.Future[list[Result]]"


class Gathering:
    """Scores by one thread, for callers in one event loop; made by the loop's thread, and closed when the scorer is replaced."""

    def __init__(self, scorer: Scorer, withheld: Callable[[int], bool] = nobody) -> None:
        """``withheld`` is asked as in ``Scorer.score``, by the thread."""
        self.scorer, self._withheld = scorer, withheld
        self._loop = asyncio.get_running_loop()
        self._calls: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="scoring", daemon=True)
        self._thread.start()

    async def score(self, records: Sequence[object], *, with_features: bool = False) -> list[Result]:
        """Return a result for each record, in order; ``position`` counts the records of this call."""
        answer: asyncio.Future[list[Result]] = self._loop.create_future()
        self._calls.put(_Waiting(records, with_features, answer))
        return await answer

    def close(self) -> None:
        """Let the thread answer the calls that wait, and end; no call may come after it."""
        self._calls.put(None)

    def _run(self) -> None:
        with threadpool_limits(1, user_api="openmp"):  # a few rows are no work for two threads that wait for each other
            ends = False
            while not ends:
                calls, ends = self._waiting()
                if calls:
                    self._answer(calls)

    def _waiting(self) -> tuple[list[_Waiting], bool]:
        """Return the calls that wait, at least one, and whether none comes after them."""
        calls: list[_Waiting] = []
        call, rows = self._calls.get(), 0
        while call is not None:
            calls.append(call)
            rows += len(call.records)
            if rows >= MOST_RECORDS or self._calls.empty():
                return calls, False
            call = self._calls.get()
        return calls, True

    def _answer(self, calls: Sequence[_Waiting]) -> None:
        outcomes: list[list[Result] | Exception]
        try:
            outcomes = list(self._scored(calls))
        except Exception as error:  # noqa: BLE001  (whatever one call brings, the others have their answers)
            outcomes = [error] if len(calls) == 1 else [self._alone(call) for call in calls]
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_deliver, calls, outcomes)

    def _scored(self, calls: Sequence[_Waiting]) -> Iterator[list[Result]]:
        together = [record for call in calls for record in call.records]
        results = self.scorer.score(together, with_features=any(call.with_features for call in calls), withheld=self._withheld)
        first = 0
        for call in calls:
            own = results[first : first + len(call.records)]
            yield [result._replace(position=place) for place, result in enumerate(own)] if first else own
            first += len(own)

    def _alone(self, call: _Waiting) -> list[Result] | Exception:
        try:
            return self.scorer.score(call.records, with_features=call.with_features, withheld=self._withheld)
        except Exception as error:  # noqa: BLE001
            return error


def _deliver(calls: Sequence[_Waiting], outcomes: Sequence[list[Result] | Exception]) -> None:
    for call, outcome in zip(calls, outcomes, strict=True):
        if call.answer.done():  # the caller has gone
            continue
        if isinstance(outcome, Exception):
            call.answer.set_exception(outcome)
        else:
            call.answer.set_result(outcome)
