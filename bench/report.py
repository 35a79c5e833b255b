"""The results as a table with ratios, and as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from bench.measure import Figures, Results
from bench.subjects import GENESIS

MIB = 1 << 20
HEADINGS = (
    *("operation", "server", "calls/s", "ours is", "p50 ms", "p95 ms"),
    *("CPU ms a call", "of ours", "database ms", "failed"),
)
COLOURS = ("#1f6feb", "#54aeff", "#bf8700", "#cf6d1d", "#57606a")
BAR, GAP, LEFT, WIDTH = 9, 14, 120, 560


def rows(results: Results) -> Iterator[tuple[str, ...]]:
    """A line for each operation and server; ratios say how many times better ours is."""
    for operation, by_subject in results.figures.items():
        ours = by_subject.get(GENESIS)
        for name, figures in by_subject.items():
            rate, cost = figures.median("throughput"), figures.median("server")
            yield (
                operation,
                name,
                f"{rate:.1f}",
                _ratio(ours, figures, "throughput") if name != GENESIS else "",
                f"{figures.median('p50') * 1000:.2f}",
                f"{figures.median('p95') * 1000:.2f}",
                f"{cost * 1000:.2f}",
                _cost_ratio(ours, figures) if name != GENESIS else "",
                f"{figures.median('database') * 1000:.2f}" if figures.median("database") else "",
                str(figures.failures or ""),
            )


def _ratio(ours: Figures | None, theirs: Figures, what: str) -> str:
    if ours is None or not theirs.median(what):
        return ""
    return f"{ours.median(what) / theirs.median(what):.1f}x"


def _cost_ratio(ours: Figures | None, theirs: Figures) -> str:
    """How many times the processor time of ours; what is below a clock tick has no ratio."""
    if ours is None or not ours.median("server"):
        return ""
    return f"{theirs.median('server') / ours.median('server'):.1f}x"


def table(results: Results) -> str:
    """Markdown, in columns that are readable as they are."""
    lines = [HEADINGS, *rows(results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]

    def row(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (w + 2) if i < 2 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    return "\n".join([row(HEADINGS), rule, *map(row, lines[1:])])


def memory_lines(results: Results) -> str:
    """The most memory that was seen of each server."""
    lines = []
    for name, size in results.memory.items():
        beside = results.database_memory.get(name)
        lines.append(
            f"- {name}: {size / MIB:.0f} MiB" + (f", database {beside / MIB:.0f} MiB" if beside else "")
        )
    return "\n".join(lines)


def page(results: Results, picture: str) -> str:
    """All of it as one Markdown page, the chart a file beside it; it names what it was measured on."""
    conditions = "\n".join(f"- {name}: {value}" for name, value in results.conditions.items())
    return (
        "# Measured\n\nMade by `make bench`; medians of interleaved rounds on one machine, so that what the"
        " machine does beside it hits all servers alike. `ours is` says how many times the calls a second of"
        " the other server ours does, `of ours` how many times the processor time of ours the other takes."
        f"\n\n![Calls a second of each server]({picture})\n\n{conditions}\n\n{table(results)}\n\n"
        f"## Memory\n\nProportional set size, the most seen after a round.\n\n{memory_lines(results)}\n"
    )


def chart(results: Results) -> str:
    """Calls a second, on a scale where each line is ten times the one before."""
    names = list(dict.fromkeys(name for by in results.figures.values() for name in by))
    rates = [figures.median("throughput") for by in results.figures.values() for figures in by.values()]
    low, high = math.floor(math.log10(max(min(rates), 0.1))), math.ceil(math.log10(max(*rates, 1.0)))

    def x(rate: float) -> float:
        return LEFT + WIDTH * (math.log10(max(rate, 10**low)) - low) / max(high - low, 1)

    step = len(names) * BAR + GAP
    height = 40 + len(results.figures) * step
    parts = [_legend(names)]
    for power in range(low, high + 1):
        at = x(10**power)
        parts.append(f'<line x1="{at:.0f}" x2="{at:.0f}" y1="26" y2="{height - 14}" stroke="#d0d7de"/>')
        parts.append(f'<text x="{at:.0f}" y="{height - 3}" text-anchor="middle">{10**power:g}/s</text>')
    for row, (operation, by) in enumerate(results.figures.items()):
        top = 30 + row * step
        parts.append(
            f'<text x="{LEFT - 6}" y="{top + step / 2:.0f}" text-anchor="end">{escape(operation)}</text>'
        )
        for i, name in enumerate(names):
            if name in by:
                width = max(x(by[name].median("throughput")) - LEFT, 1)
                parts.append(
                    f'<rect x="{LEFT}" y="{top + i * BAR}" width="{width:.0f}" height="{BAR - 1}"'
                    f' fill="{COLOURS[i % len(COLOURS)]}"/>'
                )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 40} {height}"'
        ' font-family="sans-serif" font-size="10" fill="#24292f">'
        "<title>Calls a second of each server and operation</title>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _legend(names: Sequence[str]) -> str:
    return "".join(
        f'<rect x="{LEFT + i * 110}" y="8" width="9" height="9" fill="{COLOURS[i % len(COLOURS)]}"/>'
        f'<text x="{LEFT + 13 + i * 110}" y="16">{escape(name)}</text>'
        for i, name in enumerate(names)
    )
