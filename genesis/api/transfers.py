"""Verbs that sign URLs, by which clients and the storage move bytes between them, and publish uploads."""

from __future__ import annotations

import base64
import ntpath
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from genesis.api.locations import held_at
from genesis.artifacts import MOST_PARTS, Direct, Downloading, IsAFolder, Signed
from genesis.artifacts.paths import safe, safe_file, scoped
from genesis.errors import Code, GenesisError, invalid, missing
from genesis.observed import carried
from genesis.scope import Scope
from genesis.wire import transfers as w
from genesis.wire.artifacts import attachment, content_type
from genesis.wire.base import Raw

UPLOAD_SECONDS = 900
DOWNLOAD_SECONDS = 300
MOST_SECONDS = 604_800
"""How long MLflow lets signed URLs live; here GENESIS_SIGNED_URL_MINUTES ends them earlier."""

PROTOCOL = 1
"""The version of ``sign`` and ``commit``."""
BATCH = 1_000
BATCH_PARTS = 10_000
"""What one call signs at most: paths, and URLs for uploads."""

THREADS = 16
"""Questions to the storage at a time, of one request: each takes a round trip."""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def create(request: w.CreateMultipartUpload, scope: Scope) -> w.CreateMultipartUploadReply:
    path = _file(request, scope)
    # Clients before 3.18 count no part of an empty file; they send one if they get a URL for it.
    parts = request.num_parts or 1
    if not 1 <= parts <= MOST_PARTS:
        raise invalid(f"num_parts must be between 1 and {MOST_PARTS} (got {parts}).")
    uploading = _direct(scope, "Multipart upload").begin(path, parts, content_type(path))
    return {
        "upload_id": uploading.upload_id,
        "credentials": [
            {"url": part.url, "part_number": number, "headers": part.headers}
            for number, part in enumerate(uploading.parts, start=1)
        ],
    }


def complete(request: w.CompleteMultipartUpload, scope: Scope) -> w.NoReply:
    path = _file(request, scope)
    parts = [part.part_number for part in request.parts]
    if sorted(parts) != list(range(1, len(parts) + 1)) or not parts:
        raise invalid("The parts must be numbered from 1, without gaps or repetitions.")
    direct = _direct(scope, "Multipart upload")
    direct.complete(path, _upload_id(request.upload_id), parts, content_type(path))
    return {}


def abort(request: w.AbortMultipartUpload, scope: Scope) -> w.NoReply:
    path = _file(request, scope)
    _direct(scope, "Multipart upload").abort(path, _upload_id(request.upload_id))
    return {}


def _file(request: w.CreateMultipartUpload | w.AbortMultipartUpload, scope: Scope) -> str:
    """The store's path of the file that is uploaded into a folder; clients may send their own whole path."""
    folder = safe(request.artifact_path)
    # On whatever system the client runs, as MLflow 3.18 does; once more after decoding.
    name = ntpath.basename(request.path)
    name = ntpath.basename(safe_file(name)) if name else ""
    return scoped(safe_file(f"{folder}/{safe_file(name)}"), scope.workspace)


def _upload_id(upload_id: str) -> str:
    if not upload_id:
        raise invalid("Missing value for required parameter 'upload_id'.")
    return upload_id


def presigned(request: w.Presigned, scope: Scope) -> w.PresignedReply:
    path = scoped(safe(request.artifact_path), scope.workspace)
    return _presigned(_direct(scope, "Multipart download"), path)


def presigned_file(path: str, scope: Scope) -> w.PresignedReply:
    """For reading the file at the store's path."""
    return _presigned(_direct(scope, "Presigned download"), path)


def _presigned(direct: Direct, path: str) -> w.PresignedReply:
    download = _download(direct, path)
    return {"url": download.signed.url, "headers": download.signed.headers, "file_size": download.size}


def redirected(path: str, scope: Scope) -> Raw | None:
    """To where the storage itself has the file; None where that is this server, or nobody can sign."""
    direct = None if scope.artifacts.receiver() else scope.artifacts.direct(scope.base_url)
    if direct is None:
        return None
    url = _download(direct, path).signed.url
    return Raw(headers={"Location": url, "Cache-Control": "no-store"}, status=302)


def presigned_upload_url(request: w.CreatePresignedUploadUrl, scope: Scope) -> w.PresignedUploadUrlReply:
    if bool(request.run_id) == bool(request.model_id):
        raise invalid("Exactly one of run_id and model_id must be provided.")
    relative = safe_file(request.path)
    seconds = _seconds(request.expiration, UPLOAD_SECONDS)
    if request.run_id:
        root = scope.store.runs.get(request.run_id).artifact_uri
    else:
        root = scope.store.logged_models.get(request.model_id).artifact_uri
    path = held_at(root, relative, scope.workspace)
    signed = _direct(scope, "Presigned upload").whole(path, content_type(path), seconds)
    return {"presigned_url": signed.url, "headers": signed.headers}


def presigned_download_url(
    request: w.CreatePresignedDownloadUrl, scope: Scope
) -> w.PresignedDownloadUrlReply:
    relative = safe(request.path)
    seconds = _seconds(request.expiration, DOWNLOAD_SECONDS)
    path = held_at(scope.store.runs.get(request.run_id).artifact_uri, relative, scope.workspace)
    download = _download(_direct(scope, "Presigned download"), path, seconds)
    return {
        "presigned_url": download.signed.url,
        "headers": download.signed.headers,
        "file_size": download.size,
    }


def _seconds(expiration: int | None, default: int) -> int:
    seconds = default if expiration is None else expiration
    if not 1 <= seconds <= MOST_SECONDS:
        raise invalid(f"expiration must be between 1 and {MOST_SECONDS} seconds (got {seconds}).")
    return seconds


def protocol(request: w.Protocol, scope: Scope) -> w.ProtocolReply:
    """Whether ``sign`` and ``commit`` may be asked; server-info, open to all, says no more than stock."""
    _direct(scope, "Direct transfer")
    return {"protocol": PROTOCOL}


def sign(request: w.Sign, scope: Scope) -> w.SignReply:
    """Signs a batch of files at once; a missing one is told beside those that are there."""
    _limit("paths", len(request.uploads) + len(request.downloads), BATCH)
    if any(upload.parts < 0 for upload in request.uploads):
        raise invalid("An upload cannot have fewer than 0 parts.")
    _limit("parts", sum(upload.parts or 1 for upload in request.uploads), BATCH_PARTS)
    uploads = [(each, _batched(safe_file, each.path, scope, request.folder)) for each in request.uploads]
    downloads = [(path, _batched(safe, path, scope, request.folder)) for path in request.downloads]
    direct = _direct(scope, "Direct transfer")
    return {
        "uploads": [_signed_upload(direct, upload, path) for upload, path in uploads],
        "downloads": _at_once(lambda asked: _signed_download(direct, *asked), downloads),
    }


def commit(request: w.Commit, scope: Scope) -> w.NoReply:
    """Publishes a batch of uploads; a repetition succeeds, also of one that failed half-way."""
    _limit("paths", len(request.uploads), BATCH)
    checked = [(upload, _batched(safe_file, upload.path, scope), _md5(upload)) for upload in request.uploads]
    for upload in request.uploads:
        _upload_id(upload.upload_id)
        if not 1 <= upload.parts <= MOST_PARTS:
            raise invalid(f"parts must be between 1 and {MOST_PARTS} (got {upload.parts}).")
    direct = _direct(scope, "Direct transfer")

    def complete_one(asked: tuple[w.UploadToCommit, str, bytes | None]) -> None:
        upload, path, md5 = asked
        direct.complete(path, upload.upload_id, range(1, upload.parts + 1), content_type(path), md5)

    _at_once(complete_one, checked)
    return {}


def _limit(what: str, count: int, most: int) -> None:
    if count > most:
        raise invalid(f"One call takes at most {most} {what} (got {count}); send the rest with another.")


def _batched(check: Callable[[str], str], path: str, scope: Scope, folder: str = "") -> str:
    """The store's path; a refusal says which of many it is about."""
    try:
        return scoped(check(f"{folder}/{path}" if folder else path), scope.workspace)
    except GenesisError as error:
        raise invalid(f"{error.message}: {path!r}") from None


def _md5(upload: w.UploadToCommit) -> bytes | None:
    return w.md5_in(upload.md5) if upload.md5 else None


def _signed_upload(direct: Direct, upload: w.UploadToSign, path: str) -> w.SignedUpload:
    if not upload.parts:
        if upload.upload_id:
            raise invalid(f"An upload without parts has no upload_id: {upload.path!r}")
        return {"path": upload.path, "parts": [_part(direct.whole(path, content_type(path)))]}
    uploading = direct.begin(path, upload.parts, content_type(path), upload_id=upload.upload_id)
    return {
        "path": upload.path,
        "upload_id": uploading.upload_id,
        "parts": [_part(part) for part in uploading.parts],
    }


def _part(signed: Signed) -> w.SignedPart:
    return {"url": signed.url, "headers": signed.headers}


def _signed_download(direct: Direct, asked: str, path: str) -> w.SignedDownload | w.NoDownload:
    try:
        download = _download(direct, path)
    except GenesisError as error:
        if error.status >= 500:
            raise
        return {"path": asked, "error_code": error.code.value, "message": error.message}
    reply = w.SignedDownload(
        path=asked,
        url=download.signed.url,
        headers=download.signed.headers,
        file_size=download.size,
        etag=download.etag,
    )
    if download.md5:
        reply["md5"] = base64.b64encode(download.md5).decode()
    return reply


def _at_once(do: Callable[[Asked], Answer], asked: Sequence[Asked]) -> list[Answer]:
    """The answers, in order; the first failure is raised when all that had begun have ended."""
    if len(asked) < 2:
        return [do(one) for one in asked]
    with ThreadPoolExecutor(min(THREADS, len(asked)), thread_name_prefix="genesis-batch") as threads:
        return list(threads.map(carried(do), asked))


def _direct(scope: Scope, what: str) -> Direct:
    """Raises NOT_IMPLEMENTED in MLflow's words, on which clients fall back to a proxied transfer."""
    direct = scope.artifacts.direct(scope.base_url)
    if direct is None:
        raise GenesisError(
            Code.NOT_IMPLEMENTED, f"{what} is not supported for the current artifact repository"
        )
    return direct


def _download(direct: Direct, path: str, seconds: int | None = None) -> Downloading:
    try:
        download = direct.download(path, content_type(path), attachment(path), seconds)
    except IsAFolder:
        raise invalid(f"Artifact path refers to a directory, not a file: '{path}'") from None
    if download is None:
        raise missing(f"No such artifact: '{path}'")
    return download
