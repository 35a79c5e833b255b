"""The Engine protocol on MongoDB: a document a document, atomic updates by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cmp_to_key, partial
from heapq import nsmallest
from itertools import product
from operator import itemgetter
from os import urandom
from typing import Any

from pymongo import ASCENDING, DeleteOne, ReturnDocument, UpdateOne
from pymongo.collection import Collection as MongoCollection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, OperationFailure

from genesis.errors import GenesisError, invalid, unavailable
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.change import holds, stands
from genesis.store.engine import (
    CONNECTIONS,
    Change,
    Document,
    Missing,
    Outcome,
    Query,
    Refused,
    SortKey,
    Updated,
    not_begun,
    sort_key,
)
from genesis.store.mongo.client import START_SECONDS, Patience, connect
from genesis.store.mongo.collections import Maker, shard_field
from genesis.store.mongo.failures import NAMESPACE_NOT_FOUND
from genesis.store.mongo.points import BATCH, Buckets
from genesis.store.mongo.query import Filter, loaded, projection, stored, update, where
from genesis.store.mongo.uri import Address
from genesis.store.points import Bucket, Points
from genesis.store.schema import VERSION, Collection, workspace_of

TOGETHER = 100
"""Single writes in a command; even where they are throttled, it is done within a minute."""
TRIES = 16
"""Looks at a document whose guard fails and then holds, before an update is given up (503)."""
WALKS = 2
"""Walks along its index that a page in the default order may take: two experiments, or both stages of one."""


def open_engine(uri: str, connections: int = CONNECTIONS) -> MongoEngine:
    """The engine on a MongoDB URI; makes collections and indexes when the database has none of ours."""
    engine = MongoEngine(connect(uri, connections), is_ru=Address(uri).is_ru)
    try:
        engine.prepare()
    except BaseException:
        engine.close()
        raise
    return engine


def schema_version(uri: str) -> int:
    """What is written there, 0 where nothing is; asks once, and makes nothing."""
    engine = MongoEngine(connect(uri, connections=1))
    try:
        return engine.version()
    finally:
        engine.close()


class MongoEngine:
    """Satisfies ``Engine``; threads share the client's pool of connections."""

    def __init__(self, database: Database[Document], *, is_ru: bool = False) -> None:
        self._database = database
        self._steadily = Patience()
        self._is_ru = is_ru
        self._buckets = Buckets(database["points"], self._steadily)

    def _of(self, collection: Collection) -> MongoCollection[Document]:
        return self._database[collection.name]

    def prepare(self) -> None:
        """``init`` when it was never run here; one command otherwise."""
        version = self.version()
        if version > VERSION:
            raise ValueError(
                f"A newer Genesis-Flow wrote this database (schema {version}; this one knows {VERSION})."
            )
        if version < VERSION:
            self.init()

    def check(self) -> None:
        if self.version() < VERSION:
            raise not_begun()

    def version(self) -> int:
        """The schema's, 0 where there is nothing of ours."""
        found = self._steadily(self._schema, START_SECONDS)
        return found["version"] if found else 0

    def _schema(self) -> Document | None:
        try:
            return self._database["meta"].find_one({"_id": "schema"})
        except OperationFailure as error:
            if error.code == NAMESPACE_NOT_FOUND:
                # Cosmos DB RU says so where others find nothing.
                return None
            raise

    def init(self) -> None:
        Maker(self._database, self._steadily, is_ru=self._is_ru).make()
        # The version last: an interrupted init is repeated.
        self._steadily(
            lambda: self._database["meta"].update_one(
                {"_id": "schema"}, {"$max": {"version": VERSION}}, upsert=True
            )
        )

    def insert(self, collection: Collection, document: Document) -> bool:
        kept = stored(collection, document)
        tries = 0

        def attempt() -> bool:
            nonlocal tries
            tries += 1
            try:
                self._of(collection).insert_one(kept)
            except DuplicateKeyError:
                # After a lost reply the document in the way may be the one just written.
                return tries > 1 and self._of(collection).find_one(_one(collection, kept["_id"])) == kept
            return True

        return self._steadily(attempt)

    def get(self, collection: Collection, id: str) -> Document | None:
        kept = self._steadily(lambda: self._of(collection).find_one(_one(collection, id)))
        return None if kept is None else loaded(collection, kept)

    def find(self, collection: Collection, query: Query) -> list[Document]:
        if not query.order:
            return self._fetch(collection, where(collection, query.where), query.limit)
        if query.order == (Order(Path(collection.newest)),):
            return self._newest(collection, query)
        return self._sorted(collection, query)

    def _fetch(
        self, collection: Collection, conditions: Filter, limit: int = 0, sort: Sequence[str] = ()
    ) -> list[Document]:
        def attempt() -> list[Document]:
            cursor = self._of(collection).find(conditions, limit=limit, batch_size=BATCH)
            if sort:
                cursor = cursor.sort([(field, ASCENDING) for field in sort])
            return [loaded(collection, kept) for kept in cursor]

        return self._steadily(attempt, search=True)

    def _newest(self, collection: Collection, query: Query) -> list[Document]:
        """A page in the default order: a walk along its index, which begins where the last page ended."""
        clauses = query.where
        if query.after is not None:
            clauses = (*clauses, Clause(Path(collection.newest), Op.GT, query.after[0][1]))
        conditions = where(collection, clauses)
        scopes, stages = (_values(conditions.get(name)) for name in (collection.scope, collection.stage))
        if not 1 <= len(scopes) * len(stages) <= WALKS:
            # One walk along the workspace (a search has one): what other scopes hold is passed over.
            conditions["workspace"] = {"$eq": workspace_of(scopes[0]["$eq"])}
            return self._fetch(collection, conditions, query.limit, ("workspace", collection.newest))
        # Cosmos DB RU sorts only by the very fields of an index, in its order.
        sort = (collection.scope, collection.stage, collection.newest)
        found: list[Document] = []
        for scope, stage in product(scopes, stages):
            narrow = {**conditions, collection.scope: scope, collection.stage: stage}
            found += self._fetch(collection, narrow, query.limit, sort)
        found.sort(key=itemgetter(collection.newest))
        return found[: query.limit] if query.limit else found

    def _sorted(self, collection: Collection, query: Query) -> list[Document]:
        """A page in any other order, which no portable index serves: sort the keys here, fetch the page."""
        conditions, wanted = where(collection, query.where), projection(query.order, query.only)
        kept = self._steadily(
            lambda: list(self._of(collection).find(conditions, wanted, batch_size=BATCH)), search=True
        )
        found = [loaded(collection, document) for document in kept]
        compare = _comparison(query.order)
        ranked: Iterable[SortKey] = (sort_key(collection, query.order, document) for document in found)
        if query.after is not None:
            after = query.after
            ranked = (key for key in ranked if compare(key, after) > 0)
        page = (
            nsmallest(query.limit, ranked, key=cmp_to_key(compare))
            if query.limit
            else sorted(ranked, key=cmp_to_key(compare))
        )
        ids = [key[-1] for key in page]
        if ids and not query.only:
            shard = shard_field(collection)
            within = {shard: conditions[shard]} if shard in conditions else {}
            found = self._fetch(collection, {**within, "_id": {"$in": ids}})
        by_id = {document["id"]: document for document in found}
        return [by_id[id] for id in ids if id in by_id]

    def update(
        self,
        collection: Collection,
        id: str,
        change: Change,
        guard: Sequence[Clause] = (),
        points: Mapping[str, Points] | None = None,
    ) -> Outcome:
        # Nobody else's bucket is called the same, so that whoever takes back takes back only its own.
        ids = self._buckets.append(id, points, mark=urandom(8).hex()) if points else []
        try:
            outcome = self._settle(collection, id, change, guard)
        except GenesisError as error:
            if error.status == 400:
                self._buckets.take_back(id, ids)
            raise
        if not isinstance(outcome, Updated):
            self._buckets.take_back(id, ids)
        return outcome

    def _settle(self, collection: Collection, id: str, change: Change, guard: Sequence[Clause]) -> Outcome:
        for _ in range(TRIES):
            done, tries = self._attempt(collection, id, change, guard)
            if done:
                return Updated()
            document = self.get(collection, id)
            if document is None:
                return Missing()
            if tries > 1 and stands(document, change):
                # The first try was done and only its reply was lost; now its own guard is in the way.
                return Updated()
            if not holds(document, guard):
                return Refused(document)
            # Between the two looks another request made the guard hold.
        raise unavailable("The document is being changed by many requests at once; try again.")

    def _attempt(
        self, collection: Collection, id: str, change: Change, guard: Sequence[Clause]
    ) -> tuple[bool, int]:
        """Whether a document matched and is changed now, and how many tries that took."""
        conditions, operators = {**_one(collection, id), **where(collection, guard)}, update(change)
        tries = 0

        def attempt() -> bool:
            nonlocal tries
            tries += 1
            if not operators:
                return self._of(collection).find_one(conditions, {"_id": 1}) is not None
            return bool(self._of(collection).update_one(conditions, operators).matched_count)

        return self._steadily(attempt), tries

    def update_one(self, collection: Collection, where_: Where, change: Change) -> Document | None:
        conditions, operators = where(collection, where_), update(change)

        def attempt() -> Document | None:
            return self._of(collection).find_one_and_update(
                conditions, operators, return_document=ReturnDocument.AFTER
            )

        kept = self._steadily(attempt)
        return None if kept is None else loaded(collection, kept)

    def update_all(self, collection: Collection, where_: Where, change: Change) -> None:
        conditions, operators = where(collection, where_), update(change)
        if _is_in_one_shard(collection, conditions):
            self._steadily(lambda: self._of(collection).update_many(conditions, operators))
        else:
            self._one_by_one(collection, conditions, lambda one: UpdateOne(one, operators))

    def delete(self, collection: Collection, id: str, guard: Sequence[Clause] = ()) -> bool:
        conditions = {**_one(collection, id), **where(collection, guard)}
        return bool(self._steadily(lambda: self._of(collection).delete_one(conditions)).deleted_count)

    def delete_all(self, collection: Collection, where_: Where) -> None:
        conditions = where(collection, where_)
        if _is_in_one_shard(collection, conditions):
            self._steadily(lambda: self._of(collection).delete_many(conditions))
        else:
            self._one_by_one(collection, conditions, DeleteOne)

    def _one_by_one(
        self, collection: Collection, conditions: Filter, write: Callable[[Filter], UpdateOne | DeleteOne]
    ) -> None:
        """Write each document that matches by its key, ``TOGETHER`` in a command.

        Cosmos DB RU takes no write whose filter does not say which shard it is for; and one command that
        writes all runs of an experiment would not be done within its minute.
        """
        ids = self._steadily(
            lambda: [d["_id"] for d in self._of(collection).find(conditions, {"_id": 1}, batch_size=BATCH)]
        )
        for start in range(0, len(ids), TOGETHER):
            writes = [write({**_one(collection, id), **conditions}) for id in ids[start : start + TOGETHER]]
            self._steadily(partial(self._of(collection).bulk_write, writes, ordered=False))

    def count_up(self, counter: str) -> int:
        def attempt() -> Document | None:
            return self._database["counters"].find_one_and_update(
                {"_id": counter}, {"$inc": {"value": 1}}, upsert=True, return_document=ReturnDocument.AFTER
            )

        def numbered() -> int:
            # A race to create the counter may end in no reply or a duplicate; a number is skipped then.
            while True:
                try:
                    found = attempt()
                except DuplicateKeyError:
                    continue
                if found is not None:
                    return int(found["value"])

        return self._steadily(numbered)

    def points(self, runs: Sequence[str], metric: str, since: int | None = None) -> Iterator[Bucket]:
        return self._buckets.read(runs, metric, since)

    def merge(self, run: str, metric: str, buckets: Iterable[Bucket], merged: Points) -> None:
        self._buckets.merge(run, metric, buckets, merged)

    def delete_points(self, run: str) -> None:
        self._buckets.delete(run)

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def close(self) -> None:
        self._database.client.close()


def _one(collection: Collection, id: str) -> Filter:
    """The document with this key, and the shard it is in: every key begins with its workspace."""
    shard = shard_field(collection)
    return {"_id": id, shard: workspace_of(id)} if shard == "workspace" else {"_id": id}


def _is_in_one_shard(collection: Collection, conditions: Filter) -> bool:
    """Whether a filter says so, or nothing is sharded."""
    shard = shard_field(collection)
    return not shard or "$eq" in conditions.get(shard, {})


def _values(condition: Any) -> list[Filter]:
    """A condition on a field as one for each value it may have; none where it does not say which."""
    if "$eq" in (condition or {}):
        return [condition]
    return [{"$eq": value} for value in condition["$in"]] if condition and [*condition] == ["$in"] else []


def _comparison(order: Sequence[Order]) -> Callable[[SortKey, SortKey], int]:
    """Compares two sort keys as ``Order`` says: ranks always ascending, values as asked, ids last."""

    def compare(a: SortKey, b: SortKey) -> int:
        for item, (rank, value), (other_rank, other) in zip(order, a, b, strict=False):
            if rank != other_rank:
                return int(rank) - int(other_rank)
            if value is not None and value != other:
                try:
                    return 1 if (value > other) == item.ascending else -1
                except TypeError:
                    # Documents hold one type in one field; only a made-up token brings another.
                    raise invalid("Invalid page token") from None
        return int(a[-1] > b[-1]) - int(a[-1] < b[-1])

    return compare
