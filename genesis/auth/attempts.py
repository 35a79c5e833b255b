"""A limit on failed attempts, so that guessing and broken jobs cost us little; one process's own."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict, deque

from genesis.auth.clock import Clock
from genesis.errors import Code, GenesisError

MOST = 10
SECONDS = 60.0
REMEMBERED = 10_000
"""Addresses and token ids that are remembered; the one that failed longest ago is forgotten first."""


class Attempts:
    """Who failed how often within a minute; safe for threads."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.steady
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, *whose: str) -> None:
        """Raises REQUEST_LIMIT_EXCEEDED while one of them has failed too often."""
        now = self._now()
        with self._lock:
            failures = [self._failures[one] for one in whose if one in self._failures]
            wait = max((f[0] + SECONDS - now for f in failures if len(f) == MOST), default=0.0)
        if wait > 0:
            raise GenesisError(
                Code.REQUEST_LIMIT_EXCEEDED,
                f"Too many attempts with wrong credentials; wait {math.ceil(wait)} seconds.",
                retry_after=math.ceil(wait),
            )

    def failed(self, *whose: str) -> None:
        """Each of them has failed once more."""
        now = self._now()
        with self._lock:
            for one in whose:
                self._failures.setdefault(one, deque(maxlen=MOST)).append(now)
                self._failures.move_to_end(one)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)
