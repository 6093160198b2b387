"""Callers that wait at the same time share a call of the model, and each has the answer to its own records."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import pytest

from santander.serving.now.gathering import Gathering
from santander.serving.now.scorer import Result


class Echo:
    """Scores a record by its number; notes how many it was asked for at once, and waits to be let go on."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.may_go_on = threading.Event()
        self.busy = threading.Event()

    def score(self, records: Sequence[object], *, with_features: bool, withheld: object) -> list[Result]:  # noqa: ARG002
        self.busy.set()
        assert self.may_go_on.wait(10)
        self.asked.append(len(records))
        if "broken" in records:
            raise ZeroDivisionError
        none = np.empty(0)
        used = "{}" if with_features else None
        return [Result(i, None, np.array([record]), none, none, (), (), used, scored=True) for i, record in enumerate(records)]


def run(work: Callable[[Gathering, Echo], Awaitable[None]]) -> Echo:
    async def in_loop() -> None:
        gathering = Gathering(echo)
        try:
            await work(gathering, echo)
        finally:
            gathering.close()
            await asyncio.to_thread(gathering._thread.join, 10)
            assert not gathering._thread.is_alive()

    echo = Echo()
    asyncio.run(asyncio.wait_for(in_loop(), 20))
    return echo


async def begun(gathering: Gathering, echo: Echo, record: object = 0) -> "asyncio.Task[list[Result]]":
    """A call that the scorer is at, while others come."""
    first = asyncio.create_task(gathering.score([record]))
    assert await asyncio.to_thread(echo.busy.wait, 10)
    return first


def numbers(results: Sequence[Result]) -> list[int]:
    assert [result.position for result in results] == list(range(len(results)))
    return [int(result.products[0]) for result in results]


def test_those_who_wait_are_scored_together_and_each_has_its_own() -> None:
    async def work(gathering: Gathering, echo: Echo) -> None:
        first = await begun(gathering, echo)
        rest = [asyncio.create_task(gathering.score(list(range(n, 2 * n)), with_features=n == 3)) for n in (1, 2, 3, 4)]
        await asyncio.sleep(0)
        echo.may_go_on.set()
        assert numbers(await first) == [0]
        assert [numbers(await each) for each in rest] == [[1], [2, 3], [3, 4, 5], [4, 5, 6, 7]]

    assert run(work).asked == [1, 10]


def test_no_more_than_a_thousand_records_are_waited_for() -> None:
    async def work(gathering: Gathering, echo: Echo) -> None:
        first = await begun(gathering, echo)
        rest = [asyncio.create_task(gathering.score(list(range(600)))) for _ in range(3)]
        await asyncio.sleep(0)
        echo.may_go_on.set()
        await asyncio.gather(first, *rest)

    assert run(work).asked == [1, 1_200, 600]


def test_one_who_fails_or_has_gone_leaves_the_others_their_answers() -> None:
    async def work(gathering: Gathering, echo: Echo) -> None:
        first = await begun(gathering, echo)
        good, broken, gone = (asyncio.create_task(gathering.score([each])) for each in (5, "broken", 6))
        await asyncio.sleep(0)
        gone.cancel()
        echo.may_go_on.set()
        assert numbers(await first) == [0]
        assert numbers(await good) == [5]
        with pytest.raises(ZeroDivisionError):
            await broken
        assert (await asyncio.gather(gone, return_exceptions=True))[0].__class__ is asyncio.CancelledError

    assert run(work).asked == [1, 3, 1, 1, 1]


def test_who_waits_when_it_is_closed_is_still_answered() -> None:
    async def work(gathering: Gathering, echo: Echo) -> None:
        first = await begun(gathering, echo)
        second = asyncio.create_task(gathering.score([2]))
        await asyncio.sleep(0)
        gathering.close()
        echo.may_go_on.set()
        assert numbers(await first) + numbers(await second) == [0, 2]

    run(work)
