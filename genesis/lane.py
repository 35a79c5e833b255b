"""Where short work is done: threads that take turns at Python's lock spend more on turns than on work."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from queue import Empty, SimpleQueue

from genesis.http import Response

Work = Callable[[], Response]

SHORT_SECONDS = 0.005
"""What takes longer holds nobody up: others do what waits behind it."""

MOST = 16
"""How many are done together."""


class Lane:
    """One thread that does one thing after the other, and others for what waits behind long work.

    While it has nothing to do, brief work is done on the loop's own thread, all that has come since its
    last turn ``together``: what that writes is kept at once, and all of it is told then. Where that cannot
    be, which ``together`` raises, each is done again by the lane's thread, by itself.
    """

    def __init__(
        self,
        others: ThreadPoolExecutor,
        together: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._others = others
        self._together = together
        self._brief: deque[_Job] = deque()
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()
        self._since = 0.0
        """When the work under way began; 0 when there is none."""
        self._is_brief = False
        """Whether the work under way is brief."""
        self._is_watched = False
        self._thread = threading.Thread(target=self._run, name="genesis-lane", daemon=True)
        self._thread.start()

    async def run(self, work: Work, *, is_brief: bool = False, writes: bool = True) -> Response:
        """The result of ``work``, which some thread does; raises what it raises.

        What is brief waits for nothing, and may be done twice, where the first time left nothing behind.
        """
        loop = asyncio.get_running_loop()
        job = _Job(loop, work, is_brief=is_brief, writes=writes)
        if is_brief and not self._is_taken():
            self._brief.append(job)
            if len(self._brief) == 1:
                # Not at once: whoever was told last may be back by the loop's next turn.
                loop.call_soon(loop.call_soon, self._do_brief, loop)
        elif self._is_long():
            self._others.submit(job.run)
        else:
            self._queue(job, loop)
        return await job.done

    def _is_taken(self) -> bool:
        """Whether something is under way that keeps Python's lock, or the database, for long."""
        return self._since > 0 and (not self._is_brief or self._is_long())

    def _do_brief(self, loop: asyncio.AbstractEventLoop) -> None:
        done: list[_Job] = []
        ends = time.monotonic() + SHORT_SECONDS
        try:
            with self._together() if any(job.writes for job in self._brief) else nullcontext():
                while self._brief and len(done) < MOST and (not done or time.monotonic() < ends):
                    done.append(self._brief.popleft())
                    done[-1].do()
        except Exception:
            # Others write, or it was not kept: the thread may wait, and tells each by itself.
            for job in (*done, *self._brief):
                self._queue(job, loop)
            self._brief.clear()
            return
        for job in done:
            job.settle()
        if self._brief:
            loop.call_soon(self._do_brief, loop)

    def _queue(self, job: _Job, loop: asyncio.AbstractEventLoop) -> None:
        self._waiting.put(job)
        self._watch(loop)

    def _is_long(self) -> bool:
        since = self._since
        return since > 0 and time.monotonic() - since > SHORT_SECONDS

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_watched:
            self._is_watched = True
            loop.call_later(SHORT_SECONDS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_watched = False
        if self._is_long():
            self._hand_over()
        elif not self._waiting.empty():
            self._watch(loop)

    def _hand_over(self) -> None:
        with suppress(Empty):
            while (job := self._waiting.get_nowait()) is not None:
                self._others.submit(job.run)
            # That the lane ends concerns its own thread.
            self._waiting.put(None)

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            self._is_brief = job.is_brief
            self._since = time.monotonic()
            job.do()
            # Before it is told: who waited may ask again at once.
            self._since = 0.0
            job.tell()

    def shutdown(self) -> None:
        """Returns when all that was taken up is done."""
        self._waiting.put(None)
        self._thread.join()


class _Job:
    """Work, and the future of its result: less than an executor's, which has locks of its own."""

    __slots__ = ("_failure", "_loop", "_result", "_work", "done", "is_brief", "writes")

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Work, *, is_brief: bool, writes: bool) -> None:
        self.is_brief = is_brief
        self.writes = writes
        self._loop = loop
        self._work = work
        self._result: Response | None = None
        self._failure: BaseException | None = None
        self.done: asyncio.Future[Response] = loop.create_future()

    def run(self) -> None:
        self.do()
        self.tell()

    def do(self) -> None:
        self._result = self._failure = None
        try:
            self._result = self._work()
        except BaseException as failure:
            self._failure = failure

    def tell(self) -> None:
        """Settle it from another thread."""
        # The loop may be closed.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.settle)

    def settle(self) -> None:
        # Whoever waited may have been told that the server stops.
        if self.done.done():
            return
        if self._failure is not None:
            self.done.set_exception(self._failure)
        elif self._result is not None:
            self.done.set_result(self._result)
