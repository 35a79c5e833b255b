"""HTTP byte ranges against a size: the arithmetic that every artifact store shares."""

from __future__ import annotations

from genesis.artifacts import UnsatisfiableRange

Span = tuple[int | None, int | None]


def bounds(span: Span | None, size: int) -> tuple[int, int]:
    """First byte and the byte behind the last, of a file of ``size`` bytes; raises UnsatisfiableRange."""
    if span is None:
        return 0, size
    first, last = span
    if first is None:
        start, end = max(0, size - (last or 0)), size
    else:
        start, end = first, size if last is None else min(last + 1, size)
    if start >= end:
        raise UnsatisfiableRange(size)
    return start, end
