"""Making collections and indexes; on Cosmos DB RU, with the shard keys that the schema declares."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import OperationFailure

from genesis.store.engine import Document
from genesis.store.mongo.client import Patience
from genesis.store.mongo.failures import BUSY, codes
from genesis.store.schema import COLLECTIONS, POINTS, Collection

NAMESPACE_EXISTS = 48
UNSHARDED = ("counters", "meta")
"""A document each for what is counted, and one for the schema's version."""

LOG = logging.getLogger(__name__)


class Maker:
    """Makes what is missing in one database; safe to repeat, and for several at a time."""

    def __init__(self, database: Database[Document], steadily: Patience, *, is_ru: bool) -> None:
        self._database = database
        self._steadily = steadily
        self._is_ru = is_ru

    def make(self) -> None:
        """Every collection, for the first write would make none where it may not, and then their indexes."""
        for collection in (*COLLECTIONS, POINTS):
            self._steadily(partial(self._collection, collection))
        for name in UNSHARDED:
            self._steadily(partial(self._unsharded, name))
        for collection in (*COLLECTIONS, POINTS):
            for fields in collection.indexes:
                self._index(collection.name, fields)

    def _collection(self, collection: Collection) -> None:
        if not self._is_ru or not collection.shard:
            self._unsharded(collection.name)
            return
        name = collection.name
        if self._custom("CreateCollection", name, shardKey=shard_field(collection)) is not None:
            return
        # There already, or refused: by its own commands it may say so in any words.
        found = self._custom("GetCollection", name)
        if found is None:
            self._unsharded(name)
        if not (found or {}).get("shardKeyDefinition"):
            LOG.warning(
                "The collection %s has no shard key: it ends at 20 GB. See docs/scale.md for a way out.", name
            )

    def _custom(self, action: str, name: str, **fields: str) -> Mapping[str, Any] | None:
        """The reply to a command of Cosmos DB's own; None where it was refused."""
        try:
            return self._database.command({"customAction": action, "collection": name, **fields})
        except OperationFailure as error:
            if codes(error) & BUSY:
                raise
        except KeyError:
            # They are documented to fail with "errMsg", where the driver looks for "errmsg".
            pass
        return None

    def _unsharded(self, name: str) -> None:
        try:
            # Without the driver's own look, which lists all collections and may be overtaken.
            self._database.create_collection(name, check_exists=False)
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:
                raise

    def _index(self, name: str, fields: Sequence[str]) -> None:
        keys = [(field, ASCENDING) for field in fields]
        self._steadily(lambda: self._database[name].create_index(keys))


def shard_field(collection: Collection) -> str:
    """The field that a collection is sharded by, as MongoDB calls it; empty where it is not."""
    return "_id" if collection.shard == "id" else collection.shard
