"""Artifacts as block blobs in a container of Azure Blob Storage (or of Azurite)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from genesis.artifacts import SIGNED_URL_MINUTES, ArtifactInfo, Chunks, Content, IsAFolder
from genesis.artifacts.blob_direct import BlobDirect, block_id
from genesis.artifacts.container import BLOCK, Container, names_account
from genesis.artifacts.refusals import error_code, told
from genesis.artifacts.sas import DOWNLOAD, Signer, secret
from genesis.artifacts.spans import Span, bounds
from genesis.errors import invalid, unavailable

# The Azure packages are imported only inside functions: they take most of a second, which every cold
# start of the function app would pay, also for requests that touch no artifact.
if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContentSettings

BATCH = 256
"""What one batch request deletes at most."""

CONTAINER_NAME = "(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*"

DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"
# Not a secret: every emulator of Azure Storage has this one account, published by Microsoft.
DEVELOPMENT_ACCOUNT = "devstoreaccount1"
DEVELOPMENT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def open_store(uri: str, connection_string: str = "", minutes: int = SIGNED_URL_MINUTES) -> BlobStore:
    """The store in the container (and folder of it) that the URI names; connects at its first use."""
    parts = urlsplit(uri)
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if parts.query or parts.fragment or parts.username:
        raise ValueError("GENESIS_ARTIFACTS_URI must be a plain URL, without credentials.")
    account, _, path = (
        ("", "", parts.path[1:]) if names_account(parts.hostname) else parts.path[1:].partition("/")
    )
    container, _, folder = path.strip("/").partition("/")
    if not re.fullmatch(CONTAINER_NAME, container):
        raise ValueError(
            f"GENESIS_ARTIFACTS_URI has {container!r} where a container's name must be: 3 to 63 "
            "lower-case letters, digits and single hyphens."
        )
    if parts.scheme == "http" and not connection_string:
        raise ValueError("GENESIS_ARTIFACTS_URI is http://, which takes GENESIS_STORAGE_CONNECTION_STRING.")
    endpoint = f"{host}/{account}".rstrip("/")
    return BlobStore(Container(endpoint, container, unquote(folder), _key(connection_string)), minutes)


def _key(connection_string: str) -> dict[str, str] | str | None:
    """The credential in a connection string; its endpoint is the URI's business."""
    if not connection_string:
        return None
    if connection_string.strip(" ;") == DEVELOPMENT_STORAGE:
        return {"account_name": DEVELOPMENT_ACCOUNT, "account_key": DEVELOPMENT_KEY}
    pairs = (part.partition("=") for part in connection_string.split(";"))
    given = {name.strip().lower(): value for name, _, value in pairs}
    if given.get("accountname") and given.get("accountkey"):
        return {"account_name": given["accountname"], "account_key": given["accountkey"]}
    if given.get("sharedaccesssignature"):
        return given["sharedaccesssignature"]
    raise ValueError(
        "GENESIS_STORAGE_CONNECTION_STRING has neither AccountName and AccountKey nor SharedAccessSignature."
    )


class BlobStore:
    """An ``ArtifactStore`` over one container; a folder is there as long as a blob is in it."""

    def __init__(self, container: Container, minutes: int = SIGNED_URL_MINUTES) -> None:
        self._container = container
        signs = secret(container)
        self._direct: BlobDirect | None = None
        if signs and minutes:
            self._direct = BlobDirect(container, Signer(container.account, signs, minutes))

    def list(self, path: str) -> list[ArtifactInfo]:
        from azure.core.exceptions import ResourceNotFoundError

        folder = self._container.folder(path)
        infos = []
        with told():
            try:
                for entry in self._container.client().walk_blobs(
                    name_starts_with=folder or None, delimiter="/"
                ):
                    # A blob of the folder's own name is how other tools mark an empty folder.
                    if entry.name != folder:
                        infos.append(self._info(entry))
            except ResourceNotFoundError:
                return []
        return sorted(infos, key=lambda info: info.path)

    def open(self, path: str, span: Span | None = None) -> Content | None:
        from azure.core.exceptions import ResourceNotFoundError

        with told():
            try:
                return self._content(self._container.blob(path), span)
            except ResourceNotFoundError:
                if self._container.is_folder(path):
                    raise IsAFolder(path) from None
                return None

    def put(self, path: str, chunks: Iterable[bytes], content_type: str) -> None:
        from azure.storage.blob import ContentSettings

        blob, settings = self._container.blob(path), ContentSettings(content_type=content_type)
        blocks = blocks_of(chunks, BLOCK)
        first = next(blocks, b"")
        if len(first) < BLOCK:
            self._container.write(lambda: blob.upload_blob(first, overwrite=True, content_settings=settings))
        else:
            self._put_blocks(blob, chain([first], blocks), settings)

    def delete(self, path: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        if not path:
            raise invalid("Invalid path")
        with told(), suppress(ResourceNotFoundError):
            self._container.blob(path).delete_blob(delete_snapshots="include")
        with told(), suppress(ResourceNotFoundError):
            names = self._container.client().list_blob_names(name_starts_with=self._container.folder(path))
            for batch in _batches(names, BATCH):
                self._delete_all(batch)

    def direct(self, base_url: str) -> BlobDirect | None:
        return self._direct

    def receiver(self) -> None:
        return None

    def check(self) -> None:
        self._container.check()

    def check_signing(self) -> bool:
        """Whether it signs URLs, by signing one that nobody gets; raises GenesisError where it may not."""
        if self._direct is None:
            return False
        self._direct.signer.sign(self._container.blob("nobody"), DOWNLOAD, seconds=1)
        return True

    def sweep(self) -> None:
        """Blob Storage forgets uncommitted blocks after a week."""

    def allow_origins(self, origins: Sequence[str]) -> None:
        """Let web pages of these origins, and of no others, send requests to signed URLs of a container.

        For an emulator: it makes the container, and sets the rules of the whole account, both of which in
        Azure the account's owner does.
        """
        self._container.prepare()
        self._container.allow_origins(list(origins))

    def close(self) -> None:
        """Give the connections back; a later call makes new ones."""
        self._container.close()

    def _info(self, entry: Any) -> ArtifactInfo:
        from azure.storage.blob import BlobPrefix

        path = entry.name.removeprefix(self._container.prefix)
        if isinstance(entry, BlobPrefix):
            return ArtifactInfo(path.removesuffix("/"), None)
        return ArtifactInfo(path, entry.size)

    def _content(self, blob: BlobClient, span: Span | None) -> Content:
        # Asked first, for Blob Storage tells neither the size with a 416, nor knows "the last n bytes".
        properties = blob.get_blob_properties()
        start, end = bounds(span, properties.size)
        return Content(
            size=properties.size,
            start=start,
            end=end,
            etag=properties.etag,
            modified=properties.last_modified.timestamp(),
            chunks=_pieces(blob, properties.etag, start, end),
        )

    def _put_blocks(self, blob: BlobClient, blocks: Iterable[bytes], settings: ContentSettings) -> None:
        from azure.storage.blob import BlobBlock

        upload = uuid.uuid4().hex
        ids = []
        for number, block in enumerate(blocks, start=1):
            ids.append(block_id(upload, number))
            self._container.write(partial(blob.stage_block, ids[-1], block, length=len(block)))
        self._container.write(lambda: _commit(blob, [BlobBlock(block_id=i) for i in ids], settings))

    def _delete_all(self, names: Iterable[str]) -> None:
        replies = self._container.client().delete_blobs(
            *names, delete_snapshots="include", raise_on_any_failure=False
        )
        # 404: somebody else deleted it first.
        if any(reply.status_code not in (202, 404) for reply in replies):
            raise unavailable("Blob Storage did not delete every artifact in the folder.")


def blocks_of(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in blocks of ``size``, the last one shorter."""
    buffer = bytearray()
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            room = size - len(buffer)
            buffer += view[:room]
            view = view[room:]
            if len(buffer) == size:
                block = bytes(buffer)
                buffer.clear()
                yield block
    if buffer:
        yield bytes(buffer)


def _batches(names: Iterable[str], size: int) -> Iterator[list[str]]:
    batch: list[str] = []
    for name in names:
        batch.append(name)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _commit(blob: BlobClient, blocks: list[Any], settings: ContentSettings) -> None:
    from azure.core.exceptions import HttpResponseError

    try:
        blob.commit_block_list(blocks, content_settings=settings)
    except HttpResponseError as error:
        # Somebody replaced or deleted the blob while this upload was under way, which threw its blocks
        # away. That is the same as if this upload had been complete just before.
        if error_code(error) != "InvalidBlockList":
            raise


def _pieces(blob: BlobClient, etag: str, start: int, end: int) -> Chunks:
    """Bytes of that version of the blob, a request for each piece; the first is sent at once."""
    from azure.core import MatchConditions

    if start == end:
        return _rest(())
    reply = blob.download_blob(
        offset=start, length=end - start, etag=etag, match_condition=MatchConditions.IfNotModified
    )
    return _rest(reply.chunks())


def _rest(pieces: Iterable[bytes]) -> Generator[bytes, None, None]:
    with told():
        yield from pieces
