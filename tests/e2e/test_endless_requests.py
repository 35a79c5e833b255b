"""Requests that do not end, from strangers: none has the server wait, or fills its memory."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.servers import Server
from tests.servers.serve import genesis_serve


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with genesis_serve(tmp_path_factory.mktemp("endless")) as serving:
        yield serving


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/version", "/api/3.0/mlflow/server-info"])
@pytest.mark.parametrize("framing", ["Content-Length: 30000000", "Transfer-Encoding: chunked"])
def test_what_anybody_may_ask_waits_for_no_body(server: Server, path: str, framing: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n1\r\nx".encode())

        assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        ("GET /health HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n"),
        ("GET /health HTTP/1.1\r\nHost: x\r\nX-A: ", "a"),
        ("GET /health?", "a"),
        ("PUT /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X-A: b\r\n"),
    ],
    ids=["headers", "a header", "a query", "trailers"],
)
def test_a_head_without_an_end_is_hung_up_on(server: Server, head: str, piece: str) -> None:
    much = (piece * 65536)[:65536].encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(head.encode())
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                client.sendall(much)
