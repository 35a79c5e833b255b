"""Whose token a request carries, and which are none."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from genesis.auth import tokens as module
from genesis.auth.attempts import Attempts
from genesis.auth.tokens import TokenCheck, hashed
from genesis.entities.tokens import Token, check_name, id_in, new_text
from genesis.errors import Code, GenesisError, unavailable
from genesis.store import open_engine
from genesis.store.tokens import Tokens
from tests.unit.auth.clocks import Hands

FIRST = "gf_first_" + "a" * 64
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def kept(sqlite_uri: str) -> Iterator[Tokens]:
    with closing(open_engine(sqlite_uri)) as engine:
        yield Tokens(engine)


@pytest.fixture
def check(kept: Tokens, hands: Hands) -> TokenCheck:
    return TokenCheck(FIRST, lambda: kept, Attempts(hands.clock), hands.clock)


@pytest.fixture
def text(kept: Tokens, hands: Hands) -> str:
    """The token of Ada."""
    return made(kept, "ada", hands)


def made(kept: Tokens, name: str, hands: Hands, expires: int = 0) -> str:
    text = new_text()
    assert kept.add(Token(id_in(text), name, hashed(text), hands.now, expires))
    return text


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def basic(user: str, text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{text}".encode()).decode()}


def refused(check: TokenCheck, headers: dict[str, str], address: str = HERE) -> GenesisError:
    with pytest.raises(GenesisError) as raised:
        check.principal(headers, address)
    return raised.value


@pytest.mark.parametrize("user", ["ada", "", "anybody", "ü"])
def test_a_token_is_good_as_a_bearers_and_as_anybodys_password(
    check: TokenCheck, text: str, user: str
) -> None:
    assert check.principal(bearer(text), HERE) == "ada"
    assert check.principal(basic(user, text), HERE) == "ada"


def test_the_first_token_is_good_without_the_database(hands: Hands) -> None:
    def unreachable() -> Tokens:
        raise unavailable("The database cannot be reached.")

    check = TokenCheck(FIRST, unreachable, Attempts(hands.clock), hands.clock)
    assert check.principal(bearer(FIRST), HERE) == "deployment"
    assert check.principal(basic("x", FIRST), HERE) == "deployment"
    assert refused(check, bearer(new_text())).code is Code.TEMPORARILY_UNAVAILABLE


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}, basic("ada", "")])
def test_who_sends_nothing_is_told_what_to_send(check: TokenCheck, headers: dict[str, str]) -> None:
    error = refused(check, headers)
    assert (error.code, error.status) == (Code.UNAUTHENTICATED, 401)
    assert "MLFLOW_TRACKING_TOKEN" in error.message
    assert error.headers["WWW-Authenticate"] == 'Basic realm="mlflow", Bearer realm="mlflow"'


def other_secret(text: str) -> str:
    return text[:17] + ("a" if text[17] != "a" else "b") + text[18:]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda text: bearer(other_secret(text)),
        lambda text: bearer(text[:-1]),
        lambda text: bearer(text + "a"),
        lambda text: bearer(text.upper()),
        lambda text: bearer(new_text()),
        lambda text: bearer("gf_" + text[3:15]),
        lambda text: bearer(FIRST[:-1]),
        lambda text: bearer("eyJhbGciOiJub25lIn0.e30."),
        lambda text: basic(text, "x"),
        lambda text: {"authorization": text},
        lambda text: {"authorization": f"Digest {text}"},
        lambda text: {"authorization": f"Bearer {text},Bearer {text}"},
    ],
)
def test_what_is_no_token_is_refused(check: TokenCheck, text: str, wrong: object) -> None:
    error = refused(check, wrong(text))  # type: ignore[operator]
    assert (error.code, error.status) == (Code.UNAUTHENTICATED, 401)
    assert error.message == "The token is not good here: it is wrong, expired or revoked."
    assert error.headers["WWW-Authenticate"] == 'Basic realm="mlflow", Bearer realm="mlflow"'


def test_without_a_first_token_nothing_is_one(kept: Tokens, hands: Hands) -> None:
    check = TokenCheck("", lambda: kept, Attempts(hands.clock), hands.clock)
    for headers in (bearer("None"), {"authorization": "Bearer"}, bearer(FIRST)):
        assert refused(check, headers).code is Code.UNAUTHENTICATED


def test_a_token_expires_at_its_time_even_if_it_is_known(
    check: TokenCheck, kept: Tokens, hands: Hands
) -> None:
    text = made(kept, "ada", hands, expires=hands.now + 10_000)
    assert check.principal(bearer(text), HERE) == "ada"
    hands.move(9.9)
    assert check.principal(bearer(text), HERE) == "ada"
    hands.move(0.1)
    assert refused(check, bearer(text)).status == 401


def test_a_revoked_token_is_refused_within_a_minute(
    check: TokenCheck, kept: Tokens, text: str, hands: Hands
) -> None:
    assert check.principal(bearer(text), HERE) == "ada"
    kept.revoke(id_in(text), hands.now)
    hands.move(59.9)
    assert check.principal(bearer(text), HERE) == "ada"
    hands.move(0.1)
    assert refused(check, bearer(text)).status == 401


def test_a_token_revoked_before_its_first_use_is_refused(
    check: TokenCheck, kept: Tokens, text: str, hands: Hands
) -> None:
    kept.revoke(id_in(text), hands.now)
    assert refused(check, bearer(text)).status == 401


def test_a_known_token_is_looked_up_once_a_minute_and_hashed_once(
    check: TokenCheck, kept: Tokens, text: str, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    hashes: list[str] = []
    get, matches = kept.get, module._matches
    monkeypatch.setattr(kept, "get", lambda id: asked.append(id) or get(id))
    monkeypatch.setattr(module, "_matches", lambda hash, text: hashes.append(hash) or matches(hash, text))
    for _ in range(4):
        for _ in range(10):
            check.principal(bearer(text), HERE)
        hands.move(60)
    assert asked == [id_in(text)] * 4
    assert len(hashes) == 1


def test_a_token_is_known_at_once_for_a_minute(check: TokenCheck, text: str, hands: Hands) -> None:
    assert check.is_instant(bearer(FIRST))
    assert not check.is_instant(bearer(text))
    check.principal(bearer(text), HERE)
    assert check.is_instant(bearer(text))
    assert check.is_instant(basic("ada", text))
    hands.move(module.SECONDS)
    assert not check.is_instant(bearer(text))


@pytest.mark.parametrize("headers", [{}, {"authorization": "Digest x"}, bearer("gf_none")])
def test_what_is_no_token_is_not_known(check: TokenCheck, headers: dict[str, str]) -> None:
    assert not check.is_instant(headers)


def test_a_token_whose_hash_was_replaced_is_hashed_again(
    check: TokenCheck, kept: Tokens, text: str, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check.principal(bearer(text), HERE) == "ada"
    hands.move(60)
    token = Token(id_in(text), "ada", hashed(new_text()), hands.now)
    monkeypatch.setattr(kept, "get", lambda id: token)
    assert refused(check, bearer(text)).status == 401


def test_a_hash_that_is_none_lets_nobody_in(check: TokenCheck, kept: Tokens, hands: Hands) -> None:
    text = new_text()
    kept.add(Token(id_in(text), "ada", text, hands.now))
    assert refused(check, bearer(text)).status == 401


def test_memory_that_runs_out_is_not_taken_for_a_wrong_token(
    check: TokenCheck, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2.exceptions import VerificationError

    class Exhausted:
        def verify(self, hash: str, text: str) -> bool:
            raise VerificationError("Memory allocation error")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_hasher", Exhausted)
        error = refused(check, bearer(text))
    assert (error.status, error.headers["Retry-After"]) == (503, "1")
    assert check.principal(bearer(text), HERE) == "ada"


def test_an_address_that_fails_too_often_waits(check: TokenCheck, text: str, hands: Hands) -> None:
    for _ in range(10):
        assert refused(check, bearer(new_text())).status == 401
    error = refused(check, bearer(new_text()))
    assert (error.code, error.status) == (Code.REQUEST_LIMIT_EXCEEDED, 429)
    assert error.headers["Retry-After"] == "60"
    assert refused(check, bearer(text)).status == 429
    assert check.principal(bearer(text), THERE) == "ada"
    hands.move(60)
    assert refused(check, bearer(new_text())).status == 401


def test_a_token_that_is_guessed_at_from_everywhere_waits(check: TokenCheck, text: str) -> None:
    for i in range(10):
        assert refused(check, bearer(other_secret(text)), f"192.0.2.{i}").status == 401
    assert refused(check, bearer(other_secret(text)), "198.51.100.1").status == 429
    assert refused(check, bearer(new_text()), "198.51.100.1").status == 401


def test_who_is_known_does_not_wait_for_a_neighbour_behind_the_same_address(
    check: TokenCheck, text: str, hands: Hands
) -> None:
    assert check.principal(bearer(text), HERE) == "ada"
    for _ in range(11):
        refused(check, bearer(other_secret(text)))
    assert check.principal(bearer(text), HERE) == "ada"
    hands.move(60)
    for _ in range(11):
        refused(check, bearer(other_secret(text)))
    assert check.principal(bearer(text), HERE) == "ada"
    assert check.principal(bearer(FIRST), HERE) == "deployment"


def test_who_was_known_and_is_revoked_waits_like_others(
    check: TokenCheck, kept: Tokens, text: str, hands: Hands
) -> None:
    assert check.principal(bearer(text), HERE) == "ada"
    kept.revoke(id_in(text), hands.now)
    hands.move(60)
    statuses = [refused(check, bearer(text)).status for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_requests_without_any_credential_are_no_failures(check: TokenCheck, text: str) -> None:
    for _ in range(50):
        assert refused(check, {}).status == 401
    assert check.principal(bearer(text), HERE) == "ada"


def test_only_so_many_tokens_are_remembered(
    check: TokenCheck, kept: Tokens, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    texts = [made(kept, name, hands) for name in "abc"]
    assert [check.principal(bearer(text), HERE) for text in texts] == ["a", "b", "c"]
    assert [known.token.name for known in check._known.values()] == ["b", "c"]
    assert check.principal(bearer(texts[0]), HERE) == "a"


def test_many_threads_with_one_new_token_hash_it_once(
    check: TokenCheck, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "_hashing", threading.Semaphore(1))
    hashes: list[str] = []
    matches = module._matches
    monkeypatch.setattr(module, "_matches", lambda hash, text: hashes.append(hash) or matches(hash, text))
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: check.principal(bearer(text), HERE), range(8))) == ["ada"] * 8
    assert len(hashes) == 1


def test_neither_log_nor_error_nor_memory_has_a_token(
    check: TokenCheck, kept: Tokens, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = other_secret(text)
    with caplog.at_level(logging.DEBUG):
        check.principal(basic("some-user", text), HERE)
        error = refused(check, basic("some-user", wrong))
    assert f"Refused a token: wrong (id {id_in(text)})" in caplog.text
    shown = caplog.text + str(error.body()) + repr(check._known) + repr(kept.all())
    for secret in (text, wrong, text[16:], wrong[16:], "some-user", FIRST):
        assert secret not in shown


def test_new_tokens_have_the_form_of_one_and_differ() -> None:
    texts = {new_text() for _ in range(100)}
    assert len({id_in(text) for text in texts}) == len(texts) == 100
    assert all(len(id_in(text)) == 12 for text in texts)


@pytest.mark.parametrize("name", ["", " ada", "ada ", "a\nb", "a" * 65])
def test_a_name_that_makes_a_bad_user_is_refused(name: str) -> None:
    with pytest.raises(GenesisError, match="1 to 64 printable"):
        check_name(name)
    assert check_name("Ada Lovelace (laptop)") == "Ada Lovelace (laptop)"
