"""Two hundred clients for a minute, in bad weather, while the database dies and later takes nothing.

Each client thinks for a second between two calls (``load.THINK_SECONDS``), so that two cores keep up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.rest import Rest
from tests.functions.acknowledged import Found, check_aliases, check_names, check_runs, check_versions
from tests.functions.calls import ENDS_WITHIN_SECONDS
from tests.functions.faults import Weather
from tests.functions.load import EXPERIMENTS, MODELS, Load
from tests.functions.published import functions_host
from tests.servers import Server
from tests.servers.secantus import mongodb_address, secantusdb
from tests.store.proxy import Proxy

CLIENTS = 200
THREADS = "32"
"""As infra/bicep sets it."""
SECONDS = 60
CALM_SECONDS = 10
SEED = 6
BAD = {"throttled": 0.03, "delayed": 0.02, "lost": 0.005, "cut": 0.005}
"""The share of commands that meets each fault."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Server]:
    """A MongoDB's stand-in of the test's own, which is killed."""
    (tmp_path / "database").mkdir()
    with secantusdb(tmp_path / "database") as server:
        yield server


@pytest.fixture
def proxy(database: Server) -> Iterator[Proxy]:
    with closing(Proxy(("127.0.0.1", database.port))) as proxy:
        yield proxy


@pytest.fixture
def host(proxy: Proxy, database: Server, published: Path, tmp_path: Path) -> Iterator[Server]:
    """The worker, on the database behind the proxy."""
    settings = {
        "GENESIS_DATA": str(tmp_path),
        "GENESIS_DATABASE_URI": proxy.address(mongodb_address(database).replace("/?", "/load?")),
        "PYTHON_THREADPOOL_THREAD_COUNT": THREADS,
    }
    with functions_host(published, **settings) as server:
        yield server


@pytest.fixture
def rest(host: Server) -> Rest:
    """With the models that all clients register versions of."""
    rest = Rest(host.url)
    for number in range(MODELS):
        assert rest.post("registered-models/create", name=f"model {number}").status == 200
    return rest


def everybody(load: Load, status: int) -> None:
    """Wait until each client has met an answer of this status from now on."""
    assert load.met.wait_for(CLIENTS, status, ENDS_WITHIN_SECONDS) == CLIENTS, load.met.report()


def kill_and_restart(database: Server, load: Load) -> float:
    """The database is away until every client has been told, and then serves them all; when it was killed."""
    killed = time.monotonic()
    database.kill()
    everybody(load, 503)
    database.start()
    everybody(load, 200)
    return killed


def throttle_all(weather: Weather, load: Load) -> None:
    """Every command is refused until every client has been told."""
    weather.set(throttled=1.0)
    everybody(load, 429)
    weather.set(**BAD)
    everybody(load, 200)


def test_of_what_200_clients_were_told_nothing_is_lost_or_doubled_whatever_fails(
    database: Server, proxy: Proxy, host: Server, rest: Rest
) -> None:
    experiments = [rest.new_experiment() for _ in range(EXPERIMENTS)]
    weather = Weather(proxy, SEED)
    with closing(Load(host.port, CLIENTS, experiments, SEED)) as load:
        end = time.monotonic() + SECONDS
        weather.set(**BAD)
        load.begin()
        time.sleep(CALM_SECONDS)
        killed = kill_and_restart(database, load)
        throttle_all(weather, load)
        time.sleep(max(0.0, end - time.monotonic()))
        load.end()

        weather.calm()
        before = load.met.by_status()
        load.last_calls()
        after = load.met.by_status()

    assert load.met.wrong == []
    assert [after[status] for status in (429, 503)] == [before[status] for status in (429, 503)]
    assert min(weather.struck().values()) > 0
    assert host.process is not None and host.process.poll() is None
    assert "Traceback" not in host.log.read_text()

    ledgers = [client.ledger for client in load.clients]
    found = Found(rest, experiments)
    check_runs(found, ledgers)
    check_aliases(found, ledgers)
    check_names(found, ledgers)
    gaps = check_versions(found, ledgers, killed, weather.lost("findAndModify", "registry"))
    print(f"{load.met.report()}; faults: {weather.struck()}; numbers that no version has: {gaps}")
