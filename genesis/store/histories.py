"""Histories of metrics over any engine: small buckets as they are logged, merged when they pile up."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from genesis.errors import invalid
from genesis.search.paging import position, token
from genesis.store.engine import Engine
from genesis.store.points import Bucket, Point, Points, distinct
from genesis.store.schema import key

PILE = 256
"""Buckets of one metric that this process lets pile up before it merges them."""

FULL = 4096
"""Points of a bucket that is left as it is; 96 KiB."""

WATCHED = 10_000
"""Metrics whose piles are counted at once; the one longest quiet is forgotten first."""


class Piles:
    """How many buckets this process added to each metric since the last merge; shared by its threads."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = threading.Lock()

    def grow(self, run: str, metric: str) -> bool:
        """Whether the pile has just become high enough to be merged."""
        with self._lock:
            count = self._counts.pop((run, metric), 0) + 1
            if count >= PILE:
                return True
            self._counts[run, metric] = count
            if len(self._counts) > WATCHED:
                self._counts.popitem(last=False)
            return False


class Histories:
    """The metric histories of one workspace."""

    def __init__(self, engine: Engine, workspace: str, piles: Piles) -> None:
        self._engine = engine
        self._workspace = workspace
        self._piles = piles

    def appended(self, run: str, metrics: Iterable[str]) -> None:
        """Note that each metric got a bucket; merges the piles that have grown too high.

        Costs nothing most times, and three commands every ``PILE`` calls.
        """
        for metric in metrics:
            if self._piles.grow(run, metric):
                small = [b for b in self._engine.points([run], metric) if b.points.size < FULL]
                if len(small) > 1:
                    merged = Points.pack(distinct(p for b in small for p in b.points.unpack()))
                    self._engine.merge(run, metric, small, merged)

    def page(self, run_id: str, metric: str, page_token: str, size: int | None) -> tuple[list[Point], str]:
        """Points by timestamp, step and value, and the token of the next page; all of them without a size."""
        after = _place(page_token)
        buckets = self._engine.points(
            [key(self._workspace, run_id)], metric, since=None if after is None else after[0]
        )
        if size is None:
            return _behind(distinct(p for b in buckets for p in b.points.unpack()), after), ""
        points = _first(buckets, after, size + 1)
        if len(points) <= size:
            return points, ""
        points = points[:size]
        return points, token(points[-1].rank())

    def of_runs(self, run_ids: Sequence[str], metric: str) -> dict[str, list[Point]]:
        """The whole history of one metric in some runs, by run id; one command for all of them."""
        keys = {key(self._workspace, run_id): run_id for run_id in run_ids}
        found: Mapping[str, list[Point]] = {run_id: [] for run_id in keys.values()}
        if keys:
            for bucket in self._engine.points(list(keys), metric):
                found[keys[bucket.run]].extend(bucket.points.unpack())
        return {run_id: distinct(points) for run_id, points in found.items()}


Rank = tuple[int, int, float, bool]


def _place(page_token: str) -> Rank | None:
    place = position(page_token, 4)
    if place is None:
        return None
    try:
        return (int(place[0]), int(place[1]), float(place[2]), bool(place[3]))
    except (TypeError, ValueError):
        raise invalid(f"Invalid page token, parsed value={place}") from None


def _behind(points: list[Point], after: Rank | None) -> list[Point]:
    if after is None:
        return points
    return points[bisect_right(points, after, key=Point.rank) :]


def _first(buckets: Iterable[Bucket], after: Rank | None, size: int) -> list[Point]:
    """The first ``size`` points behind ``after``, reading no bucket that begins later than they end."""
    points: list[Point] = []
    for bucket in buckets:
        if len(points) >= size:
            points = _behind(distinct(points), after)
            if len(points) >= size and bucket.first > points[size - 1].timestamp:
                break
        points.extend(bucket.points.unpack())
    return _behind(distinct(points), after)[:size]
