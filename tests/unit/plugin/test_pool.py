"""Work of many threads, in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from threading import Barrier, Event

import pytest

from genesis.plugin.pool import in_order


def test_results_come_in_the_order_of_the_items() -> None:
    second_is_done = Event()

    def job(item: int) -> int:
        if item == 0:
            assert second_is_done.wait(10)
        elif item == 1:
            second_is_done.set()
        return item * 2

    assert list(in_order(job, range(5), threads=2, ahead=3, stop=Event())) == [0, 2, 4, 6, 8]


def test_so_many_run_at_once() -> None:
    together = Barrier(4)
    assert list(in_order(lambda _: together.wait(10) >= 0, range(8), threads=4, ahead=8, stop=Event()))


def test_no_more_is_taken_than_may_be_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    with closing(in_order(lambda item: item, items(), threads=2, ahead=5, stop=Event())) as results:
        next(results)
        assert len(taken) == 5
        next(results)
        assert len(taken) == 6


def test_a_failure_ends_it_for_all() -> None:
    stop = Event()
    done = []

    def job(item: int) -> int:
        if item == 0:
            raise ValueError
        # One that waits, as for a storage that is away, waits no longer.
        assert stop.wait(10)
        done.append(item)
        return item

    with pytest.raises(ValueError):
        list(in_order(job, range(100), threads=2, ahead=50, stop=stop))
    assert len(done) <= 2


def test_a_consumer_that_leaves_ends_it() -> None:
    stop = Event()
    results = in_order(lambda item: item, range(100), threads=2, ahead=50, stop=stop)
    next(results)

    results.close()

    assert stop.is_set()
