"""The faulty network: a proxy before a MongoDB server that loses, cuts and answers commands on demand."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import bson

HEADER = struct.Struct("<iiii")
OP_MSG = 2013

Message = tuple[int, int, int, bytes]
"""Request id, id of the request it answers, opcode, body."""


@dataclass
class Fault:
    """What happens to the next ``times`` commands of one name (on one collection)."""

    command: str
    act: Callable[[Connection, Message], None]
    times: int = 1
    collection: str | None = None

    def takes(self, name: str, collection: Any) -> bool:
        if name != self.command or self.collection not in (None, collection) or not self.times:
            return False
        self.times -= 1
        return True


@dataclass
class Proxy:
    """Listens on a port of its own; ``faults`` are looked at for every command."""

    server: tuple[str, int]
    faults: list[Fault] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    """Commands that a fault has struck."""
    greeted: list[Any] = field(default_factory=list)
    """Connections that were made, by the address of their other end."""

    def __post_init__(self) -> None:
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                proxy.greeted.append(self.client_address)
                with suppress(OSError, EOFError), socket.create_connection(proxy.server) as upstream:
                    Connection(proxy, self.request, upstream).serve()

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._listener = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._listener.daemon_threads = True
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def address(self, uri: str) -> str:
        """``uri`` by way of this proxy."""
        host = f"127.0.0.1:{self._listener.server_address[1]}"
        return urlsplit(uri)._replace(netloc=host).geturl()

    def close(self) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()

    def lose_reply(self, command: str, collection: str | None = None) -> None:
        """The server does it, and the connection breaks before anyone is told."""
        self.faults.append(Fault(command, _lose, collection=collection))

    def cut(self, command: str, times: int = 1) -> None:
        """The connection breaks before the server hears of it."""
        self.faults.append(Fault(command, lambda connection, _: connection.end(), times))

    def swallow(self, command: str, times: int = 1) -> None:
        """Nobody hears of it, and nobody is told."""
        self.faults.append(Fault(command, lambda *_: None, times))

    def intercept(self, command: str, act: Callable[[Connection, Message], None]) -> None:
        """The next one is left to ``act``."""
        self.faults.append(Fault(command, act))

    def answer(self, command: str, reply: dict[str, Any], times: int = 1) -> None:
        """The server refuses it with ``reply``."""
        self.faults.append(
            Fault(command, lambda connection, message: connection.reply(message, reply), times)
        )


class Connection:
    """One client's connection, and ours to the server on its behalf."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self.lost: set[int] = set()
        """Requests whose replies never arrive."""

    def serve(self) -> None:
        back = threading.Thread(target=self._bring_replies, daemon=True)
        back.start()
        with suppress(OSError, EOFError):
            while True:
                message = _read(self._client)
                fault = self._fault(message)
                if fault is None:
                    self.forward(message)
                else:
                    fault.act(self, message)
        self.end()
        back.join()

    def _fault(self, message: Message) -> Fault | None:
        if message[2] != OP_MSG or not self._proxy.faults:
            return None
        # Flags, a kind, and the command's own document, whose first name says what it is.
        (size,) = struct.unpack_from("<i", message[3], 5)
        command = bson.decode(message[3][5 : 5 + size])
        name = next(iter(command))
        for fault in self._proxy.faults:
            if fault.takes(name, command[name]):
                self._proxy.met.append(name)
                return fault
        return None

    def _bring_replies(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                message = _read(self._server)
                if message[1] in self.lost:
                    break
                _write(self._client, message)
        self.end()

    def forward(self, message: Message) -> None:
        _write(self._server, message)

    def reply(self, message: Message, document: dict[str, Any]) -> None:
        _write(self._client, (0, message[0], OP_MSG, b"\0\0\0\0\0" + bson.encode(document)))

    def end(self) -> None:
        for side in (self._client, self._server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


def _lose(connection: Connection, message: Message) -> None:
    connection.lost.add(message[0])
    connection.forward(message)


def _read(side: socket.socket) -> Message:
    length, id, answered, opcode = HEADER.unpack(_exactly(side, HEADER.size))
    return id, answered, opcode, _exactly(side, length - HEADER.size)


def _exactly(side: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        part = side.recv(size - len(received))
        if not part:
            raise EOFError
        received += part
    return bytes(received)


def _write(side: socket.socket, message: Message) -> None:
    id, answered, opcode, body = message
    side.sendall(HEADER.pack(HEADER.size + len(body), id, answered, opcode) + body)
