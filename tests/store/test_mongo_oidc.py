"""Signing in by the Azure identity; no server of the tests speaks MONGODB-OIDC, so the proxy answers for it.

What is real: the driver's side of the mechanism, azure-identity, and the shape of App Service's endpoint.
What a cluster in Azure does with the token is not seen here.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import bson
import pytest
from azure.core.exceptions import ClientAuthenticationError
from pymongo.auth_oidc import OIDCCallbackContext

from genesis.app import App
from genesis.settings import Settings
from genesis.store.mongo import oidc
from genesis.store.mongo.client import connect
from genesis.store.mongo.oidc import SCOPE, Identity, NoIdentity
from tests.servers.identity import Endpoint, managed_identity
from tests.store.calls import create_run, get, send
from tests.store.proxy import Connection, Fault, Message, Proxy

CLUSTER = "mongodb+srv://c.global.mongocluster.cosmos.azure.com/genesis"
OIDC = "authMechanism=MONGODB-OIDC"


@dataclass
class Token:
    token: str
    expires_on: int


class Credential:
    """Gives numbered tokens, or fails."""

    def __init__(self, client_id: str = "", failure: Exception | None = None) -> None:
        self.client_id = client_id
        self.failure = failure
        self.scopes: list[str] = []

    def get_token(self, *scopes: str) -> Token:
        self.scopes += scopes
        if self.failure:
            raise self.failure
        return Token(f"token-{len(self.scopes)}", int(time.time()) + 3600)


def context(username: str = "") -> OIDCCallbackContext:
    return OIDCCallbackContext(timeout_seconds=60, username=username, version=1)


def test_a_token_is_fetched_for_the_user_of_the_uri_and_the_credential_is_kept() -> None:
    made: list[Credential] = []

    def make(client_id: str) -> Credential:
        made.append(Credential(client_id))
        return made[-1]

    identity = Identity(make)
    assert not made
    first, second = identity.fetch(context("client-1")), identity.fetch(context("client-1"))
    assert (first.access_token, second.access_token) == ("token-1", "token-2")
    assert first.expires_in_seconds is not None and 3590 < first.expires_in_seconds <= 3600
    assert [(credential.client_id, credential.scopes) for credential in made] == [
        ("client-1", [SCOPE, SCOPE])
    ]


def test_an_identity_that_azure_does_not_know_is_a_failure_of_the_drivers() -> None:
    refused = Credential(failure=ClientAuthenticationError("no identity"))
    with pytest.raises(NoIdentity, match="ClientAuthenticationError: no identity"):
        Identity(lambda _: refused).fetch(context())


def test_the_driver_gets_what_the_mechanism_needs() -> None:
    with closing(connect(f"mongodb://client-1@c.example/x?{OIDC}").client) as client:
        credentials = client.options.pool_options._credentials
    assert credentials is not None
    assert (credentials.mechanism, credentials.source, credentials.username) == (
        *("MONGODB-OIDC", "$external"),
        "client-1",
    )
    assert isinstance(credentials.mechanism_properties.callback, Identity)


def test_so_it_does_where_dns_says_the_hosts() -> None:
    with closing(connect(f"{CLUSTER}?{OIDC}").client) as client:
        assert isinstance(client.options._options["authmechanismproperties"]["OIDC_CALLBACK"], Identity)


def test_properties_in_the_uri_are_left_as_they_are() -> None:
    uri = f"mongodb://c.example/x?{OIDC}&authMechanismProperties=ENVIRONMENT:k8s"
    with closing(connect(uri).client) as client:
        assert client.options._options["authmechanismproperties"] == {"ENVIRONMENT": "k8s"}


def test_another_mechanism_has_no_callback() -> None:
    with closing(connect("mongodb://u:p@c.example/x").client) as client:
        assert "authmechanismproperties" not in client.options._options


@pytest.fixture
def proxy(mongodb_uri: str) -> Iterator[Proxy]:
    address = urlsplit(mongodb_uri)
    assert address.hostname is not None
    with closing(Proxy((address.hostname, address.port or 27017))) as proxy:
        yield proxy


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    with managed_identity() as endpoint:
        for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_TOKEN_CREDENTIALS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in endpoint.environment.items():
            monkeypatch.setenv(name, value)
        yield endpoint


class Door:
    """The cluster's side of the mechanism: takes some tokens, notes all."""

    def __init__(self, proxy: Proxy, wrong: tuple[str, ...] = ()) -> None:
        self.shown: list[str] = []
        self.wrong = wrong
        proxy.faults.append(Fault("saslStart", self._answer, times=1000))

    def _answer(self, connection: Connection, message: Message) -> None:
        (size,) = struct.unpack_from("<i", message[3], 5)
        command = bson.decode(message[3][5 : 5 + size])
        token = bson.decode(command["payload"])["jwt"]
        assert (command["mechanism"], command["$db"]) == ("MONGODB-OIDC", "$external")
        self.shown.append(token)
        if token in self.wrong:
            connection.reply(
                message, {"ok": 0.0, "code": 18, "errmsg": "no", "codeName": "AuthenticationFailed"}
            )
        else:
            connection.reply(message, {"ok": 1.0, "conversationId": 1, "done": True, "payload": b""})


def app_at(proxy: Proxy, mongodb_uri: str, data: Path, user: str = "") -> App:
    address = urlsplit(proxy.address(mongodb_uri))
    uri = address._replace(netloc=f"{user}{address.netloc}", query=f"{address.query}&{OIDC}").geturl()
    return App(Settings(data=str(data), database_uri=uri))


@pytest.mark.parametrize("user", ["", "client-1@"])
def test_a_run_is_kept_by_a_managed_identity(
    proxy: Proxy, endpoint: Endpoint, mongodb_uri: str, tmp_path: Path, user: str
) -> None:
    door = Door(proxy)
    with closing(app_at(proxy, mongodb_uri, tmp_path, user)) as app:
        run_id = create_run(app)
        assert get(app, "runs/get", run_id=run_id)["run"]["info"]["run_id"] == run_id
    assert set(door.shown) == {"token-1"}
    (asked,) = endpoint.asked
    assert asked["resource"] == ["https://ossrdbms-aad.database.windows.net"]
    assert asked.get("client_id", []) == [name for name in [user.rstrip("@")] if name]


def test_the_identity_is_the_one_of_the_environment_where_the_uri_names_none(
    proxy: Proxy, endpoint: Endpoint, mongodb_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "client-2")
    Door(proxy)
    with closing(app_at(proxy, mongodb_uri, tmp_path)) as app:
        create_run(app)
    assert endpoint.asked[0]["client_id"] == ["client-2"]


def test_a_token_that_is_no_longer_taken_is_followed_by_another(
    proxy: Proxy, mongodb_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = Credential()
    monkeypatch.setattr(oidc, "azure_identity", lambda client_id: credential)
    door = Door(proxy)
    with closing(app_at(proxy, mongodb_uri, tmp_path)) as app:
        run_id = create_run(app)
        door.wrong = ("token-1",)
        proxy.cut("find")
        get(app, "runs/get", run_id=run_id)
    assert list(dict.fromkeys(door.shown)) == ["token-1", "token-2"]


def test_an_identity_that_the_cluster_does_not_know_is_told(
    proxy: Proxy, endpoint: Endpoint, mongodb_uri: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Door(proxy, wrong=("token-1",))
    with closing(app_at(proxy, mongodb_uri, tmp_path)) as app:
        response = send(app, "runs/search", experiment_ids=["0"])
    assert (response.status, response.headers["Retry-After"]) == (503, "30")
    assert "is the identity a user of the cluster (mongoClusters/users)?" in caplog.text
    assert "token-1" not in caplog.text


def test_an_identity_that_is_not_there_is_told(
    proxy: Proxy,
    endpoint: Endpoint,
    mongodb_uri: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    endpoint.status = 400
    with closing(app_at(proxy, mongodb_uri, tmp_path)) as app:
        response = send(app, "runs/search", experiment_ids=["0"])
    assert (response.status, response.headers["Retry-After"]) == (503, "30")
    assert b"no identity to show to its database" in response.whole()
    assert "Is the managed identity assigned to the app" in caplog.text
