"""Requests and replies about transfers between a client and the storage itself, by signed URLs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NotRequired, Self, TypedDict

from genesis.artifacts.spans import Span
from genesis.errors import invalid
from genesis.http import Body, Request
from genesis.wire.artifacts import arrived, span
from genesis.wire.base import Int64, Many, Message


class CreateMultipartUpload(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("path",)
    artifact_path: str = ""
    path: str = ""
    num_parts: Int64 = 0


class AbortMultipartUpload(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("path",)
    artifact_path: str = ""
    path: str = ""
    upload_id: str = ""


class UploadPart(Message):
    part_number: Int64 = 0
    etag: str = ""
    url: str = ""


class CompleteMultipartUpload(AbortMultipartUpload):
    REQUIRED: ClassVar[tuple[str, ...]] = ("path", "parts")
    parts: Many[UploadPart] = []


class Presigned(Message):
    artifact_path: str = ""


class CreatePresignedUploadUrl(Message):
    """For a file of a run or of a logged model; ``expiration`` in seconds."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("path",)
    run_id: str = ""
    model_id: str = ""
    path: str = ""
    expiration: Int64 | None = None


class CreatePresignedDownloadUrl(Message):
    """For a file of a run; ``expiration`` in seconds."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id", "path")
    run_id: str = ""
    path: str = ""
    expiration: Int64 | None = None


class Protocol(Message):
    """Which version of the batches is spoken here."""


class UploadToSign(Message):
    """``parts`` 0: one PUT that publishes the file. ``upload_id``: go on with one that began before."""

    path: str = ""
    parts: Int64 = 0
    upload_id: str = ""


class Sign(Message):
    """A batch of files to be moved, their paths from ``folder``."""

    folder: str = ""
    uploads: Many[UploadToSign] = []
    downloads: Many[str] = []


class UploadToCommit(Message):
    """``md5`` of the whole file in base64, as in a Content-MD5 header."""

    path: str = ""
    upload_id: str = ""
    parts: Int64 = 0
    md5: str = ""


class Commit(Message):
    """A batch of uploads whose parts are all there."""

    uploads: Many[UploadToCommit] = []


@dataclass(frozen=True)
class SignedPut:
    """Bytes sent to a URL that this server signed; ``grant`` is its query, ``md5`` what they must have."""

    path: str
    grant: Mapping[str, str]
    body: Body
    md5: bytes | None

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        given = request.headers.get("content-md5", "")
        md5 = md5_in(given) if given else None
        return cls(parameters["artifact_path"], _grant(request), arrived(request), md5)


@dataclass(frozen=True)
class SignedGet:
    """A file, or some bytes of it, asked for by a URL that this server signed."""

    path: str
    grant: Mapping[str, str]
    span: Span | None
    if_range: str

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        return cls(
            parameters["artifact_path"],
            _grant(request),
            span(request.headers.get("range", "")),
            request.headers.get("if-range", ""),
        )


def _grant(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in request.parameters().items()}


def md5_in(text: str) -> bytes:
    """The 16 bytes of an MD5 in base64; raises INVALID_PARAMETER_VALUE."""
    try:
        md5 = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        md5 = b""
    if len(md5) != 16:
        raise invalid("An MD5 is written as 16 bytes in base64.")
    return md5


class CredentialReply(TypedDict):
    """One part's URL."""

    url: str
    part_number: int
    headers: dict[str, str]


class CreateMultipartUploadReply(TypedDict):
    upload_id: str
    credentials: list[CredentialReply]


class ProtocolReply(TypedDict):
    protocol: int


class NoReply(TypedDict):
    """Done; there is nothing to tell."""


class PresignedReply(TypedDict):
    """``file_size`` in bytes; it is there also when it is 0, for without it clients do not take ranges."""

    url: str
    headers: dict[str, str]
    file_size: int


class PresignedUploadUrlReply(TypedDict):
    presigned_url: str
    headers: dict[str, str]


class PresignedDownloadUrlReply(PresignedUploadUrlReply):
    file_size: int


class SignedPart(TypedDict):
    url: str
    headers: dict[str, str]


class SignedUpload(TypedDict):
    """``upload_id`` is absent where one PUT publishes the file."""

    path: str
    upload_id: NotRequired[str]
    parts: list[SignedPart]


class SignedDownload(TypedDict):
    """``md5`` of the whole file in base64, where the storage knows it."""

    path: str
    url: str
    headers: dict[str, str]
    file_size: int
    etag: str
    md5: NotRequired[str]


class NoDownload(TypedDict):
    """Why one of the files cannot be downloaded."""

    path: str
    error_code: str
    message: str


class SignReply(TypedDict):
    """In the order of the request."""

    uploads: list[SignedUpload]
    downloads: list[SignedDownload | NoDownload]
