"""A stand-in for the Azure Functions host: HTTP in front of Microsoft's worker library, in one process.

    python3.13 -m tests.functions.host <app folder> <port>

It does to requests and responses what the real host does (azure-functions-host 4.1037: ``ToRpcHttp``,
``RawScriptResult``, routing), so that what survives here survives there: header names in lower case, a body
only where a Content-Length announces one and no more than 100 MiB of it, paths decoded and encoded again,
404 for a method that no function takes, no Content-Length in a response unless the function gives one.
Not in it: keys, Easy Auth, CORS, ``admin/`` and ``runtime/``, cookies, the 230 seconds.
"""

from __future__ import annotations

import json
import os
import re
import sys
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.functions import urls
from tests.functions.messages import RpcHttp, TypedData
from tests.functions.worker import Function, Worker, WorkerError

LARGEST_BODY = int(os.environ.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", 104_857_600))


class Host:
    """The functions of one app folder and the routes that lead to them."""

    def __init__(self, folder: Path) -> None:
        settings = json.loads((folder / "host.json").read_text())
        prefix = settings.get("extensions", {}).get("http", {}).get("routePrefix", "api")
        self.worker = Worker(folder)
        self.routes: list[tuple[re.Pattern[str], list[str] | None, Function]] = [
            (urls.route(f.trigger.get("route") or f.name, prefix), f.trigger.get("methods"), f)
            for f in sorted(self.worker.functions, key=lambda f: f.name.lower())
            if f.trigger["type"] == "httpTrigger"
        ]

    def answer(self, method: str, target: str, headers: Message, body: bytes) -> RpcHttp:
        """The response of the first function whose route and methods fit, in the order of their names."""
        path, mark, query = target.partition("?")
        path = urls.decoded(path)
        for pattern, methods, function in self.routes:
            match = pattern.fullmatch(path)
            if match and (methods is None or method in methods):
                request = RpcHttp(
                    method=method,
                    url=f"http://{headers.get('host', '')}{urls.encoded(path)}{mark}{query}",
                    headers={n.lower(): ",".join(headers.get_all(n, [])) for n in headers},
                    params=urls.parameters(match),
                    query=urls.query(query),
                    body=TypedData(bytes=body) if body else TypedData(),
                )
                return self._invoke(function, request)
        return RpcHttp(status_code="404", headers={}, body=None)

    def _invoke(self, function: Function, request: RpcHttp) -> RpcHttp:
        try:
            return self.worker.invoke(function, request)
        except WorkerError as error:
            print(error, file=sys.stderr, flush=True)
            return RpcHttp(status_code="500", headers={}, body=None)


class Connection(BaseHTTPRequestHandler):
    """One client's connection, kept alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    host: Host

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self.close_connection = True
            self._send(RpcHttp(status_code="413", headers={"Connection": "close"}, body=None))
            return
        body = self.rfile.read(length)
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            self._skip_chunks()
        self._send(self.host.answer(self.command, self.path, self.headers, body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = answer

    def _skip_chunks(self) -> None:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            self.rfile.read(size + len(b"\r\n"))
        while self.rfile.readline().strip():
            pass

    def _send(self, response: RpcHttp) -> None:
        status, body = int(response.status_code), response.body.bytes if response.body else b""
        names = {name.lower() for name in response.headers}
        self.send_response(status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        chunked = False
        if "content-length" not in names and status not in (204, 304) and self.command != "HEAD":
            chunked = bool(body)
            self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", "0")))
        self.end_headers()
        if self.command != "HEAD" and body:
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the worker's log is what a failed test needs."""


class Front(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    Connection.host = Host(Path(sys.argv[1]).resolve())
    Front(("127.0.0.1", int(sys.argv[2])), Connection).serve_forever()
