"""Artifacts as files in a folder of this machine, laid out as a stock server lays them out."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from genesis.artifacts import SIGNED_URL_MINUTES, ArtifactInfo, Content, Direct, Receiver
from genesis.artifacts.grants import KEY_FOLDER
from genesis.artifacts.local_direct import SIGNED, LocalDirect, LocalReceiver
from genesis.artifacts.local_files import CHUNK, UPLOADS, Places, etag, put, remove, without_paths
from genesis.artifacts.local_uploads import DAY
from genesis.artifacts.paths import may_be
from genesis.artifacts.spans import Span, bounds
from genesis.errors import unavailable


def open_store(uri: str, connection_string: str = "", minutes: int = SIGNED_URL_MINUTES) -> LocalStore:
    """The store in the folder of the ``file:`` URI, which is made if it is missing."""
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ValueError(f"GENESIS_ARTIFACTS_URI is {uri!r}; a folder is written file:///path/to/folder.")
    folder = Path(url2pathname(parts.path))
    try:
        return LocalStore(folder, minutes)
    except OSError as error:
        raise ValueError(f"GENESIS_ARTIFACTS_URI: {folder} cannot be used: {error.strerror}.") from error


class LocalStore:
    """An ``ArtifactStore``; what is half written or half removed lies in a hidden folder."""

    def __init__(self, folder: Path, minutes: int = SIGNED_URL_MINUTES) -> None:
        (folder / UPLOADS).mkdir(parents=True, exist_ok=True)
        self._places = Places(folder)
        self._minutes = minutes
        self._sweep()

    def list(self, path: str) -> list[ArtifactInfo]:
        with without_paths():
            folder = self._places.followed(path)
            if not folder.is_dir():
                return []
            try:
                with os.scandir(folder) as entries:
                    infos = [info for entry in entries if (info := self._info(path, entry))]
            except FileNotFoundError:
                return []
        return sorted(infos, key=lambda info: info.path)

    def open(self, path: str, span: Span | None = None) -> Content | None:
        file = self._places.opened(path)
        if file is None:
            return None
        try:
            return _content(file, span)
        except BaseException:
            file.close()
            raise

    def put(self, path: str, chunks: Iterable[bytes], content_type: str) -> None:
        put(self._places, path, chunks)

    def delete(self, path: str) -> None:
        with without_paths():
            place = self._places.unfollowed(path)
            # Renamed first: readers and writers of the folder never meet one that is half gone.
            rubbish = self._places.uploads / uuid.uuid4().hex
            try:
                os.rename(place, rubbish)
            except (FileNotFoundError, NotADirectoryError):
                return
            remove(rubbish)
            self._remove_empty_folders(place.parent)

    def direct(self, base_url: str) -> Direct | None:
        if not self._minutes:
            return None
        return LocalDirect(self._places, f"{base_url.rstrip('/')}{SIGNED}", self._minutes)

    def receiver(self) -> Receiver:
        return LocalReceiver(self._places)

    def check(self) -> None:
        folder = self._places.uploads
        if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            raise unavailable("The folder of the artifacts cannot be used; see the server's settings.", 30)

    def sweep(self) -> None:
        with without_paths():
            self._sweep()

    def _sweep(self) -> None:
        """What uploads that nobody went on with left behind; younger ones may be another process's."""
        for leftover in self._places.uploads.iterdir():
            with suppress(OSError):
                if leftover.name != KEY_FOLDER and leftover.lstat().st_mtime < time.time() - DAY:
                    remove(leftover)

    def _info(self, folder: str, entry: os.DirEntry[str]) -> ArtifactInfo | None:
        """The entry of a listing; None for what ``open`` and ``list`` would not follow or find."""
        if self._is_hidden(folder, entry):
            return None
        path = f"{folder}/{entry.name}" if folder else entry.name
        try:
            path.encode()
            if entry.is_dir():
                return ArtifactInfo(path, None)
            return ArtifactInfo(path, entry.stat().st_size) if entry.is_file() else None
        except (OSError, UnicodeEncodeError):
            return None

    def _is_hidden(self, folder: str, entry: os.DirEntry[str]) -> bool:
        if not folder and may_be(entry.name, UPLOADS):
            return True
        return entry.is_symlink() and not self._places.shows(Path(os.path.realpath(entry.path)))

    def _remove_empty_folders(self, folder: Path) -> None:
        """A folder is there as long as a file is in it, as in Blob Storage."""
        with suppress(OSError):
            while folder != self._places.root:
                folder.rmdir()
                folder = folder.parent


class _Pieces:
    """The rest of an open file; closed at its end, by ``close``, or when nobody holds it any more."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = length

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with without_paths():
            piece = b"" if self._file.closed else self._file.read(min(CHUNK, self._left))
        if not piece:
            self.close()
            raise StopIteration
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        self.close()


def _content(file: BinaryIO, span: Span | None) -> Content:
    status = os.fstat(file.fileno())
    start, end = bounds(span, status.st_size)
    file.seek(start)
    return Content(
        size=status.st_size,
        start=start,
        end=end,
        etag=etag(status),
        modified=status.st_mtime,
        chunks=_Pieces(file, end - start),
    )
