"""Files on their way from the storage: checked, and in their place only when they are whole."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from mlflow.exceptions import MlflowException
from mlflow.utils.file_utils import ArtifactProgressBar

from genesis.plugin.checksums import checksum
from genesis.plugin.pool import in_order
from genesis.plugin.server import Readable, Refused, Server
from genesis.plugin.signed import Signatures
from genesis.plugin.storage import Changed, Storage

RANGE = 8 * 1024 * 1024
"""Bytes: files up to here come in one piece, larger ones in ranges of so many."""
RANGES_AT_ONCE = 8
RANGES_IN_MEMORY = 12
BATCH = 500
BATCH_BYTES = 512 * 1024 * 1024
"""What is signed at once, so that it is read before the URLs expire."""
ATTEMPTS = 3
"""How often a file that is replaced while it is read is begun anew."""


class Downloads:
    """Downloads of one artifact repository; files that are expected are signed many at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._one_large = threading.Lock()
        self._expected: dict[str, int] = {}
        self._signed: dict[str, Readable] = {}

    def expect(self, path: str, size: int | None) -> None:
        """The file will be fetched soon."""
        self._expected[path] = size or 0

    def fetch(self, path: str, local: Path) -> None:
        """The store's file, whole, at ``local``; raises MlflowException, with nothing changed there."""
        for _ in range(ATTEMPTS):
            readable = self._sign(path)
            with suppress(Changed), _in_place(local) as target:
                self._receive(readable, target)
                return
        raise MlflowException(f"'{path}' was replaced again and again while it was downloaded.")

    def _sign(self, path: str) -> Readable:
        with self._lock:
            if path not in self._signed:
                self._sign_with_others(path)
            return self._signed.pop(path)

    def _sign_with_others(self, path: str) -> None:
        batch = [path] if self._expected.pop(path, None) is None else [path, *self._next()]
        # One of the others that is refused is asked for again, and so told of, when its turn comes.
        first, *others = self._server.readable(batch)
        self._signed |= {found.path: found for found in others if isinstance(found, Readable)}
        if isinstance(first, Refused):
            raise first.reason
        self._signed[path] = first

    def _next(self) -> Iterator[str]:
        """Files that are expected, as many as will be read in time."""
        size = 0
        for path in list(islice(self._expected, BATCH - 1)):
            size += self._expected[path]
            if size > BATCH_BYTES:
                return
            del self._expected[path]
            yield path

    def _receive(self, readable: Readable, target: BinaryIO) -> None:
        md5 = checksum()
        # Closed at once when the disk is full: others wait for what a large file holds.
        with closing(self._pieces(readable)) as pieces:
            for data in pieces:
                md5.update(data)
                target.write(data)
        size = target.tell()
        if size != readable.size or readable.md5 not in (None, md5.digest()):
            raise MlflowException(
                f"'{readable.path}' did not arrive as it was stored ({size} bytes of {readable.size}, "
                f"MD5 {md5.hexdigest()}): download it again."
            )

    def _pieces(self, readable: Readable) -> Generator[bytes, None, None]:
        if not readable.size:
            return
        signatures = Signatures(lambda: [self._again(readable.path)], [readable.signed])
        if readable.size <= RANGE:
            what = f"Downloading '{readable.path}'"
            yield Storage(self._server).get(what, signatures, 0, None, readable.etag)
        else:
            yield from self._ranges(readable, signatures)

    def _again(self, path: str) -> Any:
        (found,) = self._server.readable([path])
        if isinstance(found, Refused):
            raise found.reason
        return found.signed

    def _ranges(self, readable: Readable, signatures: Signatures) -> Iterator[bytes]:
        """Many ranges at a time, but of one file at a time: more would only take more memory."""
        storage = Storage(self._server)

        def read(first: int) -> bytes:
            last = min(first + RANGE, readable.size) - 1
            what = f"Downloading '{readable.path}' (bytes {first} to {last})"
            return storage.get(what, signatures, 0, (first, last), readable.etag)

        firsts = range(0, readable.size, RANGE)
        description = f"Downloading {readable.path}"
        with self._one_large, ArtifactProgressBar.chunks(readable.size, description, RANGE) as bar:
            for data in in_order(
                read, firsts, threads=RANGES_AT_ONCE, ahead=RANGES_IN_MEMORY, stop=storage.stop
            ):
                yield data
                bar.update()


@contextmanager
def _in_place(local: Path) -> Iterator[BinaryIO]:
    """A file beside ``local`` that becomes it, or leaves nothing."""
    partial = local.with_name(f".genesis-{uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            yield file
        os.replace(partial, local)
    finally:
        partial.unlink(missing_ok=True)
