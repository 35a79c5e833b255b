"""Histories of metrics over any engine: small buckets as they are logged, merged when they pile up."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappush, heapreplace
from itertools import groupby
from typing import NamedTuple

from genesis.errors import invalid
from genesis.search.paging import position, token
from genesis.store.engine import Engine
from genesis.store.points import Bucket, Curve, Point, Points, distinct
from genesis.store.schema import key

PILE = 256
"""Small buckets of one metric that this process lets pile up before it merges them."""

SMALL = 256
"""Points from which on a bucket is left as it is; 6 KiB."""

FULL = 4096
"""Points of a merged bucket at most; 96 KiB, far below the largest document of any database."""

PILES = 4
"""Metrics whose piles one call merges: a run that logs a thousand at once comes to all of them in time."""

WATCHED = 10_000
"""Metrics whose piles are counted at once; the one longest quiet is forgotten first."""


class Pile(NamedTuple):
    """How many small buckets there are, and the first timestamp (ms) in any of them."""

    height: int
    since: int


class Piles:
    """The small buckets this process added to each metric since the last merge; shared by its threads."""

    def __init__(self) -> None:
        self._piles: OrderedDict[tuple[str, str], Pile] = OrderedDict()
        self._lock = threading.Lock()

    def grow(self, run: str, metric: str, first: int) -> bool:
        """Whether the pile is high enough to be merged."""
        with self._lock:
            height, since = self._piles.pop((run, metric), Pile(0, first))
            self._piles[run, metric] = Pile(height + 1, min(since, first))
            if len(self._piles) > WATCHED:
                self._piles.popitem(last=False)
            return height + 1 >= PILE

    def take(self, run: str, metric: str) -> Pile:
        """The pile, which is begun anew."""
        with self._lock:
            return self._piles.pop((run, metric), Pile(0, 0))


class Histories:
    """The metric histories of one workspace."""

    def __init__(self, engine: Engine, workspace: str, piles: Piles) -> None:
        self._engine = engine
        self._workspace = workspace
        self._piles = piles

    def appended(self, run: str, metrics: Mapping[str, Points]) -> None:
        """Note that each metric got a bucket; merges piles that have grown too high.

        Costs nothing most times, and a few commands for each ``PILE`` small buckets.
        """
        high = [
            metric
            for metric, points in metrics.items()
            if points.size < SMALL and self._piles.grow(run, metric, points.span[0])
        ]
        for metric in high[:PILES]:
            pile = self._piles.take(run, metric)
            # Another thread may have taken it.
            if pile.height >= PILE:
                self._merge(run, metric, pile.since)

    def _merge(self, run: str, metric: str, since: int) -> None:
        found = self._engine.points([run], metric, since)
        small = [b for b in found if b.points.size < SMALL and not b.merged]
        for buckets in _groups(small):
            merged = Points.pack(distinct(p for b in buckets for p in b.points.unpack()))
            self._engine.merge(run, metric, buckets, merged)

    def page(self, run_id: str, metric: str, page_token: str, size: int | None) -> tuple[Curve, str]:
        """Points by timestamp, step and value, and the token of the next page; all of them without a size."""
        after = _place(page_token)
        buckets = self._engine.points(
            [key(self._workspace, run_id)], metric, since=None if after is None else after[0]
        )
        if size is None:
            curve = Curve.joined(b.points for b in buckets)
            return curve[0 if after is None else bisect_right(curve, after, key=Point.rank) :], ""
        page = Curve.of(first(buckets, after, size + 1))
        if len(page) <= size:
            return page, ""
        page = page[:size]
        return page, token(page[-1].rank())

    def of_runs(self, run_ids: Sequence[str], metric: str, most: int | None = None) -> dict[str, Curve]:
        """The history of one metric in some runs, by run id; one command for all of them.

        With ``most`` only as many points in all, of the runs whose ids come first.
        """
        keys = {key(self._workspace, run_id): run_id for run_id in run_ids}
        found = {run_id: Curve.of([]) for run_id in keys.values()}
        if not keys or most == 0:
            return found
        for run, buckets in groupby(self._engine.points(list(keys), metric), key=lambda b: b.run):
            if most is None:
                found[keys[run]] = Curve.joined(b.points for b in buckets)
                continue
            found[keys[run]] = Curve.of(first(buckets, None, most))
            most -= len(found[keys[run]])
            if not most:
                break
        return found


def _groups(buckets: Iterable[Bucket]) -> Iterator[list[Bucket]]:
    """Buckets that follow each other, several at a time, of at most ``FULL`` points together."""
    group: list[Bucket] = []
    size = 0
    for bucket in buckets:
        if size + bucket.points.size > FULL:
            yield group
            group, size = [], 0
        group.append(bucket)
        size += bucket.points.size
    if len(group) > 1:
        yield group


Rank = tuple[int, int, float, bool]


def _place(page_token: str) -> Rank | None:
    place = position(page_token, 4)
    if place is None:
        return None
    try:
        rank = (int(place[0]), int(place[1]), float(place[2]), bool(place[3]))
    except (TypeError, ValueError, OverflowError):
        raise invalid(f"Invalid page token, parsed value={place}") from None
    if not all(-(2**63) <= number < 2**63 for number in rank[:2]):
        raise invalid(f"Invalid page token, parsed value={place}")
    return rank


def first(buckets: Iterable[Bucket], after: Rank | None, size: int) -> list[Point]:
    """The first ``size`` points behind ``after``, reading no bucket that begins later than they end.

    Holds no more points than that, in a heap with the last of them on top, so that a page costs the
    same however many points have one time.
    """
    held: dict[Rank, Point] = {}
    heap: list[Rank] = []
    for bucket in buckets:
        if len(heap) == size and bucket.first > -heap[0][0]:
            break
        for point in bucket.points.unpack():
            rank = point.rank()
            if rank in held or (after is not None and rank <= after):
                continue
            if len(heap) < size:
                heappush(heap, _turned(rank))
            elif _turned(rank) > heap[0]:
                del held[_turned(heapreplace(heap, _turned(rank)))]
            else:
                continue
            held[rank] = point
    return [held[rank] for rank in sorted(held)]


def _turned(rank: Rank) -> Rank:
    """What comes before another where ``rank`` comes after it, and back again."""
    return (-rank[0], -rank[1], -rank[2], not rank[3])
