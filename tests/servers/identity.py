"""The endpoint that App Service has on each instance, where an app gets tokens of its managed identity."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HEADER = "a-secret-of-the-instance"
LIFE_SECONDS = 3600


class Endpoint:
    """What it was asked, and what it answers: a token, or ``status`` without one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[dict[str, list[str]]] = []
        self.status = 200
        self.token: Callable[[int], str] = lambda number: f"token-{number}"
        self.life = LIFE_SECONDS

    @property
    def environment(self) -> dict[str, str]:
        """What App Service sets in the app's process."""
        return {"IDENTITY_ENDPOINT": self.url, "IDENTITY_HEADER": HEADER}

    def answer(self, path: str, secret: str | None) -> tuple[int, dict[str, str]]:
        asked = parse_qs(urlsplit(path).query)
        self.asked.append(asked)
        if self.status != 200 or secret != HEADER:
            return self.status if secret == HEADER else 403, {"message": "No such identity"}
        ends = int(time.time()) + self.life
        token = self.token(len(self.asked))
        return 200, {
            "access_token": token,
            "expires_on": str(ends),
            "resource": asked["resource"][0],
            "token_type": "Bearer",
        }


@contextmanager
def managed_identity() -> Iterator[Endpoint]:
    """A running endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = endpoint.answer(self.path, self.headers.get("X-IDENTITY-HEADER"))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}/msi/token")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
