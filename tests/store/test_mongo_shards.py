"""Cosmos DB RU: collections are made with shard keys, and what is written is of one shard."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient

from genesis.search.clauses import Clause, Op, Path
from genesis.store import schema
from genesis.store.engine import Change, Query
from genesis.store.mongo.client import connect
from genesis.store.mongo.collections import UNSHARDED
from genesis.store.mongo.engine import TOGETHER, MongoEngine
from genesis.store.mongo.uri import Address
from genesis.store.schema import COLLECTIONS, REGISTRY, RUNS
from tests.store.commands import Commands
from tests.store.documents import SCOPE, fill, ids, run
from tests.store.proxy import Proxy

SHARDS = {
    "experiments": "_id",
    "names": "_id",
    "runs": "_id",
    "datasets": "_id",
    "registry": "workspace",
    "logged_models": "_id",
    "points": "run",
}
THROTTLED = {"ok": 0, "code": 16500, "errmsg": "Error=16500, RetryAfterMs=1"}
ALL = 99


@pytest.fixture
def proxy(mongodb_uri: str) -> Iterator[Proxy]:
    address = urlsplit(mongodb_uri)
    with closing(Proxy((address.hostname or "", address.port or 27017))) as proxy:
        yield proxy


@pytest.fixture
def ru(proxy: Proxy, mongodb_uri: str) -> Iterator[MongoEngine]:
    """An engine that takes the server behind the proxy for Cosmos DB RU."""
    with closing(MongoEngine(connect(proxy.address(mongodb_uri)), is_ru=True)) as engine:
        yield engine


def asked(commands: Commands) -> list[dict[str, Any]]:
    """Commands of Cosmos DB's own that were sent; from then on as if they had not been."""
    own = [command for name, command in commands.sent if name == "customAction"]
    commands.listen()
    return own


def collections(uri: str) -> set[str]:
    with MongoClient[dict[str, object]](uri) as client:
        return set(client.get_default_database().list_collection_names())


def test_collections_that_grow_are_made_with_their_shard_keys(
    ru: MongoEngine, proxy: Proxy, commands: Commands, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.answer("customAction", {"ok": 1}, ALL)
    ru.init()
    made = asked(commands)
    assert {command["collection"]: command["shardKey"] for command in made} == SHARDS
    assert {command["customAction"] for command in made} == {"CreateCollection"}
    assert not caplog.records


def test_a_collection_whose_making_is_throttled_is_made_after_all(
    ru: MongoEngine, proxy: Proxy, commands: Commands
) -> None:
    proxy.answer("customAction", THROTTLED, 2)
    proxy.answer("customAction", {"ok": 1}, ALL)
    ru.init()
    assert len(asked(commands)) == len(SHARDS) + 2


@pytest.mark.parametrize(
    "refusal",
    [{"ok": 0, "code": 115, "errmsg": "not supported"}, {"ok": 0, "code": 9, "errMsg": "not understood"}],
    ids=["in MongoDB's form", "in its own form"],
)
def test_where_nothing_can_be_sharded_collections_are_made_without_and_it_is_told(
    refusal: dict[str, Any],
    ru: MongoEngine,
    proxy: Proxy,
    mongodb_uri: str,
    commands: Commands,
    caplog: pytest.LogCaptureFixture,
) -> None:
    proxy.answer("customAction", refusal, ALL)
    with caplog.at_level(logging.WARNING):
        ru.init()
    asked(commands)
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == list(SHARDS)
    commands.stop()
    assert SHARDS.keys() < collections(mongodb_uri)


@pytest.mark.parametrize(
    ("shard", "told"),
    [({"shardKeyDefinition": {"_id": "hashed"}}, []), ({}, list(SHARDS))],
    ids=["sharded", "not"],
)
def test_what_is_there_already_stays_as_it_is_and_is_told_only_where_it_has_no_shard_key(
    shard: dict[str, Any],
    told: list[str],
    ru: MongoEngine,
    proxy: Proxy,
    commands: Commands,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in SHARDS:
        proxy.answer("customAction", {"ok": 0, "code": 48, "errmsg": "exists"})
        proxy.answer("customAction", {"ok": 1, "database": "d", "collection": "c", **shard})
    with caplog.at_level(logging.WARNING):
        ru.init()
    made = [name for name, command in commands.sent if name == "create"]
    assert len(asked(commands)) == 2 * len(SHARDS)
    assert len(made) == len(COLLECTIONS) - len(SHARDS) + 1 + len(UNSHARDED)
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == told


def test_other_databases_are_asked_for_nothing_of_the_kind(mongodb_uri: str, commands: Commands) -> None:
    with closing(MongoEngine(connect(mongodb_uri))) as engine:
        engine.init()
    assert asked(commands) == []


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("mongodb://u:p@genesis-x.mongo.cosmos.azure.com:10255/genesis?ssl=true&appName=@genesis-x@", True),
        ("mongodb://genesis-x.mongo.cosmos.azure.cn:10255/?ssl=true", True),
        ("mongodb://GENESIS.MONGO.COSMOS.AZURE.COM:10255/?ssl=true", True),
        ("mongodb+srv://u:p@genesis-x.mongocluster.cosmos.azure.com/?tls=true", False),
        ("mongodb+srv://u:p@genesis-x.global.mongocluster.cosmos.azure.com/", False),
        ("mongodb://localhost/?appName=@x.mongo.cosmos.@", False),
        ("mongodb+srv://cluster.abc.mongodb.net/", False),
    ],
)
def test_which_databases_are_cosmos_db_ru_is_in_their_names(uri: str, expected: bool) -> None:
    assert Address(uri).is_ru is expected


def test_what_is_written_by_a_search_of_many_shards_is_written_by_key_a_hundred_at_a_time(
    mongodb_uri: str, commands: Commands
) -> None:
    with closing(MongoEngine(connect(mongodb_uri))) as engine:
        engine.init()
        fill(engine, *(run(f"default|{i:03}") for i in range(2 * TOGETHER + 1)))
        commands.listen()
        is_active = Clause(Path("lifecycle"), Op.EQ, "active")
        engine.update_all(RUNS, (SCOPE, is_active), Change(set={Path("lifecycle"): "deleted"}))
        assert commands.names == ["find", "update", "update", "update"]
        engine.delete_all(RUNS, (SCOPE, Clause(Path("lifecycle"), Op.EQ, "deleted")))
        assert commands.names[4:] == ["find", "delete", "delete", "delete"]
        assert ids(engine, limit=1) == []


def test_what_stopped_matching_meanwhile_is_left_alone(mongodb_uri: str, proxy: Proxy) -> None:
    is_active = Clause(Path("lifecycle"), Op.EQ, "active")
    with (
        closing(MongoEngine(connect(mongodb_uri))) as other,
        closing(MongoEngine(connect(proxy.address(mongodb_uri)))) as engine,
    ):
        engine.init()
        fill(engine, run("default|a"), run("default|b"))

        def after_the_other(connection: Any, message: Any) -> None:
            other.update(RUNS, "default|a", Change(set={Path("lifecycle"): "deleted", Path("status"): "x"}))
            connection.forward(message)

        proxy.intercept("update", after_the_other)
        engine.update_all(RUNS, (SCOPE, is_active), Change(set={Path("status"): "y"}))
        found = engine.find(RUNS, Query((SCOPE,)))
        assert {document["id"]: document.get("status") for document in found} == {
            "default|a": "x",
            "default|b": "y",
        }


def test_writes_of_many_shards_that_are_throttled_are_done_after_all(mongodb_uri: str, proxy: Proxy) -> None:
    with closing(MongoEngine(connect(proxy.address(mongodb_uri)))) as engine:
        engine.init()
        fill(engine, run("default|a"), run("default|b"))
        error = {"index": 1, "code": 16500, "errmsg": "RetryAfterMs=1"}
        proxy.answer("update", {"ok": 1, "n": 1, "nModified": 1, "writeErrors": [error]})
        engine.update_all(RUNS, (SCOPE,), Change(set={Path("status"): "y"}))
        assert [document["status"] for document in engine.find(RUNS, Query((SCOPE,)))] == ["y", "y"]


def test_one_document_of_the_registry_is_written_in_the_shard_of_its_workspace(
    mongodb_uri: str, commands: Commands
) -> None:
    id = schema.key("team", "m")
    with closing(MongoEngine(connect(mongodb_uri))) as engine:
        engine.init()
        assert engine.insert(REGISTRY, {"id": id, "workspace": "team", "tags": {}})
        commands.listen()
        engine.update(REGISTRY, id, Change(set={Path("kind"): "model"}))
        engine.get(REGISTRY, id)
        engine.delete(REGISTRY, id)
    (_, update), (_, find), (_, delete) = commands.sent
    for conditions in (update["updates"][0]["q"], find["filter"], delete["deletes"][0]["q"]):
        assert conditions == {"_id": id, "workspace": "team"}
