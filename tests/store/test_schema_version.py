"""Looking at a database without beginning it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymongo import MongoClient

from genesis.errors import GenesisError
from genesis.store import open_engine, schema_version
from genesis.store.schema import VERSION
from tests.store.commands import Commands


def test_one_that_was_begun_says_its_version(database_uri: str) -> None:
    open_engine(database_uri).close()
    assert schema_version(database_uri) == VERSION


def test_one_that_nobody_used_is_left_as_it_is(database_uri: str, tmp_path: Path, commands: Commands) -> None:
    assert schema_version(database_uri) == 0
    if database_uri.startswith("sqlite"):
        assert list(tmp_path.iterdir()) == []
        return
    commands.stop()
    with MongoClient[dict[str, object]](database_uri) as client:
        assert client.get_default_database().list_collection_names() == []


@pytest.mark.parametrize("uri", ["oracle://h", "sqlite://", "mongodb://h/a.b"])
def test_what_is_no_uri_is_told(uri: str) -> None:
    with pytest.raises(ValueError, match="GENESIS_DATABASE_URI"):
        schema_version(uri)


@pytest.mark.usefixtures("impatient")
def test_one_that_is_away_is_told() -> None:
    with pytest.raises(GenesisError, match="cannot be reached"):
        schema_version("mongodb://127.0.0.1:1/db")
