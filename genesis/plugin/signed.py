"""Signed URLs in the hands of a client: several threads use them, and renew them when they expire."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Signed:
    """A URL that is a right by itself, never to be shown, and the headers to send along."""

    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)


class Signatures:
    """URLs that were signed together and are signed again together, once for all who find theirs expired."""

    def __init__(self, sign: Callable[[], Sequence[Signed]], signed: Sequence[Signed] | None = None) -> None:
        self._sign = sign
        self._lock = threading.Lock()
        self._signed = sign() if signed is None else signed

    def __getitem__(self, index: int) -> Signed:
        return self._signed[index]

    def renew(self, index: int, spent: Signed) -> None:
        """Sign anew, unless somebody already replaced ``spent``."""
        with self._lock:
            if self._signed[index] is spent:
                self._signed = self._sign()
