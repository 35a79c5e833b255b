"""The URI of a MongoDB database: what it says holds, and what is wrong with it is told."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from ssl import VerifyMode
from typing import Any

import pytest
from dns import resolver

from genesis.app import App
from genesis.settings import Settings
from genesis.store.mongo.client import connect
from tests.store.calls import send

HOST = "mongodb://localhost"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (HOST, "genesis-flow"),
        (f"{HOST}/?appName=@account@", "@account@"),
        (f"{HOST}/x?retryWrites=false&appname=other", "other"),
        (f"{HOST}/appName?tls=false", "genesis-flow"),
    ],
)
def test_an_app_name_in_the_uri_is_kept(uri: str, expected: str) -> None:
    with closing(connect(uri).client) as client:
        assert client.options.pool_options.appname == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (HOST, True),
        (f"{HOST}/journal", True),
        (f"{HOST}/?appName=journal", True),
        (f"{HOST}/?journal=false", False),
        (f"{HOST}/?JOURNAL=false", False),
    ],
)
def test_writes_are_journaled_unless_the_uri_says_otherwise(uri: str, expected: bool) -> None:
    with closing(connect(uri).client) as client:
        assert client.write_concern.document == {"w": "majority", "j": expected}


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://",
        "mongodb://user:se:cret@host",
        "mongodb://host:port",
        "mongodb://host/?a",
        "mongodb://host/?a=1;b=2&c=3",
        "mongodb+srv://a.b.example:27017/x",
        "mongodb+srv://a.b.example,c.d.example/x",
        "mongodb+srv://a.b.example/x?directConnection=true",
    ],
)
def test_what_is_wrong_with_a_uri_is_told_without_its_secrets(uri: str) -> None:
    with pytest.raises(ValueError, match="not a valid MongoDB URI") as refused:
        connect(uri)
    assert "cret" not in str(refused.value)


AZURE_RU = (
    "mongodb://acc:se%2Bcret%3D%3D@acc.mongo.cosmos.azure.com:10255/genesis"
    "?ssl=true&replicaSet=globaldb&retrywrites=false&maxIdleTimeMS=120000&appName=@acc@"
)
AZURE_VCORE = (
    "mongodb+srv://c.global.mongocluster.cosmos.azure.com/genesis"
    "?tls=true&authMechanism=MONGODB-OIDC&retryWrites=false"
)


@pytest.mark.parametrize(
    ("uri", "is_encrypted"),
    [
        (HOST, False),
        ("mongodb://127.0.0.1,[::1]:27018,127.8.9.10/x", False),
        ("mongodb://%2Ftmp%2Fmongodb-27017.sock/x", False),
        (f"{HOST}/?tls=true", True),
        ("mongodb://h/x", True),
        ("mongodb://localhost,h/x", True),
        ("mongodb://localhost.example/x", True),
        ("mongodb://h/x?tls=true", True),
        ("mongodb://h/x?ssl=true", True),
        ("mongodb+srv://a.b.example/x", True),
        (AZURE_RU, True),
        (AZURE_VCORE, True),
    ],
)
def test_what_leaves_this_machine_is_encrypted(uri: str, is_encrypted: bool) -> None:
    with closing(connect(uri).client) as client:
        context = client.options.pool_options._ssl_context
        assert (context is not None) == is_encrypted
        if context is not None:
            assert context.verify_mode == VerifyMode.CERT_REQUIRED
            assert client.options.pool_options.tls_allow_invalid_hostnames is False


@pytest.mark.parametrize("host", ["h", "localhost,h", "10.0.0.1", "user:se%40cret@h"])
@pytest.mark.parametrize("option", ["tls=false", "ssl=false", "TLS=False", "tls=0", "w=1&tls=no"])
def test_what_leaves_this_machine_in_the_clear_is_refused(host: str, option: str) -> None:
    with pytest.raises(ValueError, match=r"GENESIS_DATABASE_URI .* switches TLS off") as refused:
        connect(f"mongodb://{host}/x?{option}")
    assert "cret" not in str(refused.value)


@pytest.mark.parametrize("option", ["tlsInsecure", "tlsAllowInvalidCertificates", "tlsallowinvalidhostnames"])
@pytest.mark.parametrize("uri", ["mongodb://h/x?tls=true&", "mongodb+srv://a.b.example/?"])
def test_a_database_that_anybody_could_pose_as_is_refused(uri: str, option: str) -> None:
    with pytest.raises(ValueError, match=f"(?i){option}, with which anybody could pose"):
        connect(f"{uri}{option}=true")


def test_a_certificate_need_not_be_right_on_this_machine() -> None:
    connect(f"{HOST}/?tls=true&tlsInsecure=true").client.close()


@pytest.mark.parametrize(
    ("uri", "expected"),
    [(HOST, 7), (f"{HOST}/?maxPoolSize=3", 3), (AZURE_RU, 7), (AZURE_VCORE, 7)],
)
def test_the_pool_has_the_size_that_is_set_unless_the_uri_says_another(uri: str, expected: int) -> None:
    with closing(connect(uri, 7).client) as client:
        assert client.options.pool_options.max_pool_size == expected


@pytest.mark.parametrize("uri", [HOST, AZURE_RU, AZURE_VCORE, f"{HOST}/?retryWrites=true"])
def test_writes_are_repeated_by_us_and_no_wait_is_longer_than_a_request(uri: str) -> None:
    with closing(connect(uri).client) as client:
        pool = client.options.pool_options
        assert not client.options.retry_writes
        assert client.options.server_selection_timeout == 5
        assert (pool.connect_timeout, pool.socket_timeout, pool.wait_queue_timeout) == (5, 30, 10)
        assert pool.max_idle_time_seconds == 120


def test_who_names_waits_in_the_uri_gets_these() -> None:
    waits = "serverSelectionTimeoutMS=200&connectTimeoutMS=300&socketTimeoutMS=400&waitQueueTimeoutMS=500"
    with closing(connect(f"{HOST}/?{waits}&maxIdleTimeMS=600").client) as client:
        pool = client.options.pool_options
        assert client.options.server_selection_timeout == 0.2
        assert (pool.connect_timeout, pool.socket_timeout, pool.wait_queue_timeout) == (0.3, 0.4, 0.5)
        assert pool.max_idle_time_seconds == 0.6


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (HOST, "genesis"),
        (f"{HOST}/a%2Db?w=1", "a-b"),
        (AZURE_RU, "genesis"),
        ("mongodb+srv://a.b.c/team", "team"),
    ],
)
def test_the_database_is_the_one_that_is_named(uri: str, expected: str) -> None:
    database = connect(uri)
    with closing(database.client):
        assert database.name == expected


def test_a_database_is_not_a_collection() -> None:
    with pytest.raises(ValueError, match="no dot"):
        connect(f"{HOST}/genesis.runs")


def test_a_host_that_no_dns_knows_is_a_failure_that_may_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise resolver.NXDOMAIN

    monkeypatch.setattr(resolver, "resolve", unknown)
    uri = "mongodb+srv://user:secret@no-such.cluster.invalid/x"
    with closing(App(Settings(data=str(tmp_path), database_uri=uri))) as app:
        response = send(app, "runs/search", experiment_ids=["0"])
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert b"secret" not in response.whole()
