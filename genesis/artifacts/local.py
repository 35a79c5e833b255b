"""Artifacts as files in a folder of this machine, laid out as a stock server lays them out."""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from genesis.artifacts import SIGNED_URL_MINUTES, ArtifactInfo, Content, Direct, IsAFolder, Receiver
from genesis.artifacts.spans import Span, bounds
from genesis.errors import invalid, unavailable

UPLOADS = ".uploads"
CHUNK = 1 << 20
DAY = 24 * 3600
PUBLISH_ATTEMPTS = 20

UNUSABLE_NAME = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL}


def open_store(uri: str, connection_string: str = "", minutes: int = SIGNED_URL_MINUTES) -> LocalStore:
    """The store in the folder of the ``file:`` URI, which is made if it is missing."""
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ValueError(f"GENESIS_ARTIFACTS_URI is {uri!r}; a folder is written file:///path/to/folder.")
    folder = Path(url2pathname(parts.path))
    try:
        return LocalStore(folder)
    except OSError as error:
        raise ValueError(f"GENESIS_ARTIFACTS_URI: {folder} cannot be used: {error.strerror}.") from error


class LocalStore:
    """An ``ArtifactStore``; what is half written or half removed lies in a hidden folder."""

    def __init__(self, folder: Path) -> None:
        self._uploads = folder / UPLOADS
        self._uploads.mkdir(parents=True, exist_ok=True)
        self._root = Path(os.path.realpath(folder))
        self._uploads = self._root / UPLOADS
        self.sweep()

    def list(self, path: str) -> list[ArtifactInfo]:
        with _without_paths():
            folder = self._followed(path)
            if not folder.is_dir():
                return []
            try:
                with os.scandir(folder) as entries:
                    infos = [info for entry in entries if (info := self._info(path, entry))]
            except FileNotFoundError:
                return []
        return sorted(infos, key=lambda info: info.path)

    def open(self, path: str, span: Span | None = None) -> Content | None:
        with _without_paths():
            place = self._followed(path)
            if place.is_dir():
                raise IsAFolder(path)
            if not place.is_file():
                return None
            try:
                file = place.open("rb")
            except FileNotFoundError:
                return None
        try:
            return _content(file, span)
        except BaseException:
            file.close()
            raise

    def put(self, path: str, chunks: Iterable[bytes], content_type: str) -> None:
        target = self._unfollowed(path)
        temporary = self._uploads / uuid.uuid4().hex
        try:
            with _without_paths():
                file = temporary.open("xb")
            with file:
                for chunk in chunks:
                    # Inside the loop, so that a failure of ``chunks`` is not taken for one of the disk.
                    with _without_paths():
                        file.write(chunk)
                with _without_paths():
                    file.flush()
                    os.fsync(file.fileno())
            with _without_paths():
                _publish(temporary, target, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise

    def delete(self, path: str) -> None:
        with _without_paths():
            place = self._unfollowed(path)
            # Renamed first: readers and writers of the folder never meet one that is half gone.
            rubbish = self._uploads / uuid.uuid4().hex
            try:
                os.rename(place, rubbish)
            except (FileNotFoundError, NotADirectoryError):
                return
            _remove(rubbish)
            self._remove_empty_folders(place.parent)

    def direct(self, base_url: str) -> Direct | None:
        return None

    def receiver(self) -> Receiver | None:
        return None

    def sweep(self) -> None:
        """What a process that was killed left behind; younger ones may be another process's upload."""
        for leftover in self._uploads.iterdir():
            with suppress(OSError):
                if leftover.lstat().st_mtime < time.time() - DAY:
                    _remove(leftover)

    def _followed(self, path: str) -> Path:
        """Where ``path`` is, symbolic links followed; one that leads out of the root is refused."""
        return self._checked(Path(os.path.realpath(self._root / path)))

    def _unfollowed(self, path: str) -> Path:
        """As ``_followed``, but a link at the very end stays a link: it is replaced, not its target."""
        if not path:
            raise invalid("Invalid path")
        parent, _, name = path.rpartition("/")
        return self._checked(self._followed(parent) / name)

    def _checked(self, place: Path) -> Path:
        if not place.is_relative_to(self._root):
            raise invalid("Invalid path: resolved path is outside the artifact directory")
        # Some file systems take .Uploads for the same folder.
        if [part.casefold() for part in place.relative_to(self._root).parts[:1]] == [UPLOADS]:
            raise invalid("Invalid path")
        return place

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
        if not folder and entry.name.casefold() == UPLOADS:
            return True
        return entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(self._root)

    def _remove_empty_folders(self, folder: Path) -> None:
        """A folder is there as long as a file is in it, as in Blob Storage."""
        with suppress(OSError):
            while folder != self._root:
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
        with _without_paths():
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
        # The clock may stand still between two uploads of the same size; their inodes differ.
        etag=f'"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"',
        modified=status.st_mtime,
        chunks=_Pieces(file, end - start),
    )


def _publish(temporary: Path, target: Path, path: str) -> None:
    for _ in range(PUBLISH_ATTEMPTS):
        # What fails because somebody deletes the folder at the same time is tried again.
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, target)
        except FileNotFoundError:
            continue
        except IsADirectoryError:
            raise invalid(f"'{path}' is a folder, so no artifact can have that path.") from None
        except (FileExistsError, NotADirectoryError):
            if any(parent.is_file() for parent in target.parents):
                raise invalid(f"'{path}' lies below an artifact that is a file, not a folder.") from None
        else:
            return
    raise unavailable(f"The folder of '{path}' is being deleted.")


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        # Another process that opens the store may be removing the same leftovers.
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


@contextmanager
def _without_paths() -> Iterator[None]:
    """The operating system's errors name absolute paths: tell the client what failed, not where."""
    try:
        yield
    except OSError as error:
        if error.errno in UNUSABLE_NAME:
            raise invalid("Invalid path") from error
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise unavailable(f"The artifact folder cannot be used: {reason}.") from error
