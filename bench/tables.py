"""Generated parts of pages in docs/."""

from __future__ import annotations

from pathlib import Path

import click


def put(text: str, file: Path | None, begin: str, end: str) -> None:
    """Print it, or put it between the two marks of a page."""
    if file is None:
        click.echo(text)
        return
    head, _, rest = file.read_text().partition(begin)
    _, _, tail = rest.partition(end)
    file.write_text(head + begin + text + end + tail)
