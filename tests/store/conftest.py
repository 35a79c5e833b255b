"""Both engines, each on an unused database, with every MongoDB command checked for portability."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pymongo import monitoring

from genesis.app import App
from genesis.settings import Settings
from genesis.store import Store, open_engine, store_of
from genesis.store.engine import Engine
from genesis.store.histories import Piles
from genesis.store.logged_models import LoggedModels
from genesis.store.mongo import failures
from genesis.store.mongo.causes import Causes
from tests.store.commands import Commands, refusals
from tests.store.logged import create

COMMANDS = Commands()
# Clients made from now on have the listener; there is no other way into the engine's own client.
monitoring.register(COMMANDS)


@pytest.fixture(autouse=True)
def commands() -> Iterator[Commands]:
    """Commands sent in this test; all of them must be such that every service takes them."""
    COMMANDS.listen()
    yield COMMANDS
    COMMANDS.stop()
    wrong = [why for name, command in COMMANDS.sent for why in refusals(name, command)]
    assert not wrong, wrong[:10]


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cause was told before this test: a line a minute would come in the first test alone."""
    monkeypatch.setattr(failures, "CAUSES", Causes(failures.LOG))


@pytest.fixture
def engine(database_uri: str) -> Iterator[Engine]:
    with closing(open_engine(database_uri)) as engine:
        yield engine


@pytest.fixture
def store(engine: Engine) -> Store:
    """The store of the workspace "default"."""
    return store_of(engine, "default", Piles())


@pytest.fixture
def models(store: Store) -> LoggedModels:
    return store.logged_models


@pytest.fixture
def model_id(models: LoggedModels) -> str:
    return create(models, "m-1")


@pytest.fixture
def app(database_uri: str, tmp_path: Path) -> Iterator[App]:
    with closing(App(Settings(data=str(tmp_path), database_uri=database_uri))) as app:
        yield app
