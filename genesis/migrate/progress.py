"""What a person sees of work that takes long: a line that changes, on a terminal only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import click


class Progress:
    """Counts by kind; on a terminal they are shown as they grow, elsewhere each phase says it is over."""

    def __init__(self, quiet: bool = False) -> None:
        # Only this command pays for the import.
        from rich.console import Console
        from rich.progress import Progress as Bar
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        self._quiet = quiet
        self._counts: Counter[str] = Counter()
        self._phase = ""
        console = Console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        hidden = quiet or not console.is_terminal
        self._bar = Bar(*columns, console=console, transient=True, disable=hidden)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A part of the work; what was counted in it is told at its end, unless it failed."""
        self._phase = name
        self._counts.clear()
        task = self._bar.add_task(self._line(), total=None)
        try:
            with self._bar:
                yield
        finally:
            self._bar.remove_task(task)
        if not self._quiet:
            click.echo(self._line(), err=True)

    def step(self, kind: str, count: int) -> None:
        self._counts[kind] += count
        for task in self._bar.task_ids:
            self._bar.update(task, description=self._line())

    def _line(self) -> str:
        counts = ", ".join(
            f"{count:,} {kind}{_s(kind, count)}" for kind, count in self._counts.items() if count
        )
        return f"{self._phase}: {counts or 'nothing'}"


def _s(kind: str, count: int) -> str:
    return "" if count == 1 or kind.endswith("s") else "s"
