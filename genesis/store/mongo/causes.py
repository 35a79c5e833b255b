"""The log of what goes wrong again and again: a line a minute for each cause."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

EVERY_SECONDS = 60


class Causes:
    """Remembers which cause was logged when; safe for threads."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[str, float] = {}
        self._silent: dict[str, int] = {}

    def tell(self, level: int, cause: str, message: str) -> None:
        """Log ``message`` unless ``cause`` (one of a few words, not of a request's) was within a minute."""
        now = self._clock()
        with self._lock:
            if now - self._told.get(cause, -EVERY_SECONDS) < EVERY_SECONDS:
                self._silent[cause] = self._silent.get(cause, 0) + 1
                return
            self._told[cause] = now
            silent = self._silent.pop(cause, 0)
        more = f" ({silent} more since the last such line)" if silent else ""
        self._log.log(level, "%s%s", message, more)
