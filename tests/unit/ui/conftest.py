"""A small wheel that is the pinned one, and an index that has it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from genesis.ui import fetching, pinned
from tests.unit.ui.wheels import pin, write_wheel


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pinned wheel, and no mlflow installed."""
    more = {"mlflow/__init__.py": b"", f"{pinned.BUILD}static/js/main.0123abcd.js.map": b"{}"}
    made = write_wheel(tmp_path / pinned.WHEEL, more)
    pin(monkeypatch, made)
    monkeypatch.setattr(fetching, "installed", lambda: None)
    return made


class PackageIndex:
    """What the index answers, by path, and what it was asked with."""

    def __init__(self) -> None:
        self.replies: dict[str, tuple[str, bytes]] = {}
        self.moved: dict[str, str] = {}
        self.cut: set[str] = set()
        self.asked: list[tuple[str, str | None]] = []
        """Paths, and the Authorization that came along."""
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append((self.path, self.headers.get("Authorization")))
                if self.path in index.moved:
                    self.send_response(302)
                    self.send_header("Location", index.moved[self.path])
                    self.end_headers()
                    return
                kind, content = index.replies.get(self.path, ("", b""))
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if self.path in index.cut else content)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def package_index(wheel: Path) -> Iterator[PackageIndex]:
    """An index that has the pinned wheel, and says so in HTML."""
    served = PackageIndex()
    page = f'<a href="../../files/{pinned.WHEEL}#sha256=00">it</a><a href="mlflow-1.0.tar.gz">other</a>'
    served.replies = {
        "/simple/mlflow/": ("text/html", page.encode()),
        f"/files/{pinned.WHEEL}": ("application/octet-stream", wheel.read_bytes()),
    }
    yield served
    served.close()
