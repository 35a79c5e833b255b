"""The time, as tests set it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Seconds: ``wall`` since the epoch, for what is dated; ``steady``, which nobody sets, for what lasts."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
