"""The keys of Entra ID: when they are fetched, and what happens when they cannot be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest

from genesis.auth import keys
from genesis.auth.attempts import Attempts
from genesis.auth.entra import Entra
from genesis.settings import Settings
from tests.servers.directory import AUDIENCE, PATH, TENANT, Directory
from tests.unit.auth.clocks import Hands
from tests.unit.auth.entra_checks import ask, refused


def test_keys_are_fetched_once_a_day(check: Entra, directory: Directory, hands: Hands) -> None:
    for _ in range(5):
        ask(check, directory.token(hands.seconds))
    hands.move(24 * 3600 - 1)
    ask(check, directory.token(hands.seconds))
    assert directory.fetched == 1
    hands.move(1)
    ask(check, directory.token(hands.seconds))
    assert directory.fetched == 2


def test_a_key_that_is_gone_is_good_for_a_day_at_most(
    check: Entra, directory: Directory, hands: Hands
) -> None:
    ask(check, directory.token(hands.seconds))
    gone = directory.keys.pop("key-1")
    directory.keys["key-2"] = directory.later  # type: ignore[attr-defined]
    try:
        hands.move(24 * 3600)
        token = jwt.encode(directory.claims(hands.seconds), gone, algorithm="RS256", headers={"kid": "key-1"})
        assert refused(check, token).status == 401
    finally:
        directory.keys["key-1"] = gone


def test_a_new_key_is_fetched_when_a_token_names_it(check: Entra, directory: Directory, hands: Hands) -> None:
    ask(check, directory.token(hands.seconds))
    directory.keys["key-2"] = directory.later  # type: ignore[attr-defined]
    token = directory.sign(directory.claims(hands.seconds), "key-2")
    assert refused(check, token).status == 401
    assert directory.fetched == 1
    hands.move(60)
    assert ask(check, token) == "ada@example.com"
    assert directory.fetched == 2


def test_names_of_keys_that_are_not_there_make_us_fetch_once_a_minute(
    check: Entra, directory: Directory, hands: Hands
) -> None:
    for i in range(100):
        token = directory.sign(directory.claims(hands.seconds), kid=f"none-{i}")
        assert refused(check, token, f"192.0.2.{i}").status == 401
    assert directory.fetched == 1
    hands.move(60)
    assert refused(check, directory.sign(directory.claims(hands.seconds), kid="none")).status == 401
    assert directory.fetched == 2


BROKEN: dict[str, dict[str, Any]] = {
    "an error": {"status": 500},
    "not there": {"status": 404},
    "no JSON": {"answer": b"<html>"},
    "no keys": {"answer": b"{}"},
    "keys that are none": {"answer": b'{"keys": [{"kty": "RSA", "kid": "key-1"}]}'},
    "another form": {"answer": b"[]"},
    "elsewhere": {"status": 302, "headers": {"Location": PATH + "?again"}},
}


@pytest.mark.parametrize("how", BROKEN.values(), ids=list(BROKEN))
def test_keys_that_cannot_be_had_are_no_fault_of_the_caller(
    check: Entra, directory: Directory, hands: Hands, how: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    token = directory.token(hands.seconds)
    for name, value in how.items():
        setattr(directory, name, value)
    for _ in range(20):
        error = refused(check, token)
        assert (error.status, error.headers["Retry-After"]) == (503, "5")
    assert directory.fetched == 1
    assert "The keys of the directory cannot be fetched" in caplog.text
    directory.status, directory.answer, directory.headers = 200, None, {}
    hands.move(5)
    assert ask(check, token) == "ada@example.com"


def test_an_answer_longer_than_any_is_not_read(check: Entra, directory: Directory, hands: Hands) -> None:
    directory.answer = b" " * (2 << 20) + directory.jwks()
    assert refused(check, directory.token(hands.seconds)).status == 503


def test_a_directory_that_does_not_answer_is_waited_for_once_by_all(
    check: Entra, directory: Directory, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "TIMEOUT", 0.2)
    token = directory.token(hands.seconds)
    directory.may_answer.clear()
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: refused(check, token).status, range(8)))
    assert statuses == [503] * 8
    assert directory.fetched == 1


def test_a_directory_whose_answer_drips_is_not_waited_for(
    check: Entra, directory: Directory, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "TIMEOUT", 0.2)
    directory.drips = 100
    assert refused(check, directory.token(hands.seconds)).status == 503


def test_a_known_key_does_not_wait_for_one_that_is_being_fetched(
    check: Entra, directory: Directory, hands: Hands
) -> None:
    token = directory.token(hands.seconds)
    ask(check, token)
    hands.move(60)
    directory.may_answer.clear()
    unknown = directory.sign(directory.claims(hands.seconds), kid="none")
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(refused, check, unknown)
        assert ask(check, token) == "ada@example.com"
        directory.may_answer.set()
        assert waiting.result(30).status == 401


def test_a_directory_that_is_nowhere_is_no_fault_of_the_caller(directory: Directory, hands: Hands) -> None:
    token = directory.token(hands.seconds)
    settings = Settings(entra_tenant=TENANT, entra_audience=AUDIENCE, entra_authority="http://127.0.0.1:1")
    assert refused(Entra(settings, Attempts(hands.clock), hands.clock), token).status == 503
