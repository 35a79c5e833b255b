"""What is asked of the tracking server: whether it signs, signed URLs, and to publish what was sent."""

from __future__ import annotations

import base64
import logging
import posixpath
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES
from mlflow.exceptions import MlflowException, RestException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from genesis.plugin.signed import Signed

log = logging.getLogger(__name__)

PROTOCOL = 1
"""The version of ``sign`` and ``commit`` that is spoken here."""
INFO = "/api/2.0/genesis/artifacts"
ELSEWHERE = (404, 405, 501)
INFO_SECONDS = 60
"""How long an answer is good for: as in MLflow's own client."""
SIGN = "/api/2.0/genesis/artifacts/sign"
COMMIT = "/api/2.0/genesis/artifacts/commit"

_signing: dict[str, tuple[float, bool]] = {}


@dataclass(frozen=True)
class Begun:
    """An upload in parts, and a URL for each."""

    upload_id: str
    parts: list[Signed]


@dataclass(frozen=True)
class Readable:
    """A file that may be read; ``size`` in bytes, ``md5`` where the storage knows it."""

    path: str
    signed: Signed
    size: int
    md5: bytes | None
    etag: str


@dataclass(frozen=True)
class Refused:
    """A file that may not be read, and the server's reason."""

    path: str
    reason: RestException


class Server:
    """The server at ``url``; raises MlflowException with the server's own words.

    It is called as MLflow calls it: same credentials, same retries.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def credentials(self) -> Any:
        return get_default_host_creds(self.url)

    @property
    def workspace(self) -> str:
        """The one that MLflow names in its requests; "" where it knows of none."""
        try:
            from mlflow.utils.workspace_context import get_request_workspace
        except ImportError:
            # Clients that are older than workspaces.
            return ""
        return get_request_workspace() or ""

    def signs(self) -> bool:
        """Whether this is a Genesis-Flow that signs URLs; False where it cannot be asked."""
        asked, answer = _signing.get(self.url, (0.0, False))
        if asked and time.monotonic() < asked + INFO_SECONDS:
            return answer
        try:
            info = self._info()
        except Exception as error:
            log.debug("%s did not say what it can do: %s", self.url, error)
            return False
        _signing[self.url] = (time.monotonic(), _announced(info))
        return _announced(info)

    def _info(self) -> object:
        # MLflow gives it 3 seconds; a function that has to start first takes longer.
        retries = min(2, MLFLOW_HTTP_REQUEST_MAX_RETRIES.get())
        reply = http_request(self.credentials, INFO, "GET", timeout=30, max_retries=retries)
        if reply.status_code in ELSEWHERE:
            # Another server than ours, or one that cannot sign; it will not be able to in a minute either.
            return {}
        reply.raise_for_status()
        return reply.json()

    def whole(self, paths: Sequence[str]) -> list[Signed]:
        """For each file a URL of which one PUT publishes it."""
        folder, names = _below(paths)
        reply = self._sign(folder=folder, uploads=[{"path": name} for name in names])
        uploads = reply["uploads"]
        _all_there(uploads, paths)
        return [_signed(upload["parts"][0]) for upload in uploads]

    def begin(self, path: str, parts: int, upload_id: str = "") -> Begun:
        """An upload in parts; with ``upload_id`` one that began before goes on."""
        wanted: dict[str, Any] = {"path": path, "parts": parts}
        if upload_id:
            wanted["upload_id"] = upload_id
        (upload,) = self._sign(uploads=[wanted])["uploads"]
        signed = [_signed(part) for part in upload["parts"]]
        _all_there(signed, range(parts))
        return Begun(upload["upload_id"], signed)

    def commit(self, path: str, upload_id: str, parts: int, md5: bytes) -> None:
        """Publish the parts as one file, whose MD5 is ``md5``."""
        digest = base64.b64encode(md5).decode()
        upload = {"path": path, "upload_id": upload_id, "parts": parts, "md5": digest}
        self._post(COMMIT, {"uploads": [upload]})

    def readable(self, paths: Sequence[str]) -> list[Readable | Refused]:
        """For each file, in order, a URL to read it from."""
        folder, names = _below(paths)
        downloads = self._sign(folder=folder, downloads=names)["downloads"]
        _all_there(downloads, paths)
        return [_readable(path, found) for path, found in zip(paths, downloads, strict=True)]

    def _sign(self, **wanted: Any) -> dict[str, Any]:
        return self._post(SIGN, wanted)

    def _post(self, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
        reply = http_request(self.credentials, endpoint, "POST", json=body, raise_on_status=False)
        try:
            answer = reply.json()
        except ValueError:
            answer = None
        if reply.status_code == 200 and isinstance(answer, dict):
            return answer
        if reply.status_code != 200 and isinstance(answer, dict) and "error_code" in answer:
            raise RestException(answer)
        # Not the body itself: it might be half of a reply that has signatures in it.
        raise MlflowException(
            f"{self.url}{endpoint} answered {reply.status_code} with something that is not MLflow's JSON: "
            "something between this client and Genesis-Flow may have answered in its place."
        )


def _below(paths: Sequence[str]) -> tuple[str, list[str]]:
    """The folder that all paths have in common, and what is left of each: a run's is not sent with each."""
    folder = posixpath.commonpath([posixpath.dirname(path) for path in paths])
    return folder, [path[len(folder) :].lstrip("/") for path in paths]


def _announced(info: object) -> bool:
    return isinstance(info, dict) and info.get("protocol") == PROTOCOL


def _signed(part: dict[str, Any]) -> Signed:
    return Signed(part["url"], dict(part.get("headers") or {}))


def _readable(path: str, found: dict[str, Any]) -> Readable | Refused:
    if "url" not in found:
        return Refused(path, RestException(found))
    md5 = base64.b64decode(found["md5"]) if found.get("md5") else None
    return Readable(path, _signed(found), int(found["file_size"]), md5, found.get("etag", ""))


def _all_there(answered: Sequence[object], asked: Sequence[object]) -> None:
    if len(answered) != len(asked):
        raise MlflowException(
            f"The server signed {len(answered)} URLs where it was asked for {len(asked)}: "
            "it and this client's genesis-flow may be of different versions."
        )
