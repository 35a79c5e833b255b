"""Work of many threads, consumed in order and never far ahead of the consumer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    job: Callable[[Item], Result], items: Iterable[Item], *, threads: int, ahead: int, stop: Event
) -> Generator[Result, None, None]:
    """``job`` of each item, in threads; at most ``ahead`` of them done, or being done, but not yet yielded.

    The first that fails, or a consumer that leaves, sets ``stop`` and ends it for all.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="genesis") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(job, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
