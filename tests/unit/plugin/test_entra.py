"""To whom genesis-entra gives its token, when it asks for another, and what it says where it cannot."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import mlflow
import pytest
import requests
from mlflow.exceptions import MlflowException
from mlflow.tracking.request_auth.registry import fetch_auth

from genesis.plugin.access_tokens import AccessTokens, NoToken, Wanted
from genesis.plugin.entra import EntraAuth, EntraProvider, servers

TENANT = "11111111-2222-3333-4444-abcdefabcdef"
SCOPE = "api://flow/.default"
CHALLENGE = f'Bearer realm="mlflow", authorization_uri="https://login.example/{TENANT}", scope="{SCOPE}"'


class Guarded:
    """A host on loopback that answers 401 but to the tokens it takes; ``/elsewhere`` redirects."""

    def __init__(self) -> None:
        self.takes: list[str] = []
        self.challenge = CHALLENGE
        self.elsewhere = ""
        self.got: list[tuple[str, str | None, bytes]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def tokens(self) -> list[str | None]:
        """Those that came, in their order."""
        return [token for _, token, _ in self.got]

    def __enter__(self) -> Guarded:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(host: Guarded) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers.get("Authorization")
            host.got.append((self.path, token, body))
            good = token in [f"Bearer {one}" for one in host.takes]
            self.send_response(307 if self.path == "/elsewhere" and good else 200 if good else 401)
            self.send_header("Location", host.elsewhere)
            self.send_header("WWW-Authenticate", host.challenge)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_PUT = do_POST

        def log_message(self, format: str, *values: object) -> None:
            """Not on the terminal."""

    return Handler


class Client:
    """A client with genesis-entra, whose identity has as many tokens as it is asked for."""

    def __init__(self, *servers: str) -> None:
        self.asked: list[Wanted] = []
        self.now = time.time()
        self.auth = EntraAuth(AccessTokens(self._token, lambda: self.now), lambda: iter(servers))

    def _token(self, wanted: Wanted) -> Any:
        self.asked.append(wanted)
        if wanted.tenant == "nobody":
            raise NoToken("az login")
        return type("Given", (), {"token": f"token-{len(self.asked)}", "expires_on": self.now + 3600})

    def send(self, url: str, method: str = "POST", **options: Any) -> requests.Response:
        return requests.request(method, url, auth=self.auth, timeout=10, **options)


@pytest.fixture
def hosts() -> Iterator[tuple[Guarded, Guarded]]:
    with ExitStack() as stack:
        yield stack.enter_context(Guarded()), stack.enter_context(Guarded())


@pytest.fixture
def server(hosts: tuple[Guarded, Guarded]) -> Guarded:
    return hosts[0]


@pytest.fixture
def other(hosts: tuple[Guarded, Guarded]) -> Guarded:
    return hosts[1]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GENESIS_ENTRA_AUDIENCE", "GENESIS_ENTRA_TENANT"):
        monkeypatch.delenv(name, raising=False)


def test_the_server_says_what_the_token_is_for_and_is_asked_once_more(server: Guarded) -> None:
    server.takes = ["token-1"]
    client = Client(server.url)

    answer = client.send(f"{server.url}/a", json={"a": 1})

    assert answer.status_code == 200
    assert [reply.status_code for reply in answer.history] == [401]
    assert client.asked == [Wanted(SCOPE, TENANT)]
    assert [(token, json.loads(body)) for _, token, body in server.got] == [
        (None, {"a": 1}),
        ("Bearer token-1", {"a": 1}),
    ]


def test_what_the_server_said_is_known_from_then_on(server: Guarded) -> None:
    server.takes = ["token-1"]
    client = Client(server.url + "/prefix/")
    for _ in range(3):
        assert client.send(server.url).status_code == 200
    assert server.tokens == [None, *["Bearer token-1"] * 3]


@pytest.mark.parametrize(
    ("audience", "scope"),
    [
        ("flow", "api://flow/.default"),
        ("api://flow", "api://flow/.default"),
        ("https://flow.example/", "https://flow.example/.default"),
    ],
)
def test_where_the_audience_is_set_the_server_is_not_asked(
    server: Guarded, monkeypatch: pytest.MonkeyPatch, audience: str, scope: str
) -> None:
    monkeypatch.setenv("GENESIS_ENTRA_AUDIENCE", audience)
    monkeypatch.setenv("GENESIS_ENTRA_TENANT", "a-tenant")
    server.takes = ["token-1"]
    client = Client(server.url)
    assert client.send(server.url).status_code == 200
    assert client.asked == [Wanted(scope, "a-tenant")]
    assert server.tokens == ["Bearer token-1"]


def test_a_token_that_is_refused_is_replaced_and_the_request_sent_again_once(server: Guarded) -> None:
    server.takes = ["token-1"]
    client = Client(server.url)
    client.send(server.url)
    server.takes, client.now = ["token-2"], client.now + 61
    assert client.send(server.url, data=b"body").status_code == 200
    assert server.tokens[2:] == ["Bearer token-1", "Bearer token-2"]
    assert [body for *_, body in server.got[2:]] == [b"body", b"body"]


def test_a_second_refusal_is_the_answer(server: Guarded) -> None:
    client = Client(server.url)
    assert client.send(server.url).status_code == 401
    assert client.send(server.url).status_code == 401
    assert server.tokens == [None, "Bearer token-1", "Bearer token-1"]
    assert len(client.asked) == 1


def test_a_file_is_sent_again_from_where_it_began(server: Guarded) -> None:
    server.takes = ["token-1"]
    body = io.BytesIO(b"read already, and this")
    body.seek(14)
    assert Client(server.url).send(server.url, "PUT", data=body).status_code == 200
    assert [sent for *_, sent in server.got] == [b"and this", b"and this"]


def test_what_can_be_sent_only_once_is_answered_with_the_servers_own_refusal(server: Guarded) -> None:
    class Once:
        """A body of four bytes that nobody can rewind."""

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"once"])

        def __len__(self) -> int:
            return 4

    assert Client(server.url).send(server.url, data=Once()).status_code == 401
    assert server.tokens == [None]


@pytest.mark.parametrize("audience", ["", "flow"])
def test_no_other_host_gets_the_token(
    server: Guarded,
    other: Guarded,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    audience: str,
) -> None:
    monkeypatch.setenv("GENESIS_ENTRA_AUDIENCE", audience)
    client = Client(server.url)
    with caplog.at_level(logging.WARNING):
        assert [client.send(other.url).status_code for _ in range(2)] == [401, 401]
    assert (other.tokens, client.asked) == ([None, None], [])
    assert caplog.text.count("set MLFLOW_TRACKING_URI") == 1


def test_a_redirect_to_another_host_does_not_take_the_token_along(server: Guarded, other: Guarded) -> None:
    server.takes, server.elsewhere = ["token-1"], f"{other.url}/blob"
    answer = Client(server.url).send(f"{server.url}/elsewhere")
    assert (answer.status_code, answer.url) == (401, f"{other.url}/blob")
    assert other.tokens == [None]


def test_another_port_and_a_user_in_the_url_are_another_host(server: Guarded, other: Guarded) -> None:
    client = Client(server.url)
    client.send(other.url.replace("//", f"//127.0.0.1:{server.url.rpartition(':')[2]}@", 1))
    assert client.asked == []


def test_a_token_or_password_that_somebody_set_is_sent_as_it_is(server: Guarded) -> None:
    client = Client(server.url)
    for given in ("Bearer mine", "Basic bWU6c2VjcmV0"):
        assert client.send(server.url, headers={"Authorization": given}).status_code == 401
    assert server.tokens == ["Bearer mine", "Basic bWU6c2VjcmV0"]
    assert client.asked == []


@pytest.mark.parametrize(
    "scope",
    [
        "https://management.azure.com/.default",
        "https://graph.microsoft.com/.default",
        "User.Read",
        "api://a/.default x",
    ],
)
def test_a_server_is_not_given_a_token_for_azure_itself(server: Guarded, scope: str) -> None:
    server.challenge = f'Bearer scope="{scope}"'
    client = Client(server.url)
    with pytest.raises(MlflowException, match="set GENESIS_ENTRA_AUDIENCE"):
        client.send(server.url)
    assert client.asked == []


@pytest.mark.parametrize("challenge", ["", 'Basic realm="mlflow"', 'Bearer realm="mlflow"'])
def test_a_server_that_asks_for_something_else_is_left_alone(server: Guarded, challenge: str) -> None:
    server.challenge = challenge
    client = Client(server.url)
    assert client.send(server.url).status_code == 401
    assert (server.tokens, client.asked) == ([None], [])


def test_a_strange_tenant_is_not_asked(server: Guarded) -> None:
    server.challenge = f'Bearer authorization_uri="https://evil.example/common", scope="{SCOPE}"'
    client = Client(server.url)
    client.send(server.url)
    assert client.asked == [Wanted(SCOPE)]


def test_without_tls_only_this_machine_gets_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESIS_ENTRA_AUDIENCE", "flow")
    client = Client("http://flow.example")
    with pytest.raises(MlflowException, match="without TLS"):
        client.auth(requests.Request("GET", "http://flow.example/a").prepare())
    for url in ("http://localhost:1", "http://[::1]:1", "https://flow.example"):
        request = Client(url).auth(requests.Request("GET", f"{url}/a").prepare())
        assert request.headers["Authorization"] == "Bearer token-1"


def test_where_no_token_can_be_had_the_fix_is_told(server: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESIS_ENTRA_TENANT", "nobody")
    with pytest.raises(MlflowException, match="az login"):
        Client(server.url).send(server.url)


def test_mlflow_finds_the_provider_by_its_name_and_gets_the_same_again() -> None:
    auth = fetch_auth("genesis-entra")
    assert isinstance(auth, EntraAuth)
    assert fetch_auth("genesis-entra") is auth
    assert EntraProvider().get_name() == "genesis-entra"


def test_the_servers_are_those_that_mlflow_works_with(monkeypatch: pytest.MonkeyPatch) -> None:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri("https://tracking.example")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "https://registry.example")
    try:
        assert list(servers()) == ["https://tracking.example", "https://registry.example"]
    finally:
        mlflow.set_tracking_uri(before)
