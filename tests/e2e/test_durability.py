"""A server or its database is killed while clients write: all that was acknowledged is there afterwards."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.ledger import Ledger, written_by
from tests.e2e.rest import Rest
from tests.servers import Server
from tests.servers.secantus import mongodb_address, secantusdb
from tests.servers.serve import genesis_serve

CLIENTS = 4


def somewhat() -> None:
    """Long enough for some hundred writes, and never as long as the last time."""
    time.sleep(random.uniform(0.4, 1.0))


def kills(victim: Server, api: Server, rounds: int) -> Iterator[list[Ledger]]:
    """What was acknowledged before, and around, each time that ``victim`` was killed and came back."""
    rest = Rest(api.url)
    for number in range(rounds):

        def kill_it() -> None:
            somewhat()
            victim.kill()
            if victim is not api:
                # The server waits for its database, and so do its clients.
                victim.start()
                somewhat()

        ledgers = written_by(CLIENTS, rest, f"round{number}", kill_it)
        if victim is api:
            victim.start()
        yield ledgers


def check(victim: Server, api: Server, rounds: int) -> None:
    everything: list[Ledger] = []
    for ledgers in kills(victim, api, rounds):
        assert min(ledger.count() for ledger in ledgers) > 0
        for ledger in ledgers:
            ledger.check()
        everything += ledgers
    # Earlier rounds have been through more kills since they were checked.
    for ledger in everything:
        ledger.check()


def test_what_was_acknowledged_survives_the_kill_of_the_server(tmp_path: Path) -> None:
    with genesis_serve(tmp_path) as server:
        check(server, server, rounds=10)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Server]:
    """A MongoDB's stand-in of the test's own, which no other test misses."""
    (tmp_path / "database").mkdir()
    with secantusdb(tmp_path / "database") as server:
        yield server


@pytest.fixture
def on_mongodb(database: Server, tmp_path: Path) -> Iterator[Server]:
    uri = urlsplit(mongodb_address(database))._replace(path="/durable").geturl()
    with genesis_serve(tmp_path / "data", database_uri=uri) as server:
        yield server


def test_what_was_acknowledged_survives_the_kill_of_a_server_on_mongodb(on_mongodb: Server) -> None:
    check(on_mongodb, on_mongodb, rounds=2)


def test_what_was_acknowledged_survives_the_kill_of_the_database(
    database: Server, on_mongodb: Server
) -> None:
    check(database, on_mongodb, rounds=10)
