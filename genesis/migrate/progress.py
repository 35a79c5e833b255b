"""What a person sees of work that takes long: one line that changes, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections import Counter

import click

EVERY_SECONDS = 0.2


class Progress:
    """Counts by kind; on a terminal they are shown as they grow, elsewhere each phase says it is over."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._counts: Counter[str] = Counter()
        self._shown = 0.0
        self._phase = ""
        self._terminal = bool(sys.stderr.isatty())

    def begin(self, phase: str) -> None:
        self._phase = phase
        self._counts.clear()

    def step(self, kind: str, count: int) -> None:
        self._counts[kind] += count
        now = time.monotonic()
        if self._terminal and not self._quiet and now > self._shown + EVERY_SECONDS:
            self._shown = now
            click.echo(f"\r\033[K{self._line()}", err=True, nl=False)

    def end(self) -> None:
        if not self._quiet:
            click.echo(f"\r\033[K{self._line()}" if self._terminal else self._line(), err=True)

    def _line(self) -> str:
        counts = ", ".join(
            f"{count:,} {kind}{_s(kind, count)}" for kind, count in self._counts.items() if count
        )
        return f"{self._phase}: {counts or 'nothing'}"


def _s(kind: str, count: int) -> str:
    return "" if count == 1 or kind.endswith("s") else "s"
