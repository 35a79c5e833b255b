"""Sort keys compared here, just as SQLite compares what they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from genesis.errors import invalid
from genesis.search.clauses import Order
from genesis.store.engine import SortKey

T = TypeVar("T")


def behind(
    order: Sequence[Order], after: SortKey | None, ranked: Iterable[tuple[SortKey, T]]
) -> Iterator[tuple[SortKey, T]]:
    """Those that stand behind ``after``; all where a search begins."""
    return (pair for pair in ranked if after is None or is_behind(order, pair[0], after))


def is_behind(order: Sequence[Order], place: SortKey, after: SortKey) -> bool:
    """Whether a document at ``place`` comes later than one at ``after``."""
    for item, (rank, value), (other_rank, other) in zip(order, place, after, strict=False):
        if rank != other_rank:
            return bool(rank > other_rank)
        if value is not None and value != other:
            try:
                return bool((value > other) == item.ascending)
            except TypeError:
                # Documents hold one type in one field; only a made-up token brings another.
                raise invalid("Invalid page token") from None
    return bool(place[-1] > after[-1])


def in_order(order: Sequence[Order], ranked: Iterable[tuple[SortKey, T]]) -> list[tuple[SortKey, T]]:
    """Sorted: ranks always ascending, values as asked, ids last."""
    found = sorted(ranked, key=lambda pair: str(pair[0][-1]))
    # Sorting keeps the order of equals, so the last key goes first; a text and None do not compare.
    for i, item in reversed(list(enumerate(order))):
        found.sort(key=lambda pair: (pair[0][i][0], pair[0][i][1]), reverse=not item.ascending)
        found.sort(key=lambda pair: int(pair[0][i][0]))
    return found
