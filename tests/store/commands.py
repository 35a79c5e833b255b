"""What the mongo engine may say to a database, so that Cosmos DB (RU and vCore) and mongod all serve it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from genesis.store import schema

COMMANDS = {"insert", "find", "getMore", "update", "delete", "findAndModify", "create", "createIndexes"}
QUERY_OPERATORS = {
    *("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"),
    *("$and", "$nor", "$exists", "$elemMatch", "$regex", "$options"),
}
UPDATE_OPERATORS = {"$set", "$unset", "$inc", "$max", "$push", "$each"}
"""Rows marked Y for RU, vCore, mongod and secantusdb, by their documentation or by trial."""

SCOPES = {
    "experiments": "workspace",
    "names": "workspace",
    "runs": "experiment",
    "datasets": "experiment",
    "registry": "workspace",
    "removals": "workspace",
    "tokens": "workspace",
    "logged_models": "experiment",
    "points": "run",
}
"""The field that a find or update fixes, unless it fixes the key."""

SHARDS = {
    collection.name: "_id" if collection.shard == "id" else collection.shard
    for collection in (*schema.COLLECTIONS, schema.POINTS)
    if collection.shard
}
"""The field that a write fixes to one value: Cosmos DB RU refuses others with 61 (ShardKeyNotFound)."""

SESSION = {
    "endSessions",
    "ping",
    "hello",
    "ismaster",
    "killCursors",
    "dropDatabase",
    "saslStart",
    "saslContinue",
    "createUser",
}
"""Said by the driver or by the tests themselves."""


class Commands(CommandListener):
    """Every command that clients of this process send while it listens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listening = False
        self._sent: list[tuple[str, dict[str, Any]]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if self._listening and event.command_name not in SESSION:
            with self._lock:
                self._sent.append((event.command_name, dict(event.command)))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to note."""

    def listen(self) -> None:
        """Forget what was sent so far."""
        with self._lock:
            self._sent.clear()
        self._listening = True

    def stop(self) -> None:
        self._listening = False

    @property
    def sent(self) -> list[tuple[str, dict[str, Any]]]:
        with self._lock:
            return list(self._sent)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.sent]


def refusals(name: str, command: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a command, if anything."""
    if name not in COMMANDS:
        yield f"{name} is not a command every service has"
        return
    collection = command.get(name)
    for conditions in _filters(name, command):
        for operator in operators(conditions) - QUERY_OPERATORS:
            yield f"{name} on {collection} filters by {operator}"
        if collection in SCOPES and not _fixes(conditions, SCOPES[collection]):
            yield f"{name} on {collection} fixes neither its scope nor its key: {conditions}"
    for change in _changes(name, command):
        if isinstance(change, list):
            yield f"{name} on {collection} updates by a pipeline"
        for operator in operators(change) - UPDATE_OPERATORS:
            yield f"{name} on {collection} changes by {operator}"
    yield from _strays(name, command, SHARDS.get(str(collection)))


def _strays(name: str, command: dict[str, Any], shard: str | None) -> Iterator[str]:
    """What keeps a write from being of one shard."""
    if shard is None or name == "find":
        return
    for document in command["documents"] if name == "insert" else ():
        if document.get(shard) is None:
            yield f"{name} has no {shard}: {document}"
    for conditions in _filters(name, command):
        condition = conditions.get(shard)
        if condition is None or (isinstance(condition, dict) and "$eq" not in condition):
            yield f"{name} is of no single {shard}: {conditions}"
    for change in _changes(name, command):
        if any(shard in fields for fields in change.values()):
            yield f"{name} changes {shard}: {change}"


def _filters(name: str, command: dict[str, Any]) -> list[dict[str, Any]]:
    if name == "find":
        return [command.get("filter", {})]
    if name == "update":
        return [part["q"] for part in command["updates"]]
    if name == "delete":
        return [part["q"] for part in command["deletes"]]
    return [command["query"]] if name == "findAndModify" else []


def _changes(name: str, command: dict[str, Any]) -> list[Any]:
    if name == "update":
        return [part["u"] for part in command["updates"]]
    return [command["update"]] if name == "findAndModify" else []


def operators(part: Any) -> set[str]:
    """Every name with a dollar in front, however deep."""
    if isinstance(part, list | tuple):
        return set().union(*map(operators, part))
    if not isinstance(part, dict):
        return set()
    return {name for name in part if name.startswith("$")}.union(*map(operators, part.values()))


def _fixes(conditions: dict[str, Any], scope: str | None) -> bool:
    return any(name is not None and _is_fixed(conditions.get(name)) for name in ("_id", scope))


def _is_fixed(condition: Any) -> bool:
    if isinstance(condition, dict):
        return "$eq" in condition or "$in" in condition
    return condition is not None
