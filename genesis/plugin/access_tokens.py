"""Access tokens of Entra ID for whoever this process is, kept until five minutes before they end."""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

log = logging.getLogger(__name__)

EARLY = 300.0
"""Seconds before its end in which a token is replaced, while the old one still serves."""
AGAIN = 30.0
"""Seconds between attempts to replace a token that still serves."""
SETTLED = 60.0
"""How long a new token is not replaced because a server refuses it: the next would be refused as well."""
SHARED = 5.0
"""How long a failure is good for those that ask next; each attempt takes seconds."""
LONGEST = 500
"""Characters of what azure-identity says; it has a paragraph for each way it tried."""


@dataclass(frozen=True)
class Wanted:
    """What a token is to be for; ``tenant`` "": the identity's own."""

    scope: str
    tenant: str = ""


class Given(Protocol):
    """azure.core's AccessToken."""

    token: str
    expires_on: int


class NoToken(Exception):
    """None can be had; the text says why, and what to do."""


@dataclass(frozen=True)
class _Kept:
    text: str
    fetched: float
    again: float
    """From when on it is to be replaced."""
    ends: float


class AccessTokens:
    """Tokens by what they are for; safe for threads, of which one fetches and the others wait for it."""

    def __init__(self, fetch: Callable[[Wanted], Given], now: Callable[[], float] = time.time) -> None:
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[Wanted, _Kept] = {}
        self._failed: dict[Wanted, tuple[float, NoToken]] = {}

    def get(self, wanted: Wanted, refused: str = "") -> str:
        """A token; another one than ``refused``, unless that was new. Raises NoToken."""
        kept = self._kept.get(wanted)
        if kept is not None and self._serves(kept, refused):
            return kept.text
        usable = kept if kept is not None and kept.text != refused and self._now() < kept.ends else None
        # Who has one that still serves does not wait for the next.
        if not self._lock.acquire(blocking=usable is None) and usable is not None:
            return usable.text
        try:
            kept = self._kept.get(wanted)
            if kept is not None and self._serves(kept, refused):
                return kept.text
            return self._fetched(wanted, kept if usable is not None else None)
        finally:
            self._lock.release()

    def forked(self) -> None:
        """In the child of a fork: a lock that another thread of the parent held is nobody's here."""
        self._lock = threading.Lock()

    def _serves(self, kept: _Kept, refused: str) -> bool:
        now = self._now()
        return now < kept.fetched + SETTLED and now < kept.ends if kept.text == refused else now < kept.again

    def _fetched(self, wanted: Wanted, usable: _Kept | None) -> str:
        now = self._now()
        failed, failure = self._failed.get(wanted, (0.0, None))
        if usable is None and failure is not None and now < failed + SHARED:
            raise failure
        try:
            given = self._fetch(wanted)
        except NoToken as error:
            if usable is None:
                self._failed[wanted] = (self._now(), error)
                raise
            log.warning("The access token could not be replaced yet: %s", error)
            self._kept[wanted] = _Kept(usable.text, usable.fetched, now + AGAIN, usable.ends)
            return usable.text
        ends = float(given.expires_on)
        self._kept[wanted] = _Kept(given.token, now, max(ends - EARLY, min(ends, now + AGAIN)), ends)
        return given.token


class Identity:
    """What azure-identity finds: a managed or workload identity, az login; else, at a terminal, a person.

    Not safe for threads: ``AccessTokens`` asks one question at a time.
    """

    def __init__(self) -> None:
        self._default: Any = None
        self._person: dict[str, Any] = {}

    def __call__(self, wanted: Wanted) -> Given:
        """Raises NoToken."""
        try:
            import azure.identity  # noqa: F401 (whether it is there)
            from azure.core.exceptions import AzureError
        except ImportError as error:
            raise NoToken("genesis-entra needs azure-identity: pip install azure-identity") from error
        options = {"tenant_id": wanted.tenant} if wanted.tenant else {}
        try:
            if wanted.tenant not in self._person:
                return self._found().get_token(wanted.scope, **options)
        except AzureError as error:
            if not is_terminal():
                raise _none(wanted, error) from None
        try:
            person = self._person.get(wanted.tenant) or _person(wanted.tenant)
            given: Given = person.get_token(wanted.scope)
        except AzureError as error:
            self._person.pop(wanted.tenant, None)
            raise _none(wanted, error) from None
        # Who has signed in is asked first from now on, which renews the token without a word.
        self._person[wanted.tenant] = person
        return given

    def _found(self) -> Any:
        if self._default is None:
            from azure.identity import DefaultAzureCredential

            self._default = DefaultAzureCredential()
        return self._default


def is_terminal() -> bool:
    """Whether somebody is there to sign in."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty())


def _person(tenant: str) -> Any:
    from azure.identity import DeviceCodeCredential

    if tenant:
        return DeviceCodeCredential(tenant_id=tenant, prompt_callback=_prompt)
    return DeviceCodeCredential(prompt_callback=_prompt)


def _prompt(url: str, code: str, until: datetime) -> None:
    # Standard output is the program's own.
    message = f"To sign in to the MLflow server, open {url} and enter the code {code}."
    print(message, file=sys.stderr, flush=True)


def _none(wanted: Wanted, error: Exception) -> NoToken:
    said = re.sub(r"\s+", " ", str(error)).strip()
    said = said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"
    tenant = f" --tenant {wanted.tenant}" if wanted.tenant else ""
    return NoToken(
        f"No access token for {wanted.scope} can be had from Entra ID. Sign in: az login{tenant} "
        f"--scope {wanted.scope}; in Azure, give this process a managed identity (AZURE_CLIENT_ID names "
        f"one of several). azure-identity says: {said}"
    )
