"""Short work has a thread to itself, and never waits for long work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import chain
from typing import Any

import pytest

from genesis.errors import unavailable
from genesis.http import Response
from genesis.lane import MOST, Lane

SECONDS = 60


class Groups:
    """What was done together, while it is and afterwards; the first ``failing`` groups cannot be kept."""

    def __init__(self, failing: int = 0) -> None:
        self.kept: list[list[int]] = []
        self.is_open = False
        self._failing = failing

    @contextmanager
    def together(self) -> Iterator[None]:
        self.is_open = True
        self.kept.append([])
        yield
        self.is_open = False
        if self._failing:
            self._failing -= 1
            raise unavailable("on purpose")

    def work(self, number: int) -> Response:
        """Work that notes whether it is done in a group, or alone (status 599)."""
        if self.is_open:
            self.kept[-1].append(number)
        return named(number if self.is_open else 599)


@contextmanager
def refused() -> Iterator[None]:
    """Others write."""
    raise unavailable("on purpose")
    yield


def played(
    scene: Callable[[Lane], Coroutine[Any, Any, None]],
    together: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    async def play() -> None:
        with ThreadPoolExecutor(4, thread_name_prefix="other") as others:
            lane = Lane(others, together)
            try:
                await asyncio.wait_for(scene(lane), SECONDS)
            finally:
                lane.shutdown()

    asyncio.run(play())


@pytest.fixture
def nothing_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, nothing is handed to others."""
    monkeypatch.setattr("genesis.lane.SHORT_SECONDS", 60.0)


def named(status: int = 200) -> Response:
    return Response(status, {"Thread": threading.current_thread().name})


def stuck(until: threading.Event, began: threading.Event | None = None) -> Response:
    if began is not None:
        began.set()
    assert until.wait(SECONDS)
    return named()


async def set_soon(event: threading.Event) -> None:
    await asyncio.get_running_loop().run_in_executor(None, event.wait, SECONDS)


@pytest.mark.usefixtures("nothing_is_long")
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


HERE = threading.current_thread().name
"""The thread of the loop."""


@pytest.mark.usefixtures("nothing_is_long")
def test_brief_work_that_came_at_once_is_done_together_on_the_loop_and_told_afterwards() -> None:
    groups = Groups()

    async def scene(lane: Lane) -> None:
        told: list[bool] = []
        waiting = []
        for number in range(3):
            task = asyncio.ensure_future(lane.run(partial(groups.work, number), is_brief=True))
            task.add_done_callback(lambda _: told.append(groups.is_open))
            waiting.append(task)
        replies = await asyncio.gather(*waiting)
        assert [reply.status for reply in replies] == [0, 1, 2]
        assert {reply.headers["Thread"] for reply in replies} == {HERE}
        assert told == [False] * 3

    played(scene, groups.together)
    assert groups.kept == [[0, 1, 2]]


def test_reading_needs_no_group() -> None:
    async def scene(lane: Lane) -> None:
        reply = await lane.run(named, is_brief=True, writes=False)
        assert reply.headers["Thread"] == HERE

    played(scene, refused)


@pytest.mark.usefixtures("nothing_is_long")
def test_work_that_is_not_brief_is_in_no_group() -> None:
    groups = Groups()

    async def scene(lane: Lane) -> None:
        reply = await lane.run(partial(groups.work, 0))
        assert (reply.status, reply.headers["Thread"]) == (599, "genesis-lane")

    played(scene, groups.together)
    assert groups.kept == []


@pytest.mark.usefixtures("nothing_is_long")
def test_brief_work_waits_for_what_keeps_the_thread() -> None:
    groups = Groups()

    async def scene(lane: Lane) -> None:
        go_on, began = threading.Event(), threading.Event()
        first = asyncio.ensure_future(lane.run(partial(stuck, go_on, began)))
        await set_soon(began)
        brief = asyncio.ensure_future(lane.run(partial(groups.work, 0), is_brief=True))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not brief.done()
        go_on.set()
        reply = await brief
        assert (reply.status, reply.headers["Thread"]) == (599, "genesis-lane")
        await first

    played(scene, groups.together)


@pytest.mark.usefixtures("nothing_is_long")
def test_brief_work_that_the_thread_does_sends_no_other_there() -> None:
    groups = Groups(failing=1)

    async def scene(lane: Lane) -> None:
        go_on, began = threading.Event(), threading.Event()

        def first() -> Response:
            return named() if groups.is_open else stuck(go_on, began)

        again = asyncio.ensure_future(lane.run(first, is_brief=True))
        await set_soon(began)
        reply = await lane.run(partial(groups.work, 1), is_brief=True)
        assert (reply.status, reply.headers["Thread"]) == (1, HERE)
        go_on.set()
        assert (await again).headers["Thread"] == "genesis-lane"

    played(scene, groups.together)


@pytest.mark.usefixtures("nothing_is_long")
def test_no_more_than_some_are_done_together() -> None:
    groups = Groups()

    async def scene(lane: Lane) -> None:
        works = [lane.run(partial(groups.work, number), is_brief=True) for number in range(3 * MOST)]
        await asyncio.gather(*works)

    played(scene, groups.together)
    assert list(chain(*groups.kept)) == list(range(3 * MOST))
    assert [len(group) for group in groups.kept] == [MOST] * 3


def test_what_takes_long_together_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genesis.lane.SHORT_SECONDS", 0.0)
    groups = Groups()

    async def scene(lane: Lane) -> None:
        works = [lane.run(partial(groups.work, number), is_brief=True) for number in range(3)]
        assert [reply.status for reply in await asyncio.gather(*works)] == [0, 1, 2]

    played(scene, groups.together)
    assert groups.kept == [[0], [1], [2]]


@pytest.mark.usefixtures("nothing_is_long")
def test_what_could_not_be_kept_together_is_done_again_one_by_one() -> None:
    groups = Groups(failing=1)

    async def scene(lane: Lane) -> None:
        def broken() -> Response:
            raise ZeroDivisionError("on purpose")

        works = [lane.run(partial(groups.work, number), is_brief=True) for number in range(2)]
        *replies, failure = await asyncio.gather(
            *works, lane.run(broken, is_brief=True), return_exceptions=True
        )
        assert isinstance(failure, ZeroDivisionError)
        found = [(r.status, r.headers["Thread"]) for r in replies if isinstance(r, Response)]
        assert found == [(599, "genesis-lane")] * 2

    played(scene, groups.together)
    assert groups.kept == [[0, 1]]


@pytest.mark.usefixtures("nothing_is_long")
def test_what_cannot_be_written_at_once_is_left_to_the_thread() -> None:
    async def scene(lane: Lane) -> None:
        works = [lane.run(named, is_brief=True) for _ in range(2 * MOST)]
        replies = await asyncio.gather(*works)
        assert {reply.headers["Thread"] for reply in replies} == {"genesis-lane"}

    played(scene, refused)


def test_a_group_that_fails_in_a_way_nobody_thought_of_is_told_to_nobody() -> None:
    @contextmanager
    def together() -> Iterator[None]:
        yield
        raise ZeroDivisionError("on purpose")

    async def scene(lane: Lane) -> None:
        for _ in range(2):
            assert (await lane.run(named, is_brief=True)).headers["Thread"] == "genesis-lane"

    played(scene, together)


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


def test_shutdown_ends_it_though_long_work_is_under_way() -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as others:
            lane = Lane(others)
            go_on, began = threading.Event(), threading.Event()
            long = asyncio.ensure_future(lane.run(partial(stuck, go_on, began)))
            await set_soon(began)
            behind = asyncio.ensure_future(lane.run(named))
            await asyncio.sleep(0)
            ending = loop.run_in_executor(None, lane.shutdown)
            # By now it has been seen that the work is long.
            assert (await behind).headers["Thread"].startswith("ThreadPool")
            go_on.set()
            assert (await long).status == 200
            await ending

    asyncio.run(asyncio.wait_for(scene(), SECONDS))
