"""Signed URLs over plain HTTP: asked for, used, and completed, as any client may do it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import urllib3

from tests.e2e.rest import SECONDS, Rest

MPU = "/api/2.0/mlflow-artifacts/mpu"
OURS = "/api/2.0/genesis/artifacts"
DOWNLOADS = "/api/2.0/mlflow-artifacts/presigned"
URLS = "/api/2.0/mlflow/artifacts"


class Signing:
    """The direct transfers of the server at ``url``, in a workspace."""

    def __init__(self, url: str, workspace: str = "default") -> None:
        self.rest = Rest(url)
        self._headers = {"X-MLFLOW-WORKSPACE": workspace}
        self._storage = urllib3.PoolManager(retries=False, timeout=SECONDS)

    def post(self, endpoint: str, /, **fields: Any) -> urllib3.BaseHTTPResponse:
        return self.rest.send("POST", endpoint, json=fields, headers=self._headers)

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        return self.rest.send("GET", path, headers=self._headers)

    def sign(self, **fields: Any) -> Any:
        reply = self.post(f"{OURS}/sign", **fields)
        assert reply.status == 200, reply.data
        return reply.json()

    def commit(self, path: str, upload_id: str, parts: int, **more: Any) -> urllib3.BaseHTTPResponse:
        upload = {"path": path, "upload_id": upload_id, "parts": parts, **more}
        return self.post(f"{OURS}/commit", uploads=[upload])

    def begin(self, path: str, parts: int, **more: Any) -> Any:
        """A signed upload of some parts; of none, it is one PUT."""
        return self.sign(uploads=[{"path": path, "parts": parts, **more}])["uploads"][0]

    def download(self, path: str) -> Any:
        return self.sign(downloads=[path])["downloads"][0]

    def use(
        self, method: str, signed: Any, body: bytes | None = None, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        """A request to a signed URL, with nothing but what came with it."""
        sent = {**signed["headers"], **headers}
        return self._storage.request(method, signed["url"], body=body, headers=sent)

    def put(self, signed: Any, body: bytes, **headers: str) -> None:
        reply = self.use("PUT", signed, body, **headers)
        assert reply.status in (200, 201), reply.data

    def upload(self, path: str, *pieces: bytes) -> None:
        """The pieces as the parts of one file."""
        begun = self.begin(path, len(pieces))
        for part, piece in zip(begun["parts"], pieces, strict=True):
            self.put(part, piece)
        reply = self.commit(path, begun["upload_id"], len(pieces))
        assert reply.status == 200, reply.data

    def content(self, path: str) -> bytes | None:
        """What a signed URL gives; None where there is no file."""
        found = self.download(path)
        if "url" not in found:
            return None
        reply = self.use("GET", found)
        assert reply.status == 200, reply.data
        assert len(reply.data) == found["file_size"]
        return reply.data

    def names(self, folder: str) -> list[str]:
        """What is listed."""
        reply = self.get(f"/api/2.0/mlflow-artifacts/artifacts?path={quote(folder)}")
        return [file["path"] for file in reply.json().get("files", [])]

    def upload_url(self, run_id: str, path: str) -> Any:
        """For one PUT of a run's file."""
        reply = self.post(f"{URLS}/presigned-upload-url", run_id=run_id, path=path)
        assert reply.status == 200, reply.data
        return {"url": reply.json()["presigned_url"], "headers": reply.json()["headers"]}
