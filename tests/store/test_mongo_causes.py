"""What can be wrong with a database: general words for the client, what to do about it once in the log."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient

from genesis.app import App
from genesis.http import Response
from genesis.settings import Settings
from genesis.store import open_engine, schema
from genesis.store.mongo import client
from genesis.store.mongo.causes import Causes
from tests.servers import Server, free_port
from tests.servers.certificate import Certificate, self_signed
from tests.servers.secantus import secantusdb
from tests.store.calls import create_run, get, send
from tests.store.proxy import Proxy

PASSWORD = "pa-SECRET-ss"
FAILURES = "genesis.store.mongo.failures"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr("genesis.store.mongo.engine.START_SECONDS", 0.2)
    monkeypatch.setattr(client, "SELECTION_MS", 700)
    monkeypatch.setattr(client, "QUEUE_MS", 300)


@pytest.fixture
def proxy(mongodb_uri: str) -> Iterator[Proxy]:
    address = urlsplit(mongodb_uri)
    assert address.hostname is not None
    with closing(Proxy((address.hostname, address.port or 27017))) as proxy:
        yield proxy


@pytest.fixture
def proxied(proxy: Proxy, mongodb_uri: str, tmp_path: Path) -> Iterator[App]:
    with closing(app_at(proxy.address(mongodb_uri), tmp_path)) as app:
        get(app, "experiments/get", experiment_id="0")
        yield app


def app_at(uri: str, data: Path, connections: str = "32") -> App:
    return App(Settings(data=str(data), database_uri=uri, database_connections=connections))


def search(uri: str, data: Path, times: int = 1) -> Response:
    with closing(app_at(uri, data)) as app:
        for _ in range(times - 1):
            send(app, "runs/search", experiment_ids=["0"])
        return send(app, "runs/search", experiment_ids=["0"])


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is in the log as a warning or worse."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_wrong_password_is_told_once_and_never_repeated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with guarded(tmp_path) as server:
        good = f"mongodb://genesis:{PASSWORD}@127.0.0.1:{server.port}/genesis?authSource=admin"
        assert search(good, tmp_path).status == 200
        assert lines(caplog) == []
        response = search(good.replace(PASSWORD, f"{PASSWORD}x"), tmp_path, times=3)
    assert (response.status, response.headers["Retry-After"]) == (503, "30")
    assert b"refuses this server's credentials" in response.whole()
    (line,) = lines(caplog)
    assert "does not accept the user or key in GENESIS_DATABASE_URI" in line
    assert "SECRET" not in caplog.text
    assert b"SECRET" not in response.whole()


def guarded(folder: Path) -> Server:
    """A server with one user, which must sign in."""
    with (
        secantusdb(folder) as server,
        MongoClient[Any]("127.0.0.1", server.port, directConnection=True) as admin,
    ):
        roles = [{"role": "readWrite", "db": "genesis"}]
        admin["admin"].command("createUser", "genesis", pwd=PASSWORD, roles=roles)
    return secantusdb(folder, "--auth")


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        (13, "not authorized on genesis to execute command", "needs the role readWrite"),
        (18, "Authentication failed.", "does not accept the user or key"),
        (8000, "bad auth", "does not accept the user or key"),
        (
            *(
                13,
                "Forbidden (403): Request from IP 192.0.2.1. This is blocked by your firewall settings",
            ),
            "firewall does not let this server in",
        ),
    ],
)
def test_what_the_database_forbids_is_told_once(
    proxied: App, proxy: Proxy, caplog: pytest.LogCaptureFixture, code: int, text: str, told: str
) -> None:
    proxy.answer("find", {"ok": 0.0, "code": code, "errmsg": f"{text} SECRET", "codeName": "No"}, times=3)
    responses = [send(proxied, "runs/search", experiment_ids=["0"]) for _ in range(3)]
    assert {(response.status, response.headers["Retry-After"]) for response in responses} == {(503, "30")}
    assert b"see the server's log" in responses[0].whole()
    (line,) = lines(caplog)
    assert told in line
    assert str(code) in line
    assert "SECRET" not in line
    assert "192.0.2.1" not in line


def test_a_user_that_may_not_begin_a_database_is_told_what_to_run(
    proxy: Proxy, mongodb_uri: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.answer("create", {"ok": 0.0, "code": 13, "errmsg": "no", "codeName": "Unauthorized"}, times=9)
    assert search(proxy.address(mongodb_uri), tmp_path).status == 503
    assert "`python -m genesis init`" in "".join(lines(caplog))


def test_throttling_is_told_once(proxied: App, proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    proxy.answer("find", {"ok": 0.0, "code": 16500, "errmsg": "RetryAfterMs=1"}, times=10_000)
    assert [send(proxied, "runs/search", experiment_ids=["0"]).status for _ in range(2)] == [429, 429]
    (line,) = lines(caplog)
    assert "over its request rate" in line


def test_nobody_there_is_told_once_with_what_to_look_at(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uri = f"mongodb://genesis:{PASSWORD}@127.0.0.1:{free_port()}/genesis"
    response = search(uri, tmp_path, times=2)
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert b"127.0.0.1" not in response.whole()
    (line,) = lines(caplog)
    assert "does its firewall let this server in" in line
    assert "127.0.0.1" in line
    assert "SECRET" not in caplog.text


def test_a_host_that_nobody_knows_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    response = search("mongodb://no-such-host.invalid/genesis", tmp_path)
    assert response.status == 503
    assert b"no-such-host" not in response.whole()
    (line,) = lines(caplog)
    assert "DNS does not know the host" in line


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def encrypted(files: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    options = ("--tls-cert-file", str(files.file), "--tls-key-file", str(files.key))
    with secantusdb(tmp_path_factory.mktemp("encrypted"), *options) as server:
        yield server


def test_a_certificate_of_a_known_authority_is_good(
    encrypted: Server, files: Certificate, tmp_path: Path
) -> None:
    trusted = f"?directConnection=true&tls=true&tlsCAFile={files.file}"
    with closing(app_at(f"mongodb://127.0.0.1:{encrypted.port}/genesis{trusted}", tmp_path)) as app:
        create_run(app)


@pytest.mark.parametrize(
    ("host", "knows_authority"),
    [("127.0.0.1", False), ("localhost", True)],
    ids=["unknown authority", "another name"],
)
def test_a_certificate_that_proves_nothing_is_told(
    encrypted: Server,
    files: Certificate,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    host: str,
    knows_authority: bool,
) -> None:
    authority = f"&tlsCAFile={files.file}" if knows_authority else ""
    uri = f"mongodb://{host}:{encrypted.port}/genesis?directConnection=true&tls=true{authority}"
    response = search(uri, tmp_path)
    assert (response.status, response.headers["Retry-After"]) == (503, "30")
    assert b"no secure connection" in response.whole()
    (line,) = lines(caplog)
    assert "No TLS connection to the database" in line


def test_a_server_that_speaks_no_tls_is_told(
    mongodb_uri: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    response = search(f"{mongodb_uri}&tls=true", tmp_path)
    assert b"no secure connection" in response.whole()
    assert len(lines(caplog)) == 1


def test_connections_that_are_all_in_use_are_told(
    proxy: Proxy, mongodb_uri: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(app_at(proxy.address(mongodb_uri), tmp_path, connections="1")) as app:
        get(app, "experiments/get", experiment_id="0")

        def while_another_is_busy(connection: Any, message: Any) -> None:
            seen.append(send(app, "runs/search", experiment_ids=["0"]))
            connection.forward(message)

        seen: list[Response] = []
        proxy.intercept("find", while_another_is_busy)
        assert send(app, "runs/search", experiment_ids=["0"]).status == 200
    assert (seen[0].status, seen[0].headers["Retry-After"]) == (503, "2")
    assert "Raise GENESIS_DATABASE_CONNECTIONS" in "".join(lines(caplog))


def test_connections_are_kept(mongodb_uri: str, proxy: Proxy, tmp_path: Path) -> None:
    with closing(app_at(proxy.address(mongodb_uri), tmp_path)) as app:
        run_id = create_run(app)
        proxy.greeted.clear()
        for _ in range(5):
            get(app, "runs/get", run_id=run_id)
    assert proxy.greeted == []


def test_a_database_that_lost_what_we_keep_in_it_is_told_what_to_run(mongodb_uri: str) -> None:
    with (
        closing(open_engine(mongodb_uri)) as engine,
        MongoClient[Any](mongodb_uri) as other,
    ):
        engine.check()
        other.get_default_database()["meta"].update_one({"_id": "schema"}, {"$set": {"version": 1}})
        with pytest.raises(Exception, match="genesis init"):
            engine.check()
        other.drop_database(other.get_default_database().name)
        with pytest.raises(Exception, match="genesis init"):
            engine.check()
        engine.init()
        engine.check()


def test_a_collection_that_is_missing_later_is_told_as_a_database_never_begun(
    proxied: App, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.answer("find", {"ok": 0.0, "code": 26, "errmsg": "ns", "codeName": "NamespaceNotFound"})
    response = send(proxied, "runs/search", experiment_ids=["0"])
    assert (response.status, response.headers["Retry-After"]) == (503, "30")
    assert b"run `python -m genesis init`" in response.whole()
    assert len(lines(caplog)) == 1


def test_a_newer_database_is_a_setting_of_no_use(
    mongodb_uri: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with MongoClient[Any](mongodb_uri) as other:
        newer = {"_id": "schema", "version": schema.VERSION + 1}
        other.get_default_database()["meta"].insert_one(newer)
    response = search(mongodb_uri, tmp_path, times=3)
    assert (response.status, response.headers["Retry-After"]) == (503, "30")
    (line,) = lines(caplog)
    assert "A newer Genesis-Flow wrote this database" in line


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("mongodb://h/x?tls=false", "switches TLS off"),
        ("postgresql://h/x", "has the scheme 'postgresql'"),
        ("mongodb://h:port/x", "not a valid MongoDB URI"),
    ],
)
def test_a_uri_of_no_use_is_told_once_and_its_setting_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, uri: str, told: str
) -> None:
    response = search(uri, tmp_path, times=3)
    assert (response.status, response.headers["Retry-After"]) == (503, "30")
    assert b"GENESIS_DATABASE_URI" in response.whole()
    (line,) = lines(caplog)
    assert told in line


def test_a_cause_is_told_again_after_a_minute_with_how_often_it_was_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [1000.0]
    causes = Causes(logging.getLogger(FAILURES), lambda: now[0])
    for _ in range(4):
        causes.tell(logging.ERROR, "route", "No way.")
    causes.tell(logging.ERROR, "role", "No role.")
    now[0] += 60
    causes.tell(logging.ERROR, "route", "No way.")
    now[0] += 1
    causes.tell(logging.ERROR, "route", "No way.")
    told = lines(caplog)
    assert told[:2] == ["No way.", "No role."]
    assert re.fullmatch(r"No way\. \(3 more .*\)", told[2])
    assert len(told) == 3
