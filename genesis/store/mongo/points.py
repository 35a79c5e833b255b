"""Buckets of metric points in MongoDB: small ones appended, read in order, merged where they pile up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.cursor import Cursor
from pymongo.errors import BulkWriteError, PyMongoError

from genesis.store.engine import Document
from genesis.store.mongo.client import Patience
from genesis.store.mongo.query import Filter
from genesis.store.points import Bucket, Points
from genesis.store.schema import name

DUPLICATE_KEY = 11000
LINGER_MS = 5_000
"""How long small buckets stay beside the one they were merged into; longer than a reader is on its way."""
BATCH = 10_000
"""Documents a reply may hold, so that a page is one command; the server's own size limit still holds."""


class Buckets:
    """The collection of points."""

    def __init__(self, points: Collection[Document], steadily: Patience) -> None:
        self._points = points
        self._steadily = steadily

    def append(self, run: str, points: Mapping[str, Points], mark: str = "") -> list[str]:
        """Store a bucket for each metric; what an earlier try with the same ``mark`` stored stays."""
        buckets = [_bucket(run, metric, p, mark) for metric, p in points.items()]

        def attempt() -> None:
            try:
                self._points.insert_many(buckets, ordered=False)
            except BulkWriteError as error:
                failed = error.details["writeErrors"]
                if error.details["writeConcernErrors"] or any(f["code"] != DUPLICATE_KEY for f in failed):
                    raise

        self._steadily(attempt)
        return [bucket["_id"] for bucket in buckets]

    def take_back(self, run: str, ids: Sequence[str]) -> None:
        """Remove what ``append`` stored for a run, by the ids it gave."""
        if ids:
            self._steadily(lambda: self._points.delete_many({"run": run, "_id": {"$in": list(ids)}}))

    def read(self, runs: Sequence[str], metric: str, since: int | None = None) -> Iterator[Bucket]:
        """As ``Engine.points``."""
        conditions: Filter = {"run": {"$in": list(runs)} if len(runs) > 1 else runs[0], "key": metric}
        if since is not None:
            conditions["last"] = {"$gte": since}
        order = [("run", ASCENDING), ("key", ASCENDING), ("first", ASCENDING)]

        def begin() -> Cursor[Document]:
            return self._points.find(conditions, batch_size=BATCH).sort(order)

        for kept in _as_it_comes(begin, self._steadily):
            columns = Points(kept["steps"], kept["timestamps"], kept["values"])
            yield Bucket(kept["_id"], kept["run"], kept["first"], columns, "merged" in kept)

    def merge(self, run: str, metric: str, buckets: Iterable[Bucket], merged: Points) -> None:
        """As ``Engine.merge``."""
        # Without a mark the same points have the same key, so that merging them again changes nothing.
        stays = self.append(run, {metric: merged})
        now = time.time_ns() // 1_000_000
        # A reader may be past the merged bucket and not yet at these: a later merge removes them.
        ids = [bucket.id for bucket in buckets if bucket.id not in stays]
        read = {"run": run, "key": metric, "_id": {"$in": ids}}
        self._steadily(lambda: self._points.update_many(read, {"$set": {"merged": now}}))
        unread = {"run": run, "key": metric, "merged": {"$lt": now - LINGER_MS}}
        self._steadily(lambda: self._points.delete_many(unread))

    def delete(self, run: str) -> None:
        """As ``Engine.delete_points``."""
        self._steadily(lambda: self._points.delete_many({"run": run}))


def _as_it_comes(begin: Callable[[], Cursor[Document]], steadily: Patience) -> Iterator[Document]:
    """Buckets in order of run and first timestamp, no more of them at once than a reply holds.

    Where the connection breaks the cursor is begun again, and what was given before is skipped.
    """
    cursor = begin()

    def following() -> Document | None:
        nonlocal cursor
        try:
            return next(cursor, None)
        except PyMongoError:
            cursor = begin()
            raise

    place = ("", 0)
    given: set[str] = set()
    try:
        while (kept := steadily(following)) is not None:
            at = (kept["run"], kept["first"])
            if at > place:
                place, given = at, set()
            if at == place and kept["_id"] not in given:
                given.add(kept["_id"])
                yield kept
    finally:
        cursor.close()


def _bucket(run: str, metric: str, points: Points, mark: str) -> Document:
    first, last = points.span
    # Hashed, for a client may ask for a run of any name, and Cosmos DB RU takes no slash in a key.
    key = "|".join(filter(None, (name(run), name(metric), points.digest(), mark)))
    return {
        "_id": key,
        "run": run,
        "key": metric,
        "first": first,
        "last": last,
        "steps": points.steps,
        "timestamps": points.timestamps,
        "values": points.values,
    }
