"""``GENESIS_AUTH=token``: tokens of this server's own, as a bearer's or as the password of any user name."""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from genesis.auth.attempts import Attempts
from genesis.auth.clock import Clock
from genesis.auth.credentials import bearer, password, unauthenticated
from genesis.entities.tokens import ACTIVE, Token, id_in
from genesis.errors import GenesisError, unavailable
from genesis.store.tokens import Tokens

if TYPE_CHECKING:
    from argon2 import PasswordHasher

logger = logging.getLogger("genesis.auth")

CHALLENGE = 'Basic realm="mlflow", Bearer realm="mlflow"'
FIRST = "deployment"
"""Who uses GENESIS_TOKEN."""
SECONDS = 60.0
"""How long a token that was good is taken without asking the database again."""
REMEMBERED = 1_000
AT_ONCE = 2
"""Tokens hashed at a time, for each takes 19 MiB."""


@cache
def _hasher() -> PasswordHasher:
    """Argon2id as OWASP would have it at least; more would guard weak passwords, and a token is none."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hashed(text: str) -> str:
    """What is kept of a token."""
    return _hasher().hash(text)


def _matches(hash: str, text: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

    try:
        return _hasher().verify(hash, text)
    except (VerifyMismatchError, InvalidHashError):
        return False
    except VerificationError as error:
        # Out of memory, which says nothing about the token.
        raise unavailable("The credential cannot be checked at the moment; try again.") from error


def _text(headers: Mapping[str, str]) -> str | None:
    """The token; "" where there is none, None where it is nothing of the kind."""
    text = password(headers)
    return bearer(headers) if text is None else text


class _Known(NamedTuple):
    """A token that was good at ``asked`` (seconds, steady)."""

    token: Token
    asked: float


class TokenCheck:
    """Tells whose token a request carries; safe for threads.

    In memory tokens are known by a hash whose key is this process's own, and are looked up, not compared.
    """

    def __init__(self, first: str, tokens: Callable[[], Tokens], attempts: Attempts, clock: Clock) -> None:
        self._key = secrets.token_bytes(32)
        self._first = self._print(first) if first else None
        self._tokens = tokens
        self._attempts = attempts
        self._clock = clock
        self._lock = threading.Lock()
        self._hashing = threading.Semaphore(AT_ONCE)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def principal(self, headers: Mapping[str, str], address: str) -> str:
        """The token's name; raises UNAUTHENTICATED and REQUEST_LIMIT_EXCEEDED."""
        text = _text(headers)
        if text == "":
            raise unauthenticated(
                "You are not authenticated: set MLFLOW_TRACKING_TOKEN to a token of this server.", CHALLENGE
            )
        return self._owner(text or "", f"address {address}")

    def is_instant(self, headers: Mapping[str, str]) -> bool:
        """For a token that is remembered: others are looked up, and hashed, which takes 20 ms."""
        fingerprint = self._print(_text(headers) or "")
        known = self._known.get(fingerprint)
        is_first = self._first is not None and hmac.compare_digest(fingerprint, self._first)
        return is_first or (known is not None and self._is_fresh(known))

    def _owner(self, text: str, address: str) -> str:
        fingerprint = self._print(text)
        known = self._known.get(fingerprint)
        if known is not None and self._is_fresh(known):
            return known.token.name
        if self._first is not None and hmac.compare_digest(fingerprint, self._first):
            return FIRST
        id = id_in(text)
        sender = (address, f"token {id}") if id else (address,)
        if known is None:
            # Who was good before is not kept waiting by others behind the same address.
            self._attempts.check(*sender)
        token = self._tokens().get(id) if id else None
        with self._hashing:
            why = self._refusal(token, text, fingerprint)
            if token is not None and not why:
                # Within, so that who waited for its turn with the same token need not hash it as well.
                self._remember(fingerprint, token)
                return token.name
        self._forget(fingerprint)
        self._attempts.failed(*sender)
        raise self._refused(id, why)

    def _is_fresh(self, known: _Known) -> bool:
        return self._clock.steady() < known.asked + SECONDS and known.token.state(self._now()) == ACTIVE

    def _refusal(self, token: Token | None, text: str, fingerprint: bytes) -> str:
        """Why a token is not good; "" when it is."""
        if token is None:
            return "unknown"
        if not self._is_of(token, text, fingerprint):
            return "wrong"
        state = token.state(self._now())
        return "" if state == ACTIVE else state

    def _is_of(self, token: Token, text: str, fingerprint: bytes) -> bool:
        known = self._known.get(fingerprint)
        # A text whose hash was compared before is the same text.
        return (known is not None and known.token.hash == token.hash) or _matches(token.hash, text)

    def _remember(self, fingerprint: bytes, token: Token) -> None:
        with self._lock:
            self._known[fingerprint] = _Known(token, self._clock.steady())
            self._known.move_to_end(fingerprint)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def _forget(self, fingerprint: bytes) -> None:
        with self._lock:
            self._known.pop(fingerprint, None)

    def _refused(self, id: str, why: str) -> GenesisError:
        logger.info("Refused a token: %s (id %s)", why, id or "-")
        return unauthenticated("The token is not good here: it is wrong, expired or revoked.", CHALLENGE)

    def _print(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")

    def _now(self) -> int:
        return int(self._clock.wall() * 1000)
