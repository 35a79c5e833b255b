"""The servers of the parity tests: a stock one, and ours on each engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from genesis.app import App
from genesis.http import BytesBody, Request
from genesis.settings import Settings
from tests.parity.scenes import Played, Reply, Scene, Sent, Transport, play
from tests.servers.stock import stock_mlflow


class Stock:
    """A stock server, and what it answered: each scene is played on it once, when first asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.replies: dict[str, list[Played]] = {}

    def played(self, scene: Scene) -> list[Played]:
        if scene.name not in self.replies:
            self.replies[scene.name] = play(scene, self._send)
        return self.replies[scene.name]

    def _send(self, sent: Sent) -> Reply:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            # http.client's own request() would refuse or reword some of what the script sends.
            connection.putrequest(sent.method, sent.target, skip_accept_encoding=True)
            for name, value in sent.headers.items():
                connection.putheader(name, value)
            connection.endheaders(sent.body or None)
            reply = connection.getresponse()
            headers = {name.lower(): value for name, value in reply.getheaders()}
            return Reply(reply.status, headers, reply.read())
        finally:
            connection.close()


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stock]:
    with stock_mlflow(tmp_path_factory.mktemp("stock")) as server:
        yield Stock(server.port)


@pytest.fixture(scope="session")
def on_our_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stock]:
    folder = tmp_path_factory.mktemp("stock-on-ours")
    with stock_mlflow(folder, f"genesis+sqlite:///{folder / 'genesis.db'}") as server:
        yield Stock(server.port)


@pytest.fixture(scope="session", params=["sqlite", "mongo"])
def genesis(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    """Our own server in this process, on an unused database of one engine."""
    uri = ""
    if request.param == "mongo":
        address: str = request.getfixturevalue("mongodb_server_uri")
        uri = urlunsplit(urlsplit(address)._replace(path=f"/parity-{uuid4().hex[:12]}"))
    data = str(tmp_path_factory.mktemp(f"genesis-{request.param}"))
    with closing(App(Settings(data=data, database_uri=uri))) as app:
        yield lambda sent: _answer(app, sent)


def _answer(app: App, sent: Sent) -> Reply:
    path, _, query = sent.target.partition("?")
    response = app.handle(Request(sent.method, path, query, sent.headers, BytesBody(sent.body)))
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status, headers, response.whole())
