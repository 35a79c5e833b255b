"""A thread for short work: many that take turns at Python's lock spend more on turns than on work."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
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

    Brief work that waits is done ``together``: what it writes is kept at once, and all of it is told then.
    Where that fails, which ``together`` raises, each is done again by itself.
    """

    def __init__(
        self,
        others: ThreadPoolExecutor,
        together: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._others = others
        self._together = together
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()
        self._since = 0.0
        """When the work under way began; 0 when there is none."""
        self._is_watched = False
        self._thread = threading.Thread(target=self._run, name="genesis-lane", daemon=True)
        self._thread.start()

    async def run(self, work: Work, *, is_brief: bool = False) -> Response:
        """The result of ``work``, which a thread does; raises what it raises.

        What is brief may be done twice, where the first time left nothing behind.
        """
        loop = asyncio.get_running_loop()
        job = _Job(loop, work, is_brief=is_brief)
        if self._is_long():
            self._others.submit(job.run)
        else:
            self._waiting.put(job)
            self._watch(loop)
        return await job.done

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
        job = self._waiting.get()
        while job is not None:
            done = [job]
            taken = self._do_together(done) if job.is_brief else self._do(job)
            # Before anybody is told, who may ask again at once.
            self._since = 0.0
            _tell(done)
            job = taken[0] if taken else self._waiting.get()

    def _do(self, job: _Job) -> list[_Job | None]:
        self._since = time.monotonic()
        job.do()
        return []

    def _do_together(self, done: list[_Job]) -> list[_Job | None]:
        """Do the one of ``done`` and add what can be done with it; returns what was taken besides."""
        taken: list[_Job | None] = []
        try:
            with self._together():
                self._do(done[0])
                ends = self._since + SHORT_SECONDS
                while not taken and len(done) < MOST and time.monotonic() < ends:
                    try:
                        job = self._waiting.get_nowait()
                    except Empty:
                        break
                    if job is None or not job.is_brief:
                        taken.append(job)
                    else:
                        done.append(job)
                        self._do(job)
        except Exception:
            # Whatever it was, each is told of it by itself, and this thread lives on.
            for job in done:
                self._do(job)
        return taken

    def shutdown(self) -> None:
        """Returns when all that was taken up is done."""
        self._waiting.put(None)
        self._thread.join()


class _Job:
    """Work, and the future of its result: less than an executor's, which has locks of its own."""

    __slots__ = ("_failure", "_result", "_work", "done", "is_brief", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Work, *, is_brief: bool) -> None:
        self.is_brief = is_brief
        self.loop = loop
        self._work = work
        self._result: Response | None = None
        self._failure: BaseException | None = None
        self.done: asyncio.Future[Response] = loop.create_future()

    def run(self) -> None:
        self.do()
        _tell([self])

    def do(self) -> None:
        self._result = self._failure = None
        try:
            self._result = self._work()
        except BaseException as failure:
            self._failure = failure

    def settle(self) -> None:
        # Whoever waited may have been told that the server stops.
        if self.done.done():
            return
        if self._failure is not None:
            self.done.set_exception(self._failure)
        elif self._result is not None:
            self.done.set_result(self._result)


def _tell(done: Sequence[_Job]) -> None:
    # Once for all, which are of one loop: each call wakes it. It may be closed.
    with suppress(RuntimeError):
        done[0].loop.call_soon_threadsafe(_settle, done)


def _settle(done: Sequence[_Job]) -> None:
    for job in done:
        job.settle()
