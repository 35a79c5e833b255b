"""A folder of this machine: where paths are in it, files that appear whole, errors without its name."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from genesis.artifacts import IsAFolder
from genesis.artifacts.paths import may_be
from genesis.errors import invalid, unavailable

UPLOADS = ".uploads"
"""The hidden folder: what is half written, half removed, or nobody's to read."""
CHUNK = 1 << 20
PUBLISH_ATTEMPTS = 20
MD5 = "user.md5"
"""The extended attribute: the MD5 in hexadecimal, and the file's time of change when it was that."""

UNUSABLE_NAME = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL}


class Places:
    """Where artifacts are below ``root``; nothing outside it, and nothing hidden, has a place."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self.uploads = self.root / UPLOADS

    def followed(self, path: str) -> Path:
        """Where ``path`` is, symbolic links followed; one that leads out of the root is refused."""
        return self._checked(Path(os.path.realpath(self.root / path)))

    def unfollowed(self, path: str) -> Path:
        """As ``followed``, but a link at the very end stays a link: it is replaced, not its target."""
        if not path:
            raise invalid("Invalid path")
        parent, _, name = path.rpartition("/")
        return self._checked(self.followed(parent) / name)

    def opened(self, path: str) -> BinaryIO | None:
        """The file at ``path``, or None if there is none; raises IsAFolder."""
        with without_paths():
            place = self.followed(path)
            if place.is_dir():
                raise IsAFolder(path)
            if not place.is_file():
                return None
            try:
                return place.open("rb")
            except FileNotFoundError:
                return None

    def shows(self, place: Path) -> bool:
        """False for what lies outside the root or in the hidden folder."""
        return place.is_relative_to(self.root) and not self._hides(place)

    def _checked(self, place: Path) -> Path:
        if not place.is_relative_to(self.root):
            raise invalid("Invalid path: resolved path is outside the artifact directory")
        if self._hides(place):
            raise invalid("Invalid path")
        return place

    def _hides(self, place: Path) -> bool:
        return any(may_be(part, UPLOADS) for part in place.relative_to(self.root).parts[:1])


@contextmanager
def without_paths() -> Iterator[None]:
    """The operating system's errors name absolute paths: tell the client what failed, not where."""
    try:
        yield
    except OSError as error:
        if error.errno in UNUSABLE_NAME:
            raise invalid("Invalid path") from error
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise unavailable(f"The artifact folder cannot be used: {reason}.") from error


@contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """A new name in ``folder``; what still has it at the end is removed."""
    place = folder / uuid.uuid4().hex
    try:
        yield place
    finally:
        with suppress(OSError):
            place.unlink(missing_ok=True)


@contextmanager
def written(folder: Path, chunks: Iterable[bytes], md5: bytes | None = None) -> Iterator[Path]:
    """The chunks as a file in ``folder``, to be published; refuses bytes that are not those of ``md5``."""
    digest = None if md5 is None else hashlib.md5(usedforsecurity=False)
    with temporary(folder) as place:
        with without_paths():
            file = place.open("xb")
        with file:
            for chunk in chunks:
                if digest is not None:
                    digest.update(chunk)
                # Inside the loop, so that a failure of ``chunks`` is not taken for one of the disk.
                with without_paths():
                    file.write(chunk)
            with without_paths():
                settle(file)
        if md5 is not None and digest is not None:
            check_md5(md5, digest.digest())
            keep_md5(place, md5)
        yield place


def put(places: Places, path: str, chunks: Iterable[bytes], md5: bytes | None = None) -> None:
    """Write the artifact whole or not at all."""
    target = places.unfollowed(path)
    with written(places.uploads, chunks, md5) as place, without_paths():
        publish(place, target, path)


def settle(file: BinaryIO | FileIO) -> None:
    """Have what was written on the disk, so that no loss of power takes it back."""
    file.flush()
    os.fsync(file.fileno())


def publish(place: Path, target: Path, path: str) -> None:
    """Rename the file at ``place`` to be the artifact ``path`` at ``target``."""
    for _ in range(PUBLISH_ATTEMPTS):
        # What fails because somebody deletes the folder at the same time is tried again.
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(place, target)
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


def remove(place: Path) -> None:
    """Remove a file or a folder; what is gone already is no error."""
    if place.is_dir() and not place.is_symlink():
        # Another process that opens the store may be removing the same leftovers.
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def etag(status: os.stat_result) -> str:
    """A file's version."""
    # The clock may stand still between two uploads of the same size; their inodes differ.
    return f'"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"'


def check_md5(told: bytes, found: bytes) -> None:
    """Raises INVALID_PARAMETER_VALUE where the two differ."""
    if told != found:
        raise invalid("The MD5 of the bytes that arrived is not the one that was told; send them again.")


def keep_md5(place: Path, md5: bytes) -> None:
    """Keep the MD5 with the file, where the file system can."""
    if hasattr(os, "setxattr"):
        with suppress(OSError):
            os.setxattr(place, MD5, f"{md5.hex()} {place.stat().st_mtime_ns:x}".encode())


def kept_md5(descriptor: int) -> bytes | None:
    """The MD5 that was kept with an open file; None without one, or if the file was written to since."""
    if not hasattr(os, "getxattr"):
        return None
    try:
        md5, _, changed = os.getxattr(descriptor, MD5).decode().partition(" ")
        return bytes.fromhex(md5) if changed == f"{os.fstat(descriptor).st_mtime_ns:x}" else None
    except (OSError, ValueError):
        return None
