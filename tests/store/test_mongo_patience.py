"""Requests wait for the database together: many of them wait no longer than one does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count

import pytest
from pymongo.errors import AutoReconnect, OperationFailure

from genesis.errors import GenesisError
from genesis.observed import Observed
from genesis.store.mongo import client
from genesis.store.mongo.client import Patience

Asking = tuple[Future[object], Callable[[Callable[[], object]], None]]


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    # Not time.sleep itself: threads that other tests left behind sleep, too.
    monkeypatch.setattr(client, "time", clock)
    monkeypatch.setattr(client, "GLANCE_SECONDS", 0.01)
    return clock


@pytest.fixture
def steadily(clock: Clock) -> Patience:
    return Patience(clock)


def away() -> None:
    raise AutoReconnect("connection closed")


def throttled() -> None:
    raise OperationFailure("Error=16500, RetryAfterMs=500, Details=…", 16500)


def answer() -> str:
    return "done"


def refused(steadily: Patience, operation: Callable[[], object]) -> GenesisError:
    with pytest.raises(GenesisError) as told:
        steadily(operation)
    return told.value


def retry_after(error: GenesisError) -> int:
    return int(error.headers["Retry-After"])


@pytest.mark.parametrize(("operation", "status"), [(away, 503), (throttled, 429)])
def test_one_request_waits_and_is_told(
    steadily: Patience, clock: Clock, operation: Callable[[], None], status: int
) -> None:
    began = clock()
    assert refused(steadily, operation).status == status
    assert client.PATIENCE_SECONDS - 3 < clock() - began <= client.PATIENCE_SECONDS


def test_who_comes_late_waits_no_longer_than_the_first(steadily: Patience, clock: Clock) -> None:
    began = clock()
    others = count()

    def meanwhile() -> None:
        if next(others) == 1:
            refused(steadily, away)
            assert clock() - began <= client.PATIENCE_SECONDS
        away()

    refused(steadily, meanwhile)
    assert next(others) > 1
    assert clock() - began <= client.PATIENCE_SECONDS + client.ALONE_SECONDS


@pytest.fixture
def asking(steadily: Patience, clock: Clock) -> Iterator[Asking]:
    """A request that asks after the others have waited in vain, and what ends it: an operation's result."""
    refused(steadily, away)
    clock.sleep(client.PATIENCE_SECONDS)
    asks, end, last = threading.Event(), threading.Event(), [answer]

    def wait() -> object:
        asks.set()
        end.wait(30)
        return last[0]()

    def let(operation: Callable[[], object]) -> None:
        last[0] = operation
        end.set()

    with ThreadPoolExecutor(1) as thread:
        request = thread.submit(steadily, wait)
        assert asks.wait(30)
        yield request, let
        end.set()


@pytest.mark.usefixtures("asking")
def test_while_one_asks_the_others_are_told_without_asking(steadily: Patience) -> None:
    asked: list[int] = []
    assert refused(steadily, lambda: asked.append(1)).status == 503
    assert asked == []


def test_when_the_database_has_answered_one_all_ask_it_again(steadily: Patience, asking: Asking) -> None:
    request, let = asking
    let(answer)
    assert request.result(30) == "done"
    # Both at a time, and each waits as long as ever.
    assert steadily(lambda: steadily(answer)) == "done"


def test_when_it_has_not_the_next_one_may_ask(steadily: Patience, asking: Asking) -> None:
    request, let = asking
    let(away)
    assert isinstance(request.exception(30), GenesisError)
    assert steadily(answer) == "done"


def test_one_that_asks_alone_is_not_told_for_one_command_that_is_throttled(
    steadily: Patience, clock: Clock
) -> None:
    refused(steadily, throttled)
    clock.sleep(client.PATIENCE_SECONDS)
    answers = iter([throttled, answer])
    assert steadily(lambda: next(answers)()) == "done"


def test_one_that_fails_while_others_are_answered_is_nobody_else_s_trouble(
    steadily: Patience, clock: Clock
) -> None:
    def slow() -> None:
        steadily(answer)
        clock.sleep(30)
        steadily(answer)
        away()

    refused(steadily, slow)
    answers = iter([away, away, answer])
    assert steadily(lambda: next(answers)()) == "done"


def test_the_commands_of_one_request_wait_no_longer_together_than_one_does(
    steadily: Patience, clock: Clock
) -> None:
    began = clock()

    def slow() -> None:
        until = clock() + client.PATIENCE_SECONDS * 0.6
        steadily(lambda: answer() if clock() >= until else throttled())

    with Observed("POST", "id"):
        slow()
        refused(steadily, slow)
    assert clock() - began <= client.PATIENCE_SECONDS
    slow()


def test_trouble_of_long_ago_is_forgotten(steadily: Patience, clock: Clock) -> None:
    refused(steadily, away)
    clock.sleep(client.FORGOTTEN_SECONDS + 1)
    began = clock()
    refused(steadily, away)
    assert clock() - began > client.PATIENCE_SECONDS - 3


@pytest.mark.parametrize(("operation", "least"), [(away, 5), (throttled, 2)])
def test_clients_come_back_the_later_the_longer_it_lasts_but_within_a_minute(
    steadily: Patience, clock: Clock, operation: Callable[[], None], least: int
) -> None:
    began, told = clock(), []
    for _ in range(8):
        seconds = retry_after(refused(steadily, operation))
        lasted = min(clock() - began, client.LONGEST_SECONDS)
        assert max(least, int(lasted / 2)) <= seconds <= max(least, lasted + 1)
        told.append(seconds)
        clock.sleep(seconds)
    # As long as MLflow's client asks.
    assert clock() - began > 120
