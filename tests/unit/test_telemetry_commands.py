"""How many commands a request sends to its database, and what they cost where the database knows it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo import monitoring
from pymongo.errors import AutoReconnect, OperationFailure

from genesis.app import App
from genesis.http import Request
from genesis.observed import Observed, current
from genesis.settings import Settings
from genesis.store.mongo.client import Patience
from genesis.store.mongo.commands import STATISTICS, Commands, charged
from tests.store.commands import Commands as Witness

GET = Request("GET", "/api/2.0/mlflow/experiments/get", "experiment_id=0")


def lines(app: App, caplog: pytest.LogCaptureFixture, *requests: Request) -> list[Observed]:
    """What is known of each request when its line is written."""
    seen: list[Observed] = []

    class Watch(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            observed = current()
            assert observed is not None
            seen.append(observed)
            return True

    watch = Watch()
    logger = logging.getLogger("genesis.requests")
    logger.addFilter(watch)
    try:
        with caplog.at_level(logging.INFO, "genesis.requests"):
            for request in requests:
                app.handle(request)
    finally:
        logger.removeFilter(watch)
    return seen


@pytest.fixture
def app(database_uri: str, tmp_path: Path) -> Iterator[App]:
    app = App(Settings(data=str(tmp_path), database_uri=database_uri))
    yield app
    app.close()


def test_a_request_counts_its_own_commands(app: App, caplog: pytest.LogCaptureFixture) -> None:
    first, again, once_more = lines(app, caplog, GET, GET, GET)
    # The first one also opens the database.
    assert first.commands > again.commands == once_more.commands == 1
    assert again.charge == 0


def test_the_count_is_what_the_driver_sends(
    mongodb_uri: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    witness = Witness()
    monitoring.register(witness)
    app = App(Settings(data=str(tmp_path), database_uri=mongodb_uri))
    lines(app, caplog, GET)
    witness.listen()
    (seen,) = lines(app, caplog, Request("GET", "/api/2.0/mlflow/experiments/search", "max_results=5"))
    witness.stop()
    assert seen.commands == len(witness.names) > 0
    app.close()


def started(commands: Commands, name: str) -> None:
    event: Any = SimpleNamespace(command_name=name)
    commands.started(event)


class Connection:
    """Cosmos DB's RU: it knows what the last command on a connection cost."""

    def __init__(self, *charges: Any) -> None:
        self.charges = list(charges)
        self.asked = 0

    def command(self, command: str) -> Any:
        assert command == STATISTICS
        self.asked += 1
        told = self.charges.pop(0)
        if isinstance(told, Exception):
            raise told
        return told


def told(name: str, units: float) -> dict[str, Any]:
    return {"CommandName": name, "RequestCharge": units, "RequestDurationInMilliSeconds": 1, "ok": 1}


def commands(connection: Connection) -> Commands:
    listener = Commands()
    listener.database = connection
    return listener


def test_what_each_operation_cost_is_added_up() -> None:
    connection = Connection(told("find", 2.5), told("update", 10.29))
    listener, steadily = commands(connection), Patience()
    with Observed("GET", "mine", is_charged=True) as observed:
        for name in ("find", "update"):
            steadily(lambda name=name: started(listener, name))
        steadily(lambda: None)  # one that sends nothing
    assert round(observed.charge, 2) == 12.79
    assert (observed.commands, connection.asked) == (2, 2)
    assert observed.fields().get("request_charge") is None
    observed.end(200)
    assert observed.fields()["request_charge"] == 12.79


def test_what_another_command_cost_is_not_ours() -> None:
    with Observed("GET", "mine", is_charged=True) as observed:
        started(commands(Connection(told("insert", 7))), "find")
        charged()
    assert observed.charge == 0


def test_nobody_is_asked_unless_the_setting_is_on() -> None:
    connection = Connection()
    with Observed("GET", "mine") as observed:
        started(commands(connection), "find")
        charged()
    assert (observed.commands, connection.asked) == (1, 0)


def test_commands_of_no_request_are_nobody_s() -> None:
    connection = Connection()
    started(commands(connection), "find")
    charged()
    assert connection.asked == 0


def test_a_thread_answers_for_its_own_command() -> None:
    connection = Connection()
    with Observed("GET", "mine", is_charged=True):
        started(commands(connection), "find")
        with ThreadPoolExecutor(1) as threads:
            threads.submit(charged).result()
        assert connection.asked == 0
        connection.charges = [told("find", 1)]
        charged()
    assert connection.asked == 1


@pytest.mark.parametrize(
    "answer",
    [
        OperationFailure("no such command: 'mark'", 59),
        {"ok": 1},
        {"CommandName": "find", "RequestCharge": "mark"},
        {"CommandName": "find", "RequestCharge": None},
    ],
)
def test_a_database_that_does_not_know_is_asked_once_and_harms_nobody(
    answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    connection = Connection(answer)
    listener = commands(connection)
    with Observed("GET", "mine", is_charged=True) as observed:
        for _ in range(3):
            started(listener, "find")
            charged()
    assert (observed.commands, observed.charge, connection.asked) == (3, 0, 1)
    assert caplog.text.count("GENESIS_REQUEST_CHARGE is of no use") == 1
    assert "mark" not in caplog.text


def test_a_connection_that_breaks_is_not_the_database_s_last_word(caplog: pytest.LogCaptureFixture) -> None:
    connection = Connection(AutoReconnect("away"), told("find", 3))
    listener = commands(connection)
    with Observed("GET", "mine", is_charged=True) as observed:
        for _ in range(2):
            started(listener, "find")
            charged()
    assert observed.charge == 3
    assert not caplog.records


def test_a_server_whose_database_does_not_know_answers_all_the_same(
    mongodb_uri: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = App(Settings(data=str(tmp_path), database_uri=mongodb_uri, request_charge="true"))
    first, again = lines(app, caplog, GET, GET)
    assert (first.status, again.status, again.commands) == (200, 200, 1)
    assert caplog.text.count("GENESIS_REQUEST_CHARGE is of no use") == 1
    app.close()
