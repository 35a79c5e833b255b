"""Commands as they pass: bytes each way, documents, and what Cosmos DB RU is estimated to charge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import bson
from pymongo import MongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from bench import cost_model
from genesis.store.schema import COLLECTIONS, POINTS, Collection

Document = dict[str, Any]
DECLARED = {collection.name: collection for collection in (*COLLECTIONS, POINTS)}
WATCHED = ("find", "getMore", "insert", "update", "delete", "findAndModify")


@dataclass
class Spent:
    """What one call took."""

    commands: list[str] = field(default_factory=list)
    sent: int = 0
    received: int = 0
    documents: int = 0
    """Loaded or written, be they in the reply or not."""
    units: float = 0.0
    stored: int = 0
    """Bytes of the documents that were added."""


class Meter(CommandListener):
    """Counts what clients send to the database at ``uri``, and looks with one of its own what they touch."""

    def __init__(self, uri: str) -> None:
        self.spent = Spent()
        self._database = urlsplit(uri).path.strip("/")
        # Made before the listener is registered, so that it does not count itself.
        self._beside: MongoClient[Document] = MongoClient(uri)

    def close(self) -> None:
        self._beside.close()

    def started(self, event: CommandStartedEvent) -> None:
        if event.database_name != self._database or event.command_name not in WATCHED:
            return
        spent, name, command = self.spent, event.command_name, dict(event.command)
        collection = str(command.get("collection" if name == "getMore" else name))
        spent.commands.append(f"{name} {collection}")
        spent.sent += _size(command)
        count = {"find": self._find, "insert": self._insert, "update": self._update}.get(name)
        if count is not None:
            count(collection, command)
        elif name == "delete":
            for part in command["deletes"]:
                self._removed(collection, self._matching(collection, part["q"]))
        elif name == "findAndModify":
            self._changed(collection, self._matching(collection, command["query"])[:1], command["update"])

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.database_name == self._database and event.command_name in WATCHED:
            self.spent.received += _size(event.reply)

    def failed(self, event: CommandFailedEvent) -> None: ...

    def _matching(self, collection: str, conditions: Mapping[str, Any], limit: int = 0) -> list[Document]:
        return list(self._beside[self._database][collection].find(conditions, limit=limit))

    def _find(self, collection: str, command: Document) -> None:
        conditions = command["filter"]
        if is_point(DECLARED.get(collection), conditions):
            loaded = self._matching(collection, conditions)
            sizes = [len(bson.encode(document)) for document in loaded] or [0]
            self._read(sum(map(cost_model.read, sizes)), len(loaded))
            return
        served = by_index(DECLARED.get(collection), conditions)
        # What an index tells apart is not loaded; everything else is, to look at it.
        limit = command.get("limit", 0) if served == conditions else 0
        loaded = self._matching(collection, served, limit)
        sizes = [len(bson.encode(document)) for document in loaded]
        self._read(cost_model.QUERY + sum(map(cost_model.read, sizes)), len(loaded))

    def _read(self, units: float, documents: int) -> None:
        self.spent.units += cost_model.STRONG * units
        self.spent.documents += documents

    def _insert(self, collection: str, command: Document) -> None:
        for document in command["documents"]:
            size, terms = len(bson.encode(document)), terms_of(DECLARED.get(collection))
            self.spent.units += cost_model.write(size, terms)
            self.spent.documents += 1
            self.spent.stored += size

    def _update(self, collection: str, command: Document) -> None:
        for part in command["updates"]:
            self._changed(collection, self._matching(collection, part["q"]), part["u"])

    def _changed(self, collection: str, found: list[Document], change: Document) -> None:
        """Each is looked up, loaded for its guard, and replaced; one whose guard fails is looked up only."""
        fields = {name for operator in change.values() for name in operator}
        terms = changed_terms(DECLARED.get(collection), fields)
        self._read(cost_model.read(0) if not found else 0, 0)
        for document in found:
            size = len(bson.encode(document))
            self._read(cost_model.read(size), 1)
            self.spent.units += cost_model.update(size, terms)

    def _removed(self, collection: str, found: list[Document]) -> None:
        self._read(cost_model.read(0) if not found else 0, 0)
        for document in found:
            size = len(bson.encode(document))
            self._read(cost_model.read(size), 1)
            self.spent.units += cost_model.write(size, terms_of(DECLARED.get(collection)))


def _size(message: Mapping[str, Any]) -> int:
    """Bytes of a command or reply, without what the driver adds for its sessions and clock."""
    kept = {k: v for k, v in message.items() if k not in ("lsid", "$clusterTime", "operationTime")}
    return len(bson.encode(kept))


def terms_of(collection: Collection | None) -> int:
    """Index terms of a document: its key, its shard key where that is another, and a term for each field."""
    if collection is None:
        return 1
    sharded = collection.shard not in ("", "id")
    return 1 + sharded + sum(len(index) for index in collection.indexes)


def changed_terms(collection: Collection | None, fields: Iterable[str]) -> int:
    """Those of them that a change of these fields removes and adds."""
    given = set(fields)
    return sum(name in given for index in collection.indexes for name in index) if collection else 0


def is_point(collection: Collection | None, conditions: Mapping[str, Any]) -> bool:
    """Whether a filter names one document by its key and shard, and asks nothing else."""
    shard = collection.shard if collection is not None else ""
    allowed = {"_id"} | ({shard} if shard not in ("", "id") else set())
    return set(conditions) == allowed and not isinstance(conditions["_id"], dict)


def by_index(collection: Collection | None, conditions: Mapping[str, Any]) -> Document:
    """The part of a filter that the best of the declared indexes serves."""
    if collection is None or "_id" in conditions:
        return dict(conditions)
    served = [_prefix(index, conditions) for index in collection.indexes]
    return max(served, key=len, default={})


def _prefix(index: tuple[str, ...], conditions: Mapping[str, Any]) -> Document:
    """Equalities along an index, and one range behind them."""
    found: Document = {}
    for name in index:
        if name not in conditions:
            break
        found[name] = conditions[name]
        if isinstance(conditions[name], dict) and not {"$eq", "$in"} & conditions[name].keys():
            break
    return found
