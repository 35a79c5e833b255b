"""Where artifact bytes live: one small interface, opened by URI; azure is imported only when used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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


class ArtifactStore(Protocol):
    """Files by normalised relative path (``paths.safe``); paths are never checked again below.

    Direct transfer (signed URLs) joins here as methods of its own; a caller asks for bytes only
    where a client cannot go to the storage itself.
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


class IsAFolder(Exception):
    """The path names a folder where a file is wanted."""


def open_artifacts(uri: str, connection_string: str = "") -> ArtifactStore:
    """The store at ``uri`` (``file:`` folder or Blob container URL); raises ValueError for other schemes."""
    scheme = urlsplit(uri).scheme
    if scheme not in BACKENDS:
        raise ValueError(
            f"GENESIS_ARTIFACTS_URI has the scheme {scheme!r}; it must be one of {', '.join(BACKENDS)}."
        )
    store: ArtifactStore = import_module(BACKENDS[scheme]).open_store(uri, connection_string)
    return store
