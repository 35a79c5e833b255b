"""The whole contract a database engine fulfils; knows no database and no run.

What an engine cannot do everywhere (Cosmos DB RU and vCore, MongoDB, SQLite), this does not offer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from genesis.errors import GenesisError, unavailable
from genesis.search.clauses import Clause, Order, Path, Where
from genesis.store.points import Bucket, Points
from genesis.store.schema import Collection

CONNECTIONS = 32
"""What an engine that has connections keeps of them, where nobody says."""

Document = dict[str, Any]
"""A document; ``id`` is its key. Maps and lists are plain dicts and lists."""

SortKey = list[Any]
"""A document's place in an order: for each sort key [rank, value], the document's id last."""


@dataclass(frozen=True)
class Query:
    """Which documents, in which order, from where on; ``limit`` 0 and no ``only`` mean all."""

    where: Where
    order: tuple[Order, ...] = ()
    after: SortKey | None = None
    limit: int = 0
    only: tuple[str, ...] = ()
    """Fields that are needed besides those of the order; others may be left out."""


@dataclass(frozen=True)
class Change:
    """What one atomic update does to a document."""

    set: Mapping[Path, Any] = field(default_factory=dict)
    unset: Sequence[Path] = ()
    greatest: Mapping[Path, Mapping[str, Any]] = field(default_factory=dict)
    """Entries of a map with members: kept unless the one there is as great or greater."""
    add: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Elements appended to a list."""
    count: Mapping[Path, int] = field(default_factory=dict)
    """Added to numbers, which begin at 0. A retry after a lost reply may add twice."""

    def __bool__(self) -> bool:
        return bool(self.set or self.unset or self.greatest or self.add or self.count)


@dataclass(frozen=True)
class Updated:
    """The change is stored."""


@dataclass(frozen=True)
class Refused:
    """The guard did not hold; nothing was changed. ``document`` is what stands there instead."""

    document: Document


@dataclass(frozen=True)
class Missing:
    """There is no such document; nothing was changed."""


Outcome = Updated | Refused | Missing


class Engine(Protocol):
    """Documents by key, atomic guarded updates, ordered searches, counters and metric points.

    Every method either does all it says or raises GenesisError (503, 429) having done nothing that
    a retry of the same call would not do again without harm.
    """

    def init(self) -> None:
        """Create what is missing: tables or collections, and indexes. Safe to repeat."""

    def check(self) -> None:
        """One small read; raises GenesisError where the database is out of reach or was never begun."""

    def insert(self, collection: Collection, document: Document) -> bool:
        """Store a new document; False when its key is taken."""

    def get(self, collection: Collection, id: str) -> Document | None:
        """The document with this key."""

    def find(self, collection: Collection, query: Query) -> Sequence[Document]:
        """Documents that match, in order. ``query.where`` fixes the collection's scope.

        They may be read each time anew: what is done to one is forgotten.
        """

    def update(
        self,
        collection: Collection,
        id: str,
        change: Change,
        guard: Sequence[Clause] = (),
        points: Mapping[str, Points] | None = None,
    ) -> Outcome:
        """Change one document, if ``guard`` holds, in one atomic step.

        ``points`` by metric name are appended to the history of the run ``id`` first; where the
        change is refused, none of them stays.
        """

    def update_one(self, collection: Collection, where: Where, change: Change) -> Document | None:
        """Change a document that matches in one atomic step, and return it as it is then; None: none does."""

    def update_all(self, collection: Collection, where: Where, change: Change) -> None:
        """Change every document that matches, one by one; repeatable after an interruption."""

    def delete(self, collection: Collection, id: str, guard: Sequence[Clause] = ()) -> bool:
        """Remove a document, if ``guard`` holds, in one atomic step; False when there is none of the kind."""

    def delete_all(self, collection: Collection, where: Where) -> None:
        """Remove every document that matches, one by one; repeatable after an interruption."""

    def count_up(self, counter: str) -> int:
        """The next number of a counter, from 1; never the same twice."""

    def points(self, runs: Sequence[str], metric: str, since: int | None = None) -> Iterator[Bucket]:
        """Buckets of one metric of some runs, by run and then first timestamp, as they are read.

        With ``since`` (ms) buckets that end before it may be left out.
        """

    def delete_points(self, run: str) -> None:
        """Remove the histories of all metrics of a run; repeatable after an interruption."""

    def merge(self, run: str, metric: str, buckets: Iterable[Bucket], merged: Points) -> None:
        """Store ``merged`` in place of ``buckets``; repeating it after an interruption is harmless.

        What was merged may linger for readers that are under way: they drop what they meet twice.
        """

    def together(self) -> AbstractContextManager[None]:
        """Where it is cheaper, all that this thread writes within is kept at the end, or none of it.

        Nothing of it is to be acknowledged before. Raises GenesisError: at the beginning, without waiting,
        where others write just now; at the end where it could not be kept. Meanwhile others may not write.
        """

    def close(self) -> None:
        """Let go of connections."""


def not_begun() -> GenesisError:
    """The database answers, and has not what we keep in it."""
    return unavailable("The database is not initialised: run `python -m genesis init`.", 30)


def value_at(collection: Collection, document: Document, path: Path) -> Any:
    """The value a clause or sort key speaks of; None where the document has none, NaN where it is NaN."""
    value = document.get(path.field)
    if path.key is None or value is None:
        return value
    entry = value.get(path.key)
    mapping = collection.map(path.field)
    if mapping is not None and mapping.members and entry is not None:
        return float("nan") if entry.get("nan") else entry["value"]
    return entry


def sort_key(collection: Collection, order: Sequence[Order], document: Document) -> SortKey:
    """Where ``document`` stands in ``order``; what a page token carries."""
    keys: SortKey = []
    for item in order:
        value = (
            _latest(collection, document, item) if item.among else value_at(collection, document, item.path)
        )
        if value is None:
            keys.append([2, None])
        elif value != value:
            keys.append([1, None])
        else:
            keys.append([0, value])
    keys.append(document["id"])
    return keys


def _latest(collection: Collection, document: Document, item: Order) -> Any:
    """The member that ``item`` sorts by, of the latest element among those it speaks of."""
    declared = collection.list(item.path.field)
    elements = [
        element
        for element in document.get(item.path.field, ())
        if all(element.get(path.field) == value for path, _, value in item.among)
    ]
    if declared is None or not elements:
        return None
    elements.sort(key=lambda element: str(element.get(declared.tie)))
    latest = max(elements, key=lambda element: [element[member] for member in declared.recency])
    return latest.get(item.path.key)
