"""The public keys of a directory, fetched when they are needed and kept for a day."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from genesis.auth.clock import Clock
from genesis.errors import GenesisError, unavailable

if TYPE_CHECKING:
    from jwt import PyJWK

logger = logging.getLogger("genesis.auth")

KEPT = 24 * 3600.0
AGAIN = 60.0
"""Seconds between two fetches for keys that are not there, so that nobody makes us fetch all the time."""
AFTER_FAILURE = 5.0
TIMEOUT = 5.0
LARGEST = 1024 * 1024
"""Bytes of an answer; Microsoft's has 15,000."""


class Keys:
    """The keys at ``url`` by their ids; safe for threads, of which one fetches and the others wait for it."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._now = clock.steady
        self._lock = threading.Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fetched: float | None = None
        self._failed: float | None = None

    def get(self, id: str) -> PyJWK | None:
        """The key called ``id``; raises TEMPORARILY_UNAVAILABLE where it cannot be had."""
        if self._is_younger(self._fetched, KEPT) and id in self._keys:
            return self._keys[id]
        with self._lock:
            is_known = self._is_younger(self._fetched, KEPT) and id in self._keys
            if not is_known and not self._is_younger(self._fetched, AGAIN):
                self._fetch()
            return self._keys.get(id)

    def _is_younger(self, since: float | None, seconds: float) -> bool:
        return since is not None and self._now() < since + seconds

    def _fetch(self) -> None:
        if self._is_younger(self._failed, AFTER_FAILURE):
            raise _unreachable()
        try:
            self._keys = _keys(_read(self._url))
        except Exception as error:
            self._failed = self._now()
            logger.warning("The keys of the directory cannot be fetched from %s: %s", self._url, error)
            raise _unreachable() from error
        self._fetched = self._now()


def _unreachable() -> GenesisError:
    return unavailable("The directory's keys cannot be fetched at the moment; try again.", int(AFTER_FAILURE))


def _keys(answer: Any) -> dict[str, PyJWK]:
    """Of an answer's keys those for signatures by RSA."""
    from jwt import PyJWK

    return {
        key["kid"]: PyJWK(key, algorithm="RS256")
        for key in answer["keys"]
        if key.get("kty") == "RSA" and key.get("use", "sig") == "sig" and key.get("kid")
    }


def _read(url: str) -> Any:
    """The JSON at ``url``; it has TIMEOUT seconds, however slowly it drips."""
    import json
    from urllib.request import HTTPErrorProcessor, build_opener

    class Plain(HTTPErrorProcessor):
        """Follows nobody: where settings lead was checked to be safe; where that leads was not."""

        def http_response(self, request: Any, response: Any) -> Any:
            return response

        https_response = http_response

    until = time.monotonic() + TIMEOUT
    with build_opener(Plain).open(url, timeout=TIMEOUT) as reply:
        if reply.status != 200:
            raise OSError(f"status {reply.status}")
        pieces: list[bytes] = []
        while piece := reply.read1(65_536):
            pieces.append(piece)
            if time.monotonic() > until or sum(map(len, pieces)) > LARGEST:
                raise OSError("the answer does not end")
    return json.loads(b"".join(pieces))
