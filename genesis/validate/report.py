"""Results for people and for pipelines."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterable
from typing import Any

import click

from genesis.validate.results import Result, Status

COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "red", Status.SKIPPED: "bright_black"}
STATUS_WIDTH, NAME_WIDTH = 9, 21
NARROWEST = 40


def line(result: Result) -> str:
    """A row of the table, its detail wrapped to the terminal; colours go where there is none."""
    indent = " " * (STATUS_WIDTH + NAME_WIDTH)
    width = max(NARROWEST, shutil.get_terminal_size((110, 24)).columns - len(indent))
    status = click.style(f"{result.status.value:{STATUS_WIDTH}}", fg=COLOURS[result.status])
    rows = textwrap.wrap(result.detail, width)
    if result.fix:
        rows += textwrap.wrap(f"→ {result.fix}", width)
    return f"{status}{result.name:{NAME_WIDTH}}" + f"\n{indent}".join(rows)


def counts(results: Iterable[Result]) -> dict[str, int]:
    """How many ended how."""
    ends = [result.status for result in results]
    return {status.value: ends.count(status) for status in Status}


def summary(results: Iterable[Result]) -> str:
    """The last line."""
    return ", ".join(f"{count} {status}" for status, count in counts(results).items()) + "."


def document(results: Iterable[Result], *, interrupted: bool = False, **about: Any) -> str:
    """All of it as JSON, after what it is ``about``."""
    results = list(results)
    return json.dumps(
        {
            **about,
            "ok": not interrupted and is_good(results),
            "interrupted": interrupted,
            "counts": counts(results),
            "results": [
                {"name": r.name, "status": r.status.value, "detail": r.detail, "fix": r.fix} for r in results
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def is_good(results: Iterable[Result]) -> bool:
    return not any(result.status is Status.FAILED for result in results)
