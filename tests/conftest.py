"""Databases for every test that wants one: SQLite files, and MongoDB from one server a test process."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from genesis.telemetry.lines import LIBRARIES
from tests.servers.secantus import mongodb_address, secantusdb

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what is to run in its background with it ignored, and so would every command that a test
    # starts and interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

SLOWEST = (
    "functions/test_load_and_faults.py",
    "parity",
    "e2e",
    "browser",
    "migrate",
    "functions",
    "artifacts",
    "store",
)
"""What workers begin with, so that none is alone with a long file in the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place(item.path.relative_to(Path(__file__).parent)))


def place(file: Path) -> int:
    """Which of SLOWEST a file belongs to; files of one keep their order."""
    for number, slow in enumerate(SLOWEST):
        if file.is_relative_to(slow):
            return number
    return len(SLOWEST)


@pytest.fixture(autouse=True)
def loggers_as_they_begin() -> None:
    """Commands that ran in this process before have set levels for good."""
    for name in ("genesis", "genesis.requests", *LIBRARIES):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def mongodb_server_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A MongoDB without a database name: ``GENESIS_TEST_MONGODB_URI`` if set, else a server of our own."""
    if address := os.environ.get("GENESIS_TEST_MONGODB_URI"):
        yield address
        return
    with secantusdb(tmp_path_factory.mktemp("secantus"), durable=False) as server:
        yield mongodb_address(server)


@pytest.fixture
def mongodb_uri(mongodb_server_uri: str) -> str:
    return unused_database(mongodb_server_uri)


def unused_database(mongodb_server_uri: str) -> str:
    """A MongoDB database that nothing has used."""
    return urlunsplit(urlsplit(mongodb_server_uri)._replace(path=f"/test-{uuid4().hex[:12]}"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """MongoDB that is away is soon given up on by this process."""
    monkeypatch.setattr("genesis.store.mongo.client.SELECTION_MS", 500)
    monkeypatch.setattr("genesis.store.mongo.client.PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr("genesis.store.mongo.engine.START_SECONDS", 0.5)


@pytest.fixture
def sqlite_uri(tmp_path: Path) -> str:
    """A SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'genesis.db'}"


@pytest.fixture(params=["sqlite", "mongo"])
def database_uri(request: pytest.FixtureRequest) -> str:
    """An unused database of each engine."""
    uri: str = request.getfixturevalue("sqlite_uri" if request.param == "sqlite" else "mongodb_uri")
    return uri
