"""Where artifact bytes live: one small interface, opened by URI; azure is imported only when used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol
from urllib.parse import urlsplit

BACKENDS = {
    "file": "genesis.artifacts.local",
    "http": "genesis.artifacts.blob",
    "https": "genesis.artifacts.blob",
}


@dataclass(frozen=True)
class ArtifactInfo:
    """One entry of a listing; ``path`` from the store's root, ``size`` in bytes (None: a folder)."""

    path: str
    size: int | None

    @property
    def is_dir(self) -> bool:
        return self.size is None


class Chunks(Protocol):
    """Bytes as they are read; ``close`` lets go of the file before its end."""

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Content:
    """An open artifact: ``chunks`` yields bytes ``start`` to ``end`` (exclusive) of ``size``."""

    size: int
    start: int
    end: int
    etag: str
    modified: float
    """Seconds since the epoch."""
    chunks: Chunks


class UnsatisfiableRange(Exception):
    """The range asked for begins behind the end; ``size`` is the artifact's, in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the artifact has {size} bytes")
        self.size = size


MOST_PARTS = 50_000
"""What one upload may be made of: as many blocks as a blob takes."""
SIGNED_URL_MINUTES = 15
PART_SECONDS = 10
"""What each part of an upload adds to the life of its URLs: 10 MiB, a stock client's part, at 1 MiB/s."""
MOST_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Signed:
    """A URL that a client may use for some minutes without any other right; it sends ``headers`` along."""

    url: str = field(repr=False)
    headers: dict[str, str]


@dataclass(frozen=True)
class Uploading:
    """An upload that has begun: one signed URL for each part, in order, each used by a PUT."""

    upload_id: str
    parts: list[Signed]


@dataclass(frozen=True)
class Downloading:
    """A file to be read by GETs, whole or in ranges; ``md5`` where the storage knows it."""

    signed: Signed
    size: int
    md5: bytes | None
    etag: str


class Direct(Protocol):
    """Transfer between client and storage that passes nothing through this process.

    A URL lives GENESIS_SIGNED_URL_MINUTES, those of an upload PART_SECONDS more for each part (MOST_SECONDS
    at most); ``seconds`` shortens that.
    """

    def begin(
        self, path: str, parts: int, content_type: str, seconds: int | None = None, upload_id: str = ""
    ) -> Uploading:
        """Sign an upload of 1 to MOST_PARTS parts; nothing of it is written until the client PUTs.

        ``upload_id`` signs one again that began before, to go on with it. Raises INVALID_PARAMETER_VALUE
        for an id that no upload has.
        """

    def complete(
        self, path: str, upload_id: str, parts: Sequence[int], content_type: str, md5: bytes | None = None
    ) -> None:
        """Publish the parts (numbers from 1, in any order) as one file; a repetition succeeds.

        Raises INVALID_PARAMETER_VALUE where a part never came. Where somebody replaced the file since the
        upload began, it may be theirs that stays: one of the two, whole.
        """

    def abort(self, path: str, upload_id: str) -> None:
        """Clean up after an upload that will not be completed; one that is unknown or complete is no error.

        In Blob Storage an upload of one part is published by its PUT already: abort takes that back.
        Uncommitted blocks Blob Storage itself forgets, a week later.
        """

    def whole(self, path: str, content_type: str, seconds: int | None = None) -> Signed:
        """For one PUT of the whole file, which publishes it."""

    def download(
        self, path: str, content_type: str, disposition: str, seconds: int | None = None
    ) -> Downloading | None:
        """For GETs of the file; None where there is no file.

        The two texts are the reply's Content-Type and Content-Disposition; a local store's replies have
        those of the verb that sends them. Raises IsAFolder.
        """


class Receiver(Protocol):
    """The other end of signed URLs, where this process is the storage itself.

    ``path`` is what follows ``/signed/`` in the URL, percent-decoded once, and ``grant`` its query by name.
    """

    def put(self, path: str, grant: Mapping[str, str], chunks: Iterable[bytes], md5: bytes | None) -> None:
        """Keep a part, or publish a whole file; raises PERMISSION_DENIED, or 400 for bytes unlike ``md5``."""

    def check(self, path: str, grant: Mapping[str, str]) -> None:
        """Raises PERMISSION_DENIED unless the grant is for reading the file at ``path``."""


class ArtifactStore(Protocol):
    """Files by normalised relative path (``paths.safe``); paths are never checked again below.

    A caller asks for bytes only where a client cannot go to the storage itself (``direct``).
    """

    def list(self, path: str) -> list[ArtifactInfo]:
        """Files and folders directly in the folder ``path`` (``""``: the root), sorted by path.

        Empty for a missing folder and for a file, as a stock server answers.
        """

    def open(self, path: str, span: tuple[int | None, int | None] | None = None) -> Content | None:
        """The file at ``path``, or None if there is none.

        ``span`` is an HTTP byte range: ``(first, last or None)``, last inclusive, or
        ``(None, n)`` for the last n bytes. Raises UnsatisfiableRange, IsAFolder.
        """

    def put(self, path: str, chunks: Iterable[bytes], content_type: str) -> None:
        """Write the file whole or not at all: readers see the old bytes until the last chunk is in."""

    def delete(self, path: str) -> None:
        """Remove the file, or the folder and all in it; nothing there is no error."""

    def direct(self, base_url: str) -> Direct | None:
        """Direct transfer; None where this store cannot sign, or is not to.

        ``base_url`` is this server's as the client reaches it, below which a local store's URLs are.
        """

    def receiver(self) -> Receiver | None:
        """What serves ``/signed/…``; None where signed URLs lead to another host."""

    def check(self) -> None:
        """One cheap question; raises GenesisError where the storage is out of reach or refuses us."""

    def sweep(self) -> None:
        """Remove what uploads left behind a day ago, where the storage does not do so by itself."""


class IsAFolder(Exception):
    """The path names a folder where a file is wanted."""


def open_artifacts(uri: str, connection_string: str = "", minutes: int = SIGNED_URL_MINUTES) -> ArtifactStore:
    """The store at ``uri`` (``file:`` folder or Blob container URL); raises ValueError for other schemes.

    ``minutes`` is how long the URLs that it signs are good for; 0: it signs none.
    """
    scheme = urlsplit(uri).scheme
    if scheme not in BACKENDS:
        raise ValueError(
            f"GENESIS_ARTIFACTS_URI has the scheme {scheme!r}; it must be one of {', '.join(BACKENDS)}."
        )
    store: ArtifactStore = import_module(BACKENDS[scheme]).open_store(uri, connection_string, minutes)
    return store
