"""Direct transfer with Blob Storage: signed URLs, and the commit of what came through them."""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from genesis.artifacts import MOST_PARTS, Downloading, IsAFolder, Signed, Uploading
from genesis.artifacts.container import Container
from genesis.artifacts.refusals import error_code, told
from genesis.artifacts.sas import DOWNLOAD, UPLOAD, Clock, Signer
from genesis.errors import GenesisError, invalid, unavailable

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties

LATEST = 250_000_000_000_000
"""Milliseconds since the epoch: no upload began later, and dates reach a little further."""
METADATA = "upload"
"""The blob's own record of the upload that wrote it."""
NAMED = 10
"""How many of the missing parts an error names."""


def block_id(upload: str, number: int) -> str:
    """The id of an upload's block; all of a blob's must be of one length, or the service refuses them."""
    return f"{upload}-{number:05d}"


@dataclass(frozen=True)
class UploadId:
    """When an upload began (by this server's clock), its number of parts, 32 random bits, its path's seal.

    As text it is as long as a UUID's hex, for the block ids of a blob must all be of one length.
    """

    text: str
    began: datetime
    parts: int

    @classmethod
    def new(cls, path: str, now: datetime, parts: int) -> UploadId:
        began = f"{int(now.timestamp() * 1000):012x}{parts:04x}{secrets.token_hex(4)}"
        return cls.read(path, began + _seal(path, began))

    @classmethod
    def read(cls, path: str, text: str) -> UploadId:
        """Raises INVALID_PARAMETER_VALUE for what no upload to ``path`` was ever given."""
        if not re.fullmatch("[0-9a-f]{32}", text) or text[24:] != _seal(path, text[:24]):
            raise invalid("Invalid upload id")
        began = int(text[:12], 16)
        if began > LATEST:
            raise invalid("Invalid upload id")
        return cls(text, datetime.fromtimestamp(began / 1000, UTC), int(text[12:16], 16))

    def blocks(self) -> dict[str, int]:
        """The ids of the blocks and their numbers, in order."""
        return {block_id(self.text, number): number for number in range(1, self.parts + 1)}


@dataclass(frozen=True)
class BlobDirect:
    """A ``Direct``: an upload of one part is a Put Blob, one of several is made of blocks."""

    container: Container
    signer: Signer

    def begin(
        self, path: str, parts: int, content_type: str, seconds: int | None = None, upload_id: str = ""
    ) -> Uploading:
        if not 1 <= parts <= MOST_PARTS:
            raise invalid(f"An upload has 1 to {MOST_PARTS} parts.")
        upload = UploadId.read(path, upload_id) if upload_id else UploadId.new(path, self.signer.now(), parts)
        if upload.parts != parts:
            raise invalid(f"This upload began with {upload.parts} parts.")
        url = self._upload_url(path, self.signer.seconds(parts, seconds))
        if parts == 1:
            # An empty file has no block: the service takes none without a byte.
            headers = {**_headers(content_type), f"x-ms-meta-{METADATA}": upload.text}
            return Uploading(upload.text, [Signed(url, headers)])
        return Uploading(upload.text, [Signed(_block_url(url, block), {}) for block in upload.blocks()])

    def complete(
        self, path: str, upload_id: str, parts: Sequence[int], content_type: str, md5: bytes | None = None
    ) -> None:
        upload = UploadId.read(path, upload_id)
        if unlisted := sorted(set(range(1, upload.parts + 1)) - set(parts)):
            raise _incomplete(unlisted)
        if len(parts) != upload.parts:
            raise invalid(f"This upload has {upload.parts} parts.")
        with told():
            if upload.parts == 1:
                self._check(path, upload, md5)
            else:
                self._commit(path, upload, content_type, md5)

    def abort(self, path: str, upload_id: str) -> None:
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        upload = UploadId.read(path, upload_id)
        if upload.parts > 1:
            return
        blob = self.container.blob(path)
        with told(), suppress(ResourceNotFoundError, ResourceModifiedError):
            there = blob.get_blob_properties()
            if _is_from(upload, there):
                blob.delete_blob(
                    delete_snapshots="include",
                    etag=there.etag,
                    match_condition=MatchConditions.IfNotModified,
                )

    def whole(self, path: str, content_type: str, seconds: int | None = None) -> Signed:
        return Signed(self._upload_url(path, self.signer.seconds(1, seconds)), _headers(content_type))

    def download(
        self, path: str, content_type: str, disposition: str, seconds: int | None = None
    ) -> Downloading | None:
        from azure.core.exceptions import ResourceNotFoundError

        blob = self.container.blob(path)
        with told():
            try:
                there = blob.get_blob_properties()
            except ResourceNotFoundError:
                if self.container.is_folder(path):
                    raise IsAFolder(path) from None
                return None
        url = self.signer.sign(
            blob,
            DOWNLOAD,
            self.signer.seconds(0, seconds),
            content_type=content_type,
            content_disposition=disposition,
        )
        md5 = there.content_settings.content_md5
        return Downloading(Signed(url, {}), there.size, bytes(md5) if md5 else None, there.etag)

    def _upload_url(self, path: str, seconds: int) -> str:
        self.container.prepare()
        return self.signer.sign(self.container.blob(path), UPLOAD, seconds)

    def _check(self, path: str, upload: UploadId, md5: bytes | None) -> None:
        """What a complete upload of one part left behind."""
        there, skew = _properties(self.container.blob(path), self.signer.now)
        if there is None:
            raise _incomplete([1])
        if not _is_from(upload, there):
            if not _is_since(upload, there, skew):
                raise _incomplete([1])
        elif md5 is not None and bytes(there.content_settings.content_md5 or b"") != md5:
            raise invalid(
                "The file has another MD5 than the one given, and is published: "
                "an upload of one part is, as soon as it is sent. Send it again, or delete it."
            )

    def _commit(self, path: str, upload: UploadId, content_type: str, md5: bytes | None) -> None:
        from azure.core.exceptions import HttpResponseError
        from azure.storage.blob import BlobBlock, ContentSettings

        blob = self.container.blob(path)
        there, _ = _properties(blob, self.signer.now)
        if there is not None and _is_from(upload, there):
            # Not once more: a new ETag would end the downloads that are under way.
            return
        settings = ContentSettings(content_type=content_type, content_md5=bytearray(md5) if md5 else None)
        try:
            blob.commit_block_list(
                [BlobBlock(block_id=block) for block in upload.blocks()],
                content_settings=settings,
                metadata={METADATA: upload.text},
            )
        except HttpResponseError as error:
            if error.status_code != 404 and error_code(error) != "InvalidBlockList":
                raise
            self._explain(blob, upload)

    def _explain(self, blob: BlobClient, upload: UploadId) -> None:
        """Why the service had not all blocks; returns where the file is as good as published."""
        there, skew = _properties(blob, self.signer.now)
        # A commit or a Put Blob by somebody else drops the blocks that were waiting. That is the same as
        # if this upload had been complete just before theirs.
        if there is not None and (_is_from(upload, there) or _is_since(upload, there, skew)):
            return
        came = _uncommitted(blob)
        missing = [number for block, number in upload.blocks().items() if block not in came]
        raise _incomplete(missing) if missing else unavailable("Blob Storage did not commit the file.")


def _seal(path: str, began: str) -> str:
    """Finds mistakes, such as the id of another file's upload; what a client may do the signature says."""
    return sha256(f"{began} {path}".encode()).hexdigest()[:8]


def _headers(content_type: str) -> dict[str, str]:
    return {"x-ms-blob-type": "BlockBlob", "x-ms-blob-content-type": content_type}


def _block_url(url: str, block: str) -> str:
    blob, _, token = url.partition("?")
    return f"{blob}?comp=block&blockid={quote(b64encode(block.encode()), safe='')}&{token}"


def _incomplete(missing: Sequence[int]) -> GenesisError:
    named = ", ".join(map(str, missing[:NAMED])) + (", …" if len(missing) > NAMED else "")
    return invalid(
        f"Parts of the upload never came: {named}. Nothing is published; send them, then complete."
    )


def _is_from(upload: UploadId, there: BlobProperties) -> bool:
    return bool((there.metadata or {}).get(METADATA) == upload.text)


def _is_since(upload: UploadId, there: BlobProperties, skew: timedelta) -> bool:
    """Whether the blob was written since the upload began: the service tells whole seconds only."""
    return bool(there.last_modified >= (upload.began + skew).replace(microsecond=0))


def _properties(blob: BlobClient, now: Clock) -> tuple[BlobProperties | None, timedelta]:
    """What is there, and how far the storage's clock is ahead of this server's."""
    from azure.core.exceptions import ResourceNotFoundError

    skew = timedelta()

    def compare(reply: Any) -> None:
        nonlocal skew
        if date := reply.http_response.headers.get("Date"):
            skew = parsedate_to_datetime(date) - now().replace(microsecond=0)

    try:
        return blob.get_blob_properties(raw_response_hook=compare), skew
    except ResourceNotFoundError:
        return None, skew


def _uncommitted(blob: BlobClient) -> Iterable[str]:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        _, waiting = blob.get_block_list("uncommitted")
    except ResourceNotFoundError:
        return set()
    return {block.id for block in waiting}
