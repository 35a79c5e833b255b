"""Beginning a MongoDB database: every collection is there from the start, however often it is begun."""

from __future__ import annotations

from contextlib import closing

from pymongo import MongoClient

from genesis.store import open_engine, schema
from tests.store.commands import Commands

COLLECTIONS = {*(collection.name for collection in schema.COLLECTIONS), "points", "counters", "meta"}


def test_every_collection_is_created(mongodb_uri: str, commands: Commands) -> None:
    open_engine(mongodb_uri).close()
    commands.stop()
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        assert set(client.get_default_database().list_collection_names()) == COLLECTIONS


def test_a_database_that_is_begun_already_is_begun_again_without_harm(mongodb_uri: str) -> None:
    with closing(open_engine(mongodb_uri)) as engine:
        assert engine.count_up("c") == 1
        engine.init()
        assert engine.count_up("c") == 2
