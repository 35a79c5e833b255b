"""A tracking server that signs, and a storage, both in this process: they fail as no emulator does."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from posixpath import join
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ROUTE = "/api/2.0/mlflow-artifacts/artifacts"
SIGN, COMMIT = "/api/2.0/genesis/artifacts/sign", "/api/2.0/genesis/artifacts/commit"
INFO = "/api/2.0/genesis/artifacts"
SECRET = "0123secret456"
"""Part of every signature: to be found nowhere but in requests."""


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """A reply; ``promised`` is a Content-Length that is not the body's: the connection breaks off."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None


HANG_UP = Answer(0)
"""No reply at all."""

Fault = Callable[[Seen], Answer | None]


def json_answer(body: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})


def mlflow_error(status: int, code: str, message: str) -> Answer:
    return json_answer({"error_code": code, "message": message}, status)


class Fakes:
    """What both keep; ``storage_fault`` and ``tracking_fault`` answer instead of them when they answer."""

    def __init__(self) -> None:
        self.info: dict[str, Any] = {"protocol": 1}
        self.files: dict[str, bytes] = {}
        self.versions: dict[str, int] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.asked: list[Seen] = []
        self.moved: list[Seen] = []
        self.storage_fault: Fault = lambda seen: None
        self.tracking_fault: Fault = lambda seen: None
        self.url = self.storage_url = ""
        self.serial = 0
        self.expired = 0
        """Signatures up to this one are refused."""
        self.lock = threading.RLock()

    def calls(self, path: str) -> list[Seen]:
        return [seen for seen in self.asked if seen.path == path]

    def sent(self) -> list[Seen]:
        return [seen for seen in self.moved if seen.method == "PUT"]

    def keep(self, path: str, content: bytes) -> None:
        with self.lock:
            self.files[path] = content
            self.versions[path] = self.versions.get(path, 0) + 1

    def track(self, seen: Seen) -> Answer:
        self.asked.append(seen)
        if fault := self.tracking_fault(seen):
            return fault
        if seen.path == INFO:
            return json_answer(self.info)
        if seen.path == SIGN:
            return json_answer(self._sign(seen.json))
        if seen.path == COMMIT:
            return self._commit(seen.json["uploads"][0])
        if seen.path == ROUTE:
            return json_answer({"files": list(self._listed(seen.query.get("path", "")))})
        if seen.path.startswith(ROUTE):
            return self._proxied(seen)
        return mlflow_error(404, "ENDPOINT_NOT_FOUND", "Not here.")

    def _sign(self, wanted: dict[str, Any]) -> dict[str, Any]:
        folder = wanted.get("folder", "")
        uploads = [{**upload, "path": join(folder, upload["path"])} for upload in wanted.get("uploads", [])]
        return {
            "uploads": [self._upload(upload) for upload in uploads],
            "downloads": [self._download(join(folder, path)) for path in wanted.get("downloads", [])],
        }

    def _upload(self, wanted: dict[str, Any]) -> dict[str, Any]:
        path, parts = wanted["path"], wanted.get("parts")
        if not parts:
            return {"path": path, "parts": [self._signed(path, kind="whole")]}
        upload = wanted.get("upload_id") or f"upload{len(self.parts)}"
        self.parts.setdefault(upload, {})
        signed = [self._signed(path, upload=upload, part=str(n)) for n in range(1, parts + 1)]
        return {"path": path, "upload_id": upload, "parts": signed}

    def _download(self, path: str) -> dict[str, Any]:
        if path not in self.files:
            return {"path": path, "error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"No such: '{path}'"}
        content = self.files[path]
        told = {"file_size": len(content), "md5": md5_of(content), "etag": f'"{self.versions[path]}"'}
        return {"path": path, **self._signed(path), **told}

    def _signed(self, path: str, **grant: str) -> dict[str, Any]:
        with self.lock:
            self.serial += 1
            query = "&".join([*(f"{k}={v}" for k, v in grant.items()), f"sig={self.serial}-{SECRET}"])
        return {"url": f"{self.storage_url}/{quote(path)}?{query}", "headers": {"x-kind": "signed"}}

    def _commit(self, wanted: dict[str, Any]) -> Answer:
        parts = self.parts.get(wanted["upload_id"], {})
        if sorted(parts) != list(range(1, wanted["parts"] + 1)):
            return mlflow_error(400, "INVALID_PARAMETER_VALUE", "A part never came.")
        content = b"".join(parts[number] for number in sorted(parts))
        if wanted["md5"] != md5_of(content):
            return mlflow_error(400, "INVALID_PARAMETER_VALUE", "The MD5 is another.")
        self.keep(wanted["path"], content)
        return json_answer({})

    def _listed(self, folder: str) -> Iterator[dict[str, Any]]:
        names: dict[str, int | None] = {}
        for path, content in self.files.items():
            if path.startswith(f"{folder}/"):
                name, _, below = path.removeprefix(f"{folder}/").partition("/")
                names[name] = None if below else len(content)
        for name, size in names.items():
            yield {"path": name, "is_dir": size is None} | ({"file_size": size} if size else {})

    def _proxied(self, seen: Seen) -> Answer:
        path = unquote(seen.path.removeprefix(f"{ROUTE}/"))
        if seen.method == "PUT":
            self.keep(path, seen.body)
            return Answer()
        return Answer(200, self.files[path])

    def store(self, seen: Seen) -> Answer:
        with self.lock:
            self.moved.append(seen)
        if fault := self.storage_fault(seen):
            return fault
        serial = int(seen.query["sig"].partition("-")[0])
        if serial <= self.expired:
            # Azure's text, too, quotes what it was asked.
            return Answer(403, f"<Message>{seen.query['sig']}".encode(), {"x-ms-error-code": "Expired"})
        path = unquote(seen.path[1:])
        return self._put(path, seen) if seen.method == "PUT" else self._get(path, seen)

    def _put(self, path: str, seen: Seen) -> Answer:
        if seen.headers["Content-MD5"] != md5_of(seen.body):
            return Answer(400, headers={"x-ms-error-code": "Md5Mismatch"})
        if "upload" in seen.query:
            self.parts[seen.query["upload"]][int(seen.query["part"])] = seen.body
        else:
            self.keep(path, seen.body)
        return Answer(201)

    def _get(self, path: str, seen: Seen) -> Answer:
        content, headers = self.files[path], {"ETag": f'"{self.versions[path]}"'}
        if "Range" not in seen.headers:
            return Answer(200, content, headers)
        first, last = map(int, seen.headers["Range"].removeprefix("bytes=").split("-"))
        return Answer(206, content[first : last + 1], headers)


def md5_of(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


@contextmanager
def fakes() -> Iterator[Fakes]:
    """Both, running."""
    made = Fakes()
    with _serving(made.track) as made.url, _serving(made.store) as made.storage_url:
        yield made


@contextmanager
def _serving(answer: Callable[[Seen], Answer]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Else what is written in two pieces waits for an acknowledgement.
        disable_nagle_algorithm = True

        def handle_one(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen = Seen(self.command, url.path, dict(parse_qsl(url.query)), self.headers, body)
            reply = answer(seen)
            if not reply.status:
                self.close_connection = True
                return
            self.send_response(reply.status)
            length = len(reply.body) if reply.promised is None else reply.promised
            for name, value in {"Content-Length": str(length), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = self.close_connection or reply.promised is not None

        do_GET = do_PUT = do_POST = handle_one

        def log_message(self, *arguments: object) -> None:
            """Nothing to be told."""

    class Threads(ThreadingHTTPServer):
        request_queue_size = 64

    with Threads(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
