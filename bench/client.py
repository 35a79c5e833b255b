"""HTTP/1.1 over one kept-alive socket, cheap enough that the client is not what is measured."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

# What MLflow's own client sends, so that who compresses for it pays for it here, too.
ACCEPTED = "Accept-Encoding: gzip, deflate\r\n"
PIECE = 1 << 18


class Reply(NamedTuple):
    """A status and the body as it came; compressed, if the server chose to."""

    status: int
    body: bytes


class Broken(Exception):
    """The server closed the connection, or sent what is no HTTP."""


class Connection:
    """One connection, opened when it is first used and again after a failure.

    ``quick`` acknowledges each packet at once (TCP_QUICKACK). Otherwise the kernel waits up to 40 ms for
    something to send along, and so does a server that writes a reply in two pieces with Nagle's algorithm on.
    """

    def __init__(self, port: int, *, quick: bool = False, accepted: str = ACCEPTED) -> None:
        self._port = port
        self._quick = quick
        self._tail = f"Host: 127.0.0.1:{port}\r\n{accepted}"
        self._socket: socket.socket | None = None

    def post(self, path: str, message: Mapping[str, Any]) -> bytes:
        """A request, ready to be sent."""
        body = orjson.dumps(message)
        head = f"POST {path} HTTP/1.1\r\n{self._tail}Content-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def get(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\n{self._tail}\r\n".encode()

    def ask(self, request: bytes) -> Reply:
        """Raises Broken or OSError; the next call connects anew."""
        try:
            if self._socket is None:
                self._socket = self._connect()
            self._socket.sendall(request)
            return self._reply(self._socket)
        except (OSError, Broken):
            self.close()
            raise

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=120)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _receive(self, connection: socket.socket) -> bytes:
        if self._quick:
            # The kernel forgets it again after a few packets.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = connection.recv(PIECE)
        if not piece:
            raise Broken("The connection was closed.")
        return piece

    def _reply(self, connection: socket.socket) -> Reply:
        received = self._receive(connection)
        while b"\r\n\r\n" not in received:
            received += self._receive(connection)
        head, _, begun = received.partition(b"\r\n\r\n")
        status, headers = _parsed(head)
        if b"content-length" in headers:
            body = self._whole(connection, begun, int(headers[b"content-length"]))
        elif headers.get(b"transfer-encoding") == b"chunked":
            body = self._chunks(connection, begun)
        else:
            raise Broken("Nothing says how long the body is.")
        if headers.get(b"connection", b"").lower() == b"close":
            self.close()
        return Reply(status, body)

    def _whole(self, connection: socket.socket, begun: bytes, length: int) -> bytes:
        pieces, missing = [begun], length - len(begun)
        while missing > 0:
            pieces.append(self._receive(connection))
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def _chunks(self, connection: socket.socket, begun: bytes) -> bytes:
        body: list[bytes] = []
        while True:
            while b"\r\n" not in begun:
                begun += self._receive(connection)
            size, _, begun = begun.partition(b"\r\n")
            length = int(size.partition(b";")[0], 16)
            begun = self._whole(connection, begun, length + 2)
            body.append(begun[:length])
            begun = begun[length + 2 :]
            if not length:
                return b"".join(body)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _parsed(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *lines = head.split(b"\r\n")
    try:
        status = int(first.split(b" ", 2)[1])
    except (IndexError, ValueError):
        raise Broken(f"Not HTTP: {first[:80]!r}") from None
    fields = (line.partition(b":") for line in lines)
    return status, {name.lower(): value.strip() for name, _, value in fields}
