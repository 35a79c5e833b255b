"""Files on their way to the storage: small ones whole, large ones in parts, and those can go on later."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.utils.file_utils import ArtifactProgressBar

from genesis.plugin.checksums import checksum
from genesis.plugin.journal import Journal, journal
from genesis.plugin.pool import in_order
from genesis.plugin.server import Server
from genesis.plugin.signed import Signatures, Signed
from genesis.plugin.storage import Storage

MEGABYTE = 1024 * 1024
PART = 8 * MEGABYTE
"""Bytes: files up to here go whole, larger ones in parts of so many."""
MOST_PARTS = 10_000
BATCH = 500
BATCH_BYTES = 256 * MEGABYTE
"""What is signed at once, so that it is sent before the URLs expire."""
FILES_AT_ONCE = 16
PARTS_AT_ONCE = 8
PARTS_IN_MEMORY = 12

IN_VAIN = ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST")
"""How they refuse for good; a server or a storage that has forgotten an upload does so, too."""


@dataclass(frozen=True)
class File:
    """A local file and the store's path for it; ``size`` in bytes."""

    local: Path
    path: str
    size: int

    @classmethod
    def at(cls, local: Path, path: str) -> File:
        return cls(local, path, local.stat().st_size)


def upload(server: Server, files: Iterable[File]) -> Iterator[File]:
    """Send the files, and yield each when it is published; not in order."""
    files = list(files)
    for batch in _batches([file for file in files if file.size <= PART]):
        yield from _send_whole(server, batch)
    for file in files:
        if file.size > PART:
            _send_in_parts(server, file)
            yield file


def _batches(files: Sequence[File]) -> Iterator[list[File]]:
    batch: list[File] = []
    size = 0
    for file in files:
        if batch and (len(batch) == BATCH or size + file.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _send_whole(server: Server, batch: Sequence[File]) -> Iterator[File]:
    storage = Storage(server)
    signatures = Signatures(lambda: server.whole([file.path for file in batch]))

    def send(index: int) -> File:
        file = batch[index]
        data = file.local.read_bytes()
        storage.put(f"Uploading '{file.path}'", signatures, index, data, _base64(checksum(data).digest()))
        return file

    yield from in_order(
        send, range(len(batch)), threads=FILES_AT_ONCE, ahead=4 * FILES_AT_ONCE, stop=storage.stop
    )


def _send_in_parts(server: Server, file: File) -> None:
    part = _part_size(file.size)
    found = file.local.stat()
    with journal(
        *(server.url, server.workspace, file.path, file.size, part),
        *(found.st_mtime_ns, found.st_dev, found.st_ino),
    ) as kept:
        for last in (False, True):
            parts = _Parts(server, file, part, kept)
            try:
                return parts.send()
            except MlflowException as error:
                if error.error_code not in IN_VAIN:
                    raise
                lost = parts.were_taken()
                kept.forget()
                if last or not lost:
                    raise


class _Parts:
    """One file, in parts of ``part`` bytes; those that the journal knows are read, but not sent."""

    def __init__(self, server: Server, file: File, part: int, kept: Journal) -> None:
        self._server = server
        self._file = file
        self._part = part
        self._count = -(-file.size // part)
        self._kept = kept
        self._storage = Storage(server)
        self._md5 = checksum()
        self._resumed = bool(kept.upload_id)

    def were_taken(self) -> bool:
        """Whether the storage had parts that it may have lost: then it is worth sending them again."""
        return self._resumed or len(self._kept.sent) == self._count

    def send(self) -> None:
        signatures = Signatures(self._sign)
        done = in_order(
            partial(self._send_one, signatures),
            self._read(),
            threads=PARTS_AT_ONCE,
            ahead=PARTS_IN_MEMORY,
            stop=self._storage.stop,
        )
        description = f"Uploading {self._file.local.name}"
        with closing(done), ArtifactProgressBar.chunks(self._file.size, description, self._part) as bar:
            for _ in done:
                bar.update()
        self._server.commit(self._file.path, self._kept.upload_id, self._count, self._md5.digest())
        self._kept.forget()

    def _sign(self) -> Sequence[Signed]:
        begun = self._server.begin(self._file.path, self._count, self._kept.upload_id)
        if not self._kept.upload_id:
            self._kept.begin(begun.upload_id)
        return begun.parts

    def _read(self) -> Iterator[tuple[int, bytes]]:
        """The parts with their numbers, from 1."""
        with self._file.local.open("rb", buffering=0) as source:
            for number in range(1, self._count + 1):
                expected = min(self._part, self._file.size - (number - 1) * self._part)
                data = _exactly(source, expected)
                if len(data) < expected:
                    raise MlflowException(f"'{self._file.local}' became shorter while it was uploaded.")
                self._md5.update(data)
                yield number, data

    def _send_one(self, signatures: Signatures, one: tuple[int, bytes]) -> None:
        number, data = one
        digest = checksum(data)
        if self._kept.sent.get(number) == digest.hexdigest():
            return
        what = f"Uploading '{self._file.path}' (part {number} of {self._count})"
        self._storage.put(what, signatures, number - 1, data, _base64(digest.digest()))
        self._kept.add(number, digest.hexdigest())


def _part_size(size: int) -> int:
    """Bytes, whole megabytes."""
    return max(PART, -(-size // (MOST_PARTS * MEGABYTE)) * MEGABYTE)


def _exactly(source: Any, size: int) -> bytes:
    """``size`` bytes, or what is left; one read where the system gives it all at once."""
    data: bytes = source.read(size)
    while len(data) < size and (more := source.read(size - len(data))):
        data += more
    return data


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def files_in(folder: str, path: str) -> Iterator[File]:
    """All files of a folder, as MLflow walks it, for the store's folder ``path``."""
    for place, _, names in os.walk(folder):
        relative = Path(place).relative_to(folder).as_posix()
        parts = [part for part in (path, relative) if part not in ("", ".")]
        for name in names:
            yield File.at(Path(place, name), "/".join([*parts, name]))
