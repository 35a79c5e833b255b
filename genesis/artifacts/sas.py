"""Shared access signatures: a URL lets its holder do one thing to one blob, for some minutes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from genesis.artifacts import MOST_SECONDS, PART_SECONDS
from genesis.artifacts.container import Container
from genesis.errors import GenesisError

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, UserDelegationKey

LOG = logging.getLogger(__name__)

UPLOAD = "cw"
"""Create and write: whoever uploads may not read what is there."""
DOWNLOAD = "r"

SKEW = timedelta(minutes=5)
"""How far this machine's clock may be ahead of the storage's."""
KEY_LIFE = timedelta(hours=24)
KEY_REFRESH = timedelta(hours=12)
"""A key with less than this left is replaced; more than any URL lives (MOST_SECONDS)."""
KEY_PAUSE = timedelta(minutes=1)
"""Between attempts to replace a key that still serves."""

Secret = Callable[[datetime], dict[str, Any]]
"""What signs URLs that are good until then: the arguments of Azure's own function for it."""
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def secret(container: Container) -> Secret | None:
    """The account's key where there is one, else a user delegation key; None for what is itself a SAS."""
    credential = container.credential
    if isinstance(credential, str):
        return None
    if credential is None:
        return DelegationKeys(container.delegation_key)
    return lambda until: {"account_key": credential["account_key"]}


@dataclass(frozen=True)
class Signer:
    """Signs for an account; ``minutes`` is how long a URL lives."""

    account: str
    secret: Secret
    minutes: int
    now: Clock = utc_now

    def seconds(self, parts: int = 0, seconds: int | None = None) -> int:
        """The life of the URLs of an upload of so many parts; ``seconds`` shortens it."""
        life = min(self.minutes * 60 + parts * PART_SECONDS, MOST_SECONDS)
        return life if seconds is None else min(life, seconds)

    def sign(self, blob: BlobClient, permission: str, seconds: int, **reply: Any) -> str:
        """The blob's URL; ``reply`` are headers that the storage's reply to it is to have."""
        from azure.storage.blob import generate_blob_sas

        now = self.now()
        until = now + timedelta(seconds=seconds)
        token = generate_blob_sas(
            self.account,
            blob.container_name,
            blob.blob_name,
            permission=permission,
            start=now - SKEW,
            expiry=until,
            # Only an emulator is spoken to without TLS.
            protocol="https" if blob.url.startswith("https:") else None,
            **self.secret(until),
            **reply,
        )
        return f"{blob.url}?{token}"


class DelegationKeys:
    """The current user delegation key: fetched by one thread at a time, kept while a refresh fails."""

    def __init__(
        self, fetch: Callable[[datetime, datetime, bool], UserDelegationKey], now: Clock = utc_now
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._key: UserDelegationKey | None = None
        self._end = datetime.min.replace(tzinfo=UTC)
        self._next_attempt = self._end
        self._flight: Future[UserDelegationKey] | None = None

    def __call__(self, until: datetime) -> dict[str, Any]:
        return {"user_delegation_key": self._current(until)}

    def _current(self, until: datetime) -> UserDelegationKey:
        with self._lock:
            now = self._now()
            usable = self._key if until <= self._end else None
            fresh = self._end - now > KEY_REFRESH or now < self._next_attempt or self._flight is not None
            if usable is not None and fresh:
                return usable
            flight, mine = self._flight, self._flight is None
            if flight is None:
                flight = self._flight = Future()
        if mine:
            self._fly(flight, now, patient=usable is None)
        try:
            return flight.result()
        except GenesisError as error:
            if usable is None:
                raise
            LOG.warning("The user delegation key could not be replaced yet: %s", error.message)
            return usable

    def _fly(self, flight: Future[UserDelegationKey], now: datetime, patient: bool) -> None:
        """Fetch a key for all threads that wait; whatever happens, the flight ends."""
        try:
            # From before now, for the storage's clock may be behind, and URLs begin before now too.
            key = self._fetch(now - 2 * SKEW, now + KEY_LIFE, patient)
            end = datetime.fromisoformat(key.signed_expiry or "")
        except BaseException as error:
            with self._lock:
                self._flight, self._next_attempt = None, now + KEY_PAUSE
            flight.set_exception(error)
        else:
            with self._lock:
                self._flight, self._key, self._end = None, key, end
            flight.set_result(key)
