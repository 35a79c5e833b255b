"""Who fails too often waits, and nobody else does."""

from __future__ import annotations

import pytest

from genesis.auth import attempts
from genesis.auth.attempts import Attempts
from genesis.errors import Code, GenesisError
from tests.unit.auth.clocks import Hands


@pytest.fixture
def limit(hands: Hands) -> Attempts:
    return Attempts(hands.clock)


def fail(limit: Attempts, *whose: str, times: int = 10) -> None:
    for _ in range(times):
        limit.failed(*whose)


def test_ten_failures_in_a_minute_are_enough(limit: Attempts) -> None:
    fail(limit, "a", times=9)
    limit.check("a")
    fail(limit, "a", times=1)
    with pytest.raises(GenesisError, match="wait 60 seconds") as raised:
        limit.check("a")
    assert (raised.value.code, raised.value.status) == (Code.REQUEST_LIMIT_EXCEEDED, 429)
    assert raised.value.headers["Retry-After"] == "60"


def test_one_of_two_that_has_failed_is_enough(limit: Attempts) -> None:
    fail(limit, "address 1", "token x")
    limit.check("address 2", "token y")
    for whose in (("address 1", "token y"), ("address 2", "token x")):
        with pytest.raises(GenesisError):
            limit.check(*whose)


def test_who_waits_as_long_as_was_said_may_try_again(limit: Attempts, hands: Hands) -> None:
    fail(limit, "a", times=1)
    hands.move(30)
    fail(limit, "a", times=9)
    with pytest.raises(GenesisError) as raised:
        limit.check("a")
    assert raised.value.headers["Retry-After"] == "30"
    hands.move(29.5)
    with pytest.raises(GenesisError) as raised:
        limit.check("a")
    assert raised.value.headers["Retry-After"] == "1"
    hands.move(0.5)
    limit.check("a")
    fail(limit, "a", times=1)
    with pytest.raises(GenesisError):
        limit.check("a")


def test_failures_far_apart_are_none_too_many(limit: Attempts, hands: Hands) -> None:
    for _ in range(50):
        hands.move(6.7)
        limit.check("a")
        limit.failed("a")


def test_only_so_many_are_remembered(limit: Attempts, monkeypatch: pytest.MonkeyPatch, hands: Hands) -> None:
    monkeypatch.setattr(attempts, "REMEMBERED", 3)
    for name in "abc":
        fail(limit, name)
    fail(limit, "a", times=1)
    fail(limit, "d")
    limit.check("b")
    for name in "acd":
        with pytest.raises(GenesisError):
            limit.check(name)
    assert len(limit._failures) == 3
