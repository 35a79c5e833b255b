"""How far a download is: a line that changes, on a terminal only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from genesis.ui.index import Seen


@contextmanager
def bar(title: str, *, quiet: bool) -> Iterator[Seen]:
    """What is told of bytes as they come; nothing is drawn before the first."""
    # Only this command pays for the import.
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as drawn:
        task = drawn.add_task(title, total=None, visible=False)

        def seen(total: int, count: int) -> None:
            drawn.update(task, total=total or None, advance=count, visible=True)

        yield seen
