"""Requests and replies about artifacts: proxied ones by path, and those of runs and models."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import PurePosixPath
from typing import NotRequired, Protocol, Self, TypedDict
from urllib.parse import quote

from genesis.artifacts import ArtifactInfo, Content
from genesis.artifacts.spans import Span
from genesis.errors import Code, GenesisError
from genesis.http import Body, Request
from genesis.wire.base import Message, Raw
from genesis.wire.runs import RunMessage

TEXT = frozenset(
    "txt log err cfg conf cnf cf ini properties prop hocon toml yaml yml xml json js py py3 md rst csv tsv "
    "ipynb MLmodel mlproject".split()
)
"""Extensions, and whole names, that MLflow serves as plain text (``mlflow/utils/mime_type_utils.py``)."""


@dataclass(frozen=True)
class Download:
    """One file, or some bytes of it; ``path`` as the client wrote it."""

    path: str
    span: Span | None
    if_range: str

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        return cls(
            parameters["artifact_path"],
            span(request.headers.get("range", "")),
            request.headers.get("if-range", ""),
        )


@dataclass(frozen=True)
class Upload:
    """A file's bytes, not yet read; ``length`` is how many the client announced."""

    path: str
    body: Body
    length: int

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        announced = request.headers.get("content-length", "")
        length = int(announced) if re.fullmatch(r"[0-9]{1,18}", announced) else 0
        return cls(parameters["artifact_path"], arrived(request), max(length, request.body.length or 0))


def arrived(request: Request) -> Body:
    """The request's body; refused where it may have been lost on its way."""
    # The Functions host drops chunked bodies, whereas MLflow's client sends only empty files that way.
    chunked = "chunked" in request.headers.get("transfer-encoding", "").lower()
    stock = "mlflow-python-client/" in request.headers.get("user-agent", "")
    if chunked and request.body.length == 0 and not stock:
        message = "The upload's body did not arrive; send it with a Content-Length instead of in chunks."
        raise GenesisError(Code.INVALID_PARAMETER_VALUE, message, status=411)
    return request.body


MAX_PAGE_UPLOAD = 10 << 20
"""Bytes of a file that a page sends."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
"""What the forms of any page on the web send, which is no file to MLflow either."""


@dataclass(frozen=True)
class UploadArtifact:
    """A file of a run, from a page; ``run_id`` is called ``run_uuid`` there, and by no other name."""

    run_id: str
    path: str
    content: bytes
    is_too_large: bool

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        query = {name: values[0] for name, values in request.parameters().items()}
        is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() in FORMS
        content, is_too_large = (b"", False) if is_form else _small(arrived(request))
        return cls(query.get("run_uuid", ""), query.get("path", ""), content, is_too_large)


def _small(body: Body) -> tuple[bytes, bool]:
    """What has been read of a body, and whether it is more than a page may send."""
    content = bytearray()
    if (body.length or 0) > MAX_PAGE_UPLOAD:
        return b"", True
    for piece in body.chunks():
        content += piece
        if len(content) > MAX_PAGE_UPLOAD:
            return b"", True
    return bytes(content), False


@dataclass(frozen=True)
class GetArtifact:
    """A file of a run, for browsers."""

    run_id: str
    path: str | None
    span: Span | None
    if_range: str

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        query = {name: values[0] for name, values in request.parameters().items()}
        return cls(
            query.get("run_id") or query.get("run_uuid") or "",
            query.get("path"),
            span(request.headers.get("range", "")),
            request.headers.get("if-range", ""),
        )


@dataclass(frozen=True)
class GetLoggedModelArtifact:
    """A file of a logged model, for browsers, or with ``presigned`` its URL."""

    model_id: str
    path: str | None
    span: Span | None
    if_range: str
    presigned: bool

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        query = {name: values[0] for name, values in request.parameters().items()}
        return cls(
            parameters["model_id"],
            query.get("artifact_file_path"),
            span(request.headers.get("range", "")),
            request.headers.get("if-range", ""),
            query.get("presigned") == "true",
        )


@dataclass(frozen=True)
class GetModelVersionArtifact:
    """A file of a model version, for browsers, or with ``presigned`` its URL."""

    name: str
    version: str
    path: str | None
    span: Span | None
    if_range: str
    presigned: bool

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        query = {name: values[0] for name, values in request.parameters().items()}
        return cls(
            query.get("name", ""),
            query.get("version", ""),
            query.get("path"),
            span(request.headers.get("range", "")),
            request.headers.get("if-range", ""),
            query.get("presigned") == "true",
        )


class Ranged(Protocol):
    """A request for a file, or for some bytes of it."""

    @property
    def span(self) -> Span | None: ...

    @property
    def if_range(self) -> str:
        """The ETag of the file of which the client has a part already."""


class Delete(Message):
    artifact_path: str = ""


class ListProxied(Message):
    path: str | None = None


class ListArtifacts(RunMessage):
    path: str | None = None
    page_token: str = ""


class ListLoggedModelArtifacts(Message):
    model_id: str = ""
    artifact_directory_path: str | None = None
    page_token: str = ""


class FileInfoReply(TypedDict):
    path: str
    is_dir: bool
    file_size: NotRequired[int]


class ListProxiedReply(TypedDict, total=False):
    files: list[FileInfoReply]


class ListArtifactsReply(TypedDict, total=False):
    root_uri: str
    files: list[FileInfoReply]


def span(header: str) -> Span | None:
    """The one byte range a Range header asks for; None where it asks for none, or for several."""
    found = re.fullmatch(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", header)
    if found is None or not (found[1] or found[2]):
        return None
    first = int(found[1]) if found[1] else None
    last = int(found[2]) if found[2] else None
    if first is not None and last is not None and last < first:
        return None
    return first, last


def file(info: ArtifactInfo, path: str) -> FileInfoReply:
    """An entry of a listing, shown as ``path``; MLflow leaves a size of 0 out."""
    reply = FileInfoReply(path=path, is_dir=info.is_dir)
    if info.size:
        reply["file_size"] = info.size
    return reply


def content_type(path: str) -> str:
    """The media type MLflow serves a file of this name with."""
    # Reads the machine's own table of types when it is first used.
    import mimetypes

    name = PurePosixPath(path).name
    extension = PurePosixPath(name).suffix[1:] or name
    if extension in TEXT:
        return "text/plain"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def attachment(path: str) -> str:
    """A Content-Disposition that makes browsers save the file, whatever it is, under its own name."""
    name = PurePosixPath(path).name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or "download"
    # A token needs no quotes (RFC 9110, 5.6.2).
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", plain):
        escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
        plain = f'"{escaped}"'
    if name.isascii():
        return f"attachment; filename={plain}"
    return f"attachment; filename={plain}; filename*=UTF-8''{quote(name, safe='!#$&+-.^_`|~')}"


def downloaded(path: str, content: Content, *, part: bool) -> Raw:
    """A file, or a part of it (206), to be saved and never to be shown within our own pages."""
    headers = {
        "Content-Type": content_type(path),
        "Content-Disposition": attachment(path),
        "Content-Length": str(content.end - content.start),
        "Accept-Ranges": "bytes",
        "ETag": content.etag,
        "Last-Modified": formatdate(content.modified, usegmt=True),
        "Cache-Control": "no-cache",
    }
    if part:
        headers["Content-Range"] = f"bytes {content.start}-{content.end - 1}/{content.size}"
    return Raw(content.chunks, headers, 206 if part else 200)
