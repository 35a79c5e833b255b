"""Short work has a thread to itself, and never waits for long work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from genesis.http import Response
from genesis.lane import Lane

SECONDS = 60


def played(scene: Callable[[Lane], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        with ThreadPoolExecutor(4, thread_name_prefix="other") as others:
            lane = Lane(others)
            try:
                await asyncio.wait_for(scene(lane), SECONDS)
            finally:
                lane.shutdown()

    asyncio.run(play())


def named(status: int = 200) -> Response:
    return Response(status, {"Thread": threading.current_thread().name})


def stuck(until: threading.Event, began: threading.Event | None = None) -> Response:
    if began is not None:
        began.set()
    assert until.wait(SECONDS)
    return named()


async def set_soon(event: threading.Event) -> None:
    await asyncio.get_running_loop().run_in_executor(None, event.wait, SECONDS)


def test_all_short_work_is_done_by_one_thread_in_the_order_in_which_it_came() -> None:
    async def scene(lane: Lane) -> None:
        order: list[int] = []

        def work(number: int) -> Response:
            order.append(number)
            return named(number)

        replies = await asyncio.gather(*(lane.run(partial(work, number)) for number in range(100)))
        assert order == [reply.status for reply in replies] == list(range(100))
        assert {reply.headers["Thread"] for reply in replies} == {"genesis-lane"}

    played(scene)


def test_what_waits_behind_long_work_is_done_by_others() -> None:
    async def scene(lane: Lane) -> None:
        go_on = threading.Event()
        long = asyncio.ensure_future(lane.run(partial(stuck, go_on)))
        # One that comes at once, and one that comes when it is known to be long.
        behind = await asyncio.gather(*(lane.run(named) for _ in range(3)))
        later = await lane.run(named)
        assert not long.done()
        go_on.set()
        assert (await long).headers["Thread"] == "genesis-lane"
        assert all(reply.headers["Thread"].startswith("other") for reply in (*behind, later))

    played(scene)


def test_after_long_work_short_work_has_its_thread_again() -> None:
    async def scene(lane: Lane) -> None:
        go_on, began = threading.Event(), threading.Event()
        long = asyncio.ensure_future(lane.run(partial(stuck, go_on, began)))
        await set_soon(began)
        await lane.run(named)
        go_on.set()
        await long
        assert (await lane.run(named)).headers["Thread"] == "genesis-lane"

    played(scene)


def test_what_work_raises_is_raised_and_the_thread_lives_on() -> None:
    async def scene(lane: Lane) -> None:
        def broken() -> Response:
            raise ZeroDivisionError("on purpose")

        with pytest.raises(ZeroDivisionError, match="on purpose"):
            await lane.run(broken)
        assert (await lane.run(named)).headers["Thread"] == "genesis-lane"

    played(scene)


def test_who_does_not_wait_for_the_result_any_more_breaks_nothing() -> None:
    async def scene(lane: Lane) -> None:
        go_on, began = threading.Event(), threading.Event()
        long: Awaitable[Response] = lane.run(partial(stuck, go_on, began))
        task = asyncio.ensure_future(long)
        await set_soon(began)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        assert (await lane.run(named)).status == 200

    played(scene)


def test_shutdown_waits_for_what_was_taken_up() -> None:
    done: list[int] = []

    async def scene() -> None:
        with ThreadPoolExecutor(1) as others:
            lane = Lane(others)

            def work() -> Response:
                done.append(1)
                return named()

            tasks = [asyncio.ensure_future(lane.run(work)) for _ in range(3)]
            await asyncio.sleep(0)
            lane.shutdown()
            await asyncio.gather(*tasks)

    asyncio.run(asyncio.wait_for(scene(), SECONDS))
    assert len(done) == 3
