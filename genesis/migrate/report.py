"""What a move did, and what a comparison found, as JSON and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from genesis.migrate.ends import Loss
from genesis.migrate.verification import Verified, told

SHOWN = 20
"""Lines of each list on the terminal; the files have all."""


def losses(found: Sequence[Loss]) -> list[dict[str, str]]:
    return [loss._asdict() for loss in found]


def compared(verified: Verified) -> dict[str, Any]:
    return {
        "compared": dict(verified.counts),
        "differing": verified.differing,
        "differences": [
            {
                "kind": kind,
                "id": id,
                "what": one.what,
                "expected": told(one.expected),
                "found": told(one.found),
            }
            for kind, id, one in verified.differences
        ],
    }


def write(folder: Path, name: str, title: str, document: Mapping[str, Any]) -> None:
    """Both files; a reader finds the old ones or the new."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, text in ((".json", as_json(document)), (".md", "\n".join(markdown(title, document)) + "\n")):
        partial = folder / f".{name}{suffix}"
        partial.write_text(text, encoding="utf-8")
        partial.replace(folder / f"{name}{suffix}")


def as_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def markdown(title: str, document: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {title}"
    for key, value in document.items():
        words = key.replace("_", " ").capitalize()
        if isinstance(value, Mapping):
            yield from ("", f"## {words}", "", "| | |", "|---|---:|")
            yield from (f"| {name} | {_number(held)} |" for name, held in value.items())
        elif isinstance(value, list):
            yield from _table(words, value)
        else:
            yield from ("", f"{words}: {_number(value)}")


def _table(words: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    yield from ("", f"## {words}", "")
    if not rows:
        yield "None."
        return
    columns = list(rows[0])
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    yield from (f"| {' | '.join(_cell(row[column]) for column in columns)} |" for row in rows)


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The same for a terminal, long lists cut."""
    for key, value in document.items():
        words = key.replace("_", " ").capitalize()
        if isinstance(value, Mapping):
            counts = ", ".join(f"{_number(held)} {name}" for name, held in value.items())
            yield f"{words}: {counts or 'nothing'}"
        elif isinstance(value, list):
            if value:
                yield f"{words}: {len(value):,}"
                yield from (f"  {_line(row)}" for row in value[:SHOWN])
            if len(value) > SHOWN:
                yield f"  … and {len(value) - SHOWN:,} more in the report"
        else:
            yield f"{words}: {_number(value)}"


def _line(row: Mapping[str, Any]) -> str:
    if "expected" in row:
        return f"{row['kind']} {row['id']}: {row['what']}: expected {row['expected']}, found {row['found']}"
    return f"{row['kind']} {row['id']}: {row.get('why', row.get('there', ''))}"
