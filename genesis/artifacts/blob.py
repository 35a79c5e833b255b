"""Artifacts as block blobs in a container of Azure Blob Storage (or of Azurite)."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from genesis.artifacts import SIGNED_URL_MINUTES, ArtifactInfo, Chunks, Content, Direct, IsAFolder
from genesis.artifacts.refusals import error_code, told
from genesis.artifacts.spans import Span, bounds
from genesis.errors import invalid, unavailable

# The Azure packages are imported only inside functions: they take most of a second, which every cold
# start of the function app would pay, also for requests that touch no artifact.
if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

BLOCK = 8 << 20
PIECE = 2 << 20
BATCH = 256
"""What one batch request deletes at most."""

# A request must end, well or badly, within the 230 seconds that Azure's front end gives a function.
CONNECT_SECONDS = 10
READ_SECONDS = 60
RETRIES = 2

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
        ("", "", parts.path[1:]) if _names_account(parts.hostname) else parts.path[1:].partition("/")
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
    return BlobStore(endpoint, container, unquote(folder), _key(connection_string))


def _names_account(hostname: str | None) -> bool:
    """Azure has the account in the host's name, emulators have it in front of the container."""
    return ".blob." in (hostname or "")


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

    def __init__(
        self, endpoint: str, container: str, folder: str, credential: dict[str, str] | str | None
    ) -> None:
        self._endpoint = endpoint
        self._name = container
        self._prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
        self._credential = credential
        self._lock = threading.Lock()
        self._client: ContainerClient | None = None

    def list(self, path: str) -> list[ArtifactInfo]:
        from azure.core.exceptions import ResourceNotFoundError

        folder = self._folder(path)
        infos = []
        with told():
            try:
                for entry in self._container().walk_blobs(name_starts_with=folder or None, delimiter="/"):
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
                return self._content(self._blob(path), span)
            except ResourceNotFoundError:
                if self._is_folder(path):
                    raise IsAFolder(path) from None
                return None

    def put(self, path: str, chunks: Iterable[bytes], content_type: str) -> None:
        from azure.storage.blob import ContentSettings

        blob, settings = self._blob(path), ContentSettings(content_type=content_type)
        blocks = blocks_of(chunks, BLOCK)
        first = next(blocks, b"")
        if len(first) < BLOCK:
            self._write(lambda: blob.upload_blob(first, overwrite=True, content_settings=settings))
        else:
            self._put_blocks(blob, chain([first], blocks), settings)

    def delete(self, path: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        if not path:
            raise invalid("Invalid path")
        with told(), suppress(ResourceNotFoundError):
            self._blob(path).delete_blob(delete_snapshots="include")
        with told(), suppress(ResourceNotFoundError):
            names = self._container().list_blob_names(name_starts_with=self._folder(path))
            for batch in _batches(names, BATCH):
                self._delete_all(batch)

    def direct(self, base_url: str) -> Direct | None:
        return None

    def receiver(self) -> None:
        return None

    def sweep(self) -> None:
        """Blob Storage forgets uncommitted blocks after a week."""

    def close(self) -> None:
        """Give the connections back; a later call makes new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _container(self) -> ContainerClient:
        with self._lock:
            if self._client is None:
                self._client = self._connected()
            return self._client

    def _connected(self) -> ContainerClient:
        from azure.storage.blob import ContainerClient, ExponentialRetry

        return ContainerClient(
            self._endpoint,
            self._name,
            credential=self._credential or _identity(),
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retry_policy=ExponentialRetry(
                initial_backoff=1, increment_base=2, random_jitter_range=1, retry_total=RETRIES
            ),
            max_single_put_size=BLOCK,
            max_single_get_size=PIECE,
            max_chunk_get_size=PIECE,
        )

    def _blob(self, path: str) -> BlobClient:
        return self._container().get_blob_client(self._prefix + path)

    def _folder(self, path: str) -> str:
        return f"{self._prefix}{path}/" if path else self._prefix

    def _info(self, entry: Any) -> ArtifactInfo:
        from azure.storage.blob import BlobPrefix

        path = entry.name.removeprefix(self._prefix)
        if isinstance(entry, BlobPrefix):
            return ArtifactInfo(path.removesuffix("/"), None)
        return ArtifactInfo(path, entry.size)

    def _is_folder(self, path: str) -> bool:
        from azure.core.exceptions import ResourceNotFoundError

        try:
            names = self._container().list_blob_names(name_starts_with=self._folder(path), results_per_page=1)
            return next(names, None) is not None
        except ResourceNotFoundError:
            return False

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
            self._write(partial(blob.stage_block, ids[-1], block, length=len(block)))
        self._write(lambda: _commit(blob, [BlobBlock(block_id=i) for i in ids], settings))

    def _write(self, request: Callable[[], object]) -> None:
        """Send ``request``, and once more after making the container if that was missing."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        with told():
            try:
                request()
            except ResourceNotFoundError:
                with suppress(ResourceExistsError):
                    self._container().create_container()
                request()

    def _delete_all(self, names: Iterable[str]) -> None:
        replies = self._container().delete_blobs(
            *names, delete_snapshots="include", raise_on_any_failure=False
        )
        # 404: somebody else deleted it first.
        if any(reply.status_code not in (202, 404) for reply in replies):
            raise unavailable("Blob Storage did not delete every artifact in the folder.")


def block_id(upload: str, number: int) -> str:
    """The id of an upload's block; all of a blob's must be of one length, or the service refuses them."""
    return f"{upload}-{number:05d}"


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


def _identity() -> Any:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()


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
