"""The generated part of docs/cost.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from bench import cost_model
from bench.cost_commands import Spent
from bench.cost_months import Sizes, break_even, months, sizes_of_documents, wildcard

BEGIN, END = "<!-- costs: python -m bench.costs --docs docs -->\n", "<!-- /costs -->\n"


class Row(NamedTuple):
    """An endpoint, what was asked of it, and what that took."""

    title: str
    note: str
    spent: Spent

    @property
    def name(self) -> str:
        return f"{self.title} {self.note}".strip()


def page(rows: Sequence[Row]) -> str:
    """All tables, each under its heading."""
    units = {row.name: row.spent.units for row in rows}
    sizes = sizes_in(rows)
    parts = {
        "Each endpoint": table(rows),
        "A month": months(units, sizes),
        "A wildcard index": wildcard(units, sizes),
        "Large documents": sizes_of_documents(),
        "A cluster instead": break_even(),
        "Where the figures come from": sources(),
    }
    return "".join(f"## {heading}\n\n{text}\n" for heading, text in parts.items())


def sizes_in(rows: Sequence[Row]) -> Sizes:
    """A filled run as it comes back, and one point as it is kept."""
    by_name = {row.name: row.spent for row in rows}
    bucket = by_name["POST /mlflow/runs/log-metric"].stored
    return Sizes(by_name["GET /mlflow/runs/get"].received, bucket)


def table(rows: Sequence[Row]) -> str:
    """Markdown: what asks the database, and the names of what does not."""
    lines = "| Endpoint | Commands | Documents | Bytes there | and back | RU, estimated |\n"
    lines += "|---|---|---:|---:|---:|---:|\n"
    for row in rows:
        if row.spent.commands:
            spent = row.spent
            note = f" ({row.note})" if row.note else ""
            lines += f"| {row.title}{note} | {commands(spent)} | {spent.documents} | {spent.sent:,} | "
            lines += f"{spent.received:,} | {spent.units:,.1f} |\n"
    none = ", ".join(f"`{row.title}`" for row in rows if not row.spent.commands)
    return f"{lines}\nThese ask the database nothing: {none}.\n"


def commands(spent: Spent) -> str:
    """The commands in the order of their first, with how often each is sent."""
    return ", ".join(
        name if count == 1 else f"{count} times {name}" for name, count in Counter(spent.commands).items()
    )


def sources() -> str:
    lines = "| What | Page | Dated |\n|---|---|---|\n"
    lines += "".join(f"| {s.what} | {s.url} | {s.dated} |\n" for s in cost_model.SOURCES)
    return f"Read on {cost_model.READ_ON}; the prices of clusters are those of deployment.md.\n\n{lines}"
