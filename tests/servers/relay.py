"""Stands between a client and a server: writes down every request, and lets a test meddle with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from tests.servers.certificate import Certificate

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
"""Headers between two neighbours only."""


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes = b""


Meddler = Callable[[str, Callable[[], Reply]], Reply | None]
"""Gets a request's first line (``PUT /path?query``) and what sends it on; None drops the connection."""


class Relay:
    """Relays to the ``port`` of this machine, with TLS on both sides if there is a certificate."""

    def __init__(self, port: int, certificate: Certificate | None = None) -> None:
        self.requests: list[str] = []
        self.meddle: Meddler = lambda line, send: send()
        self._upstream = port
        self._certificate = certificate
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.relay = self  # type: ignore[attr-defined]
        if certificate is not None:
            self._server.socket = certificate.for_server().wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http{'s' if self._certificate else ''}://127.0.0.1:{self._server.server_port}"

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        connection = (
            HTTPSConnection("127.0.0.1", self._upstream, context=self._certificate.for_client())
            if self._certificate
            else HTTPConnection("127.0.0.1", self._upstream)
        )
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            connection.close()

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    def relay(self) -> None:
        relay: Relay = self.server.relay  # type: ignore[attr-defined]
        body = self.body()
        line = f"{self.command} {self.path}"
        relay.requests.append(line)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        reply = relay.meddle(line, lambda: relay.send(self.command, self.path, headers, body))
        if reply is None:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            if name.lower() not in HOP:
                self.send_header(name, value)
        length = reply.headers.get("content-length") if self.command == "HEAD" else str(len(reply.body))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(reply.body)

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    do_GET = do_HEAD = do_PATCH = do_PUT = do_DELETE = do_POST = do_OPTIONS = relay

    def log_message(self, *args: object) -> None:
        pass
