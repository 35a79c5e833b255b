"""A clock that stands still until a test moves it."""

from __future__ import annotations

from genesis.auth.clock import Clock

NOW = 1_800_000_000.0


class Hands:
    """Moves ``clock``, wall and steady alike."""

    def __init__(self) -> None:
        self.seconds = NOW
        self.clock = Clock(wall=lambda: self.seconds, steady=lambda: self.seconds)

    def move(self, seconds: float) -> None:
        self.seconds += seconds

    @property
    def now(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.seconds * 1000)
