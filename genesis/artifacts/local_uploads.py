"""An upload in parts, in a hidden folder of its own until it is joined; any process may go on with it."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from io import FileIO
from pathlib import Path

from genesis.artifacts.local_files import (
    CHUNK,
    check_md5,
    keep_md5,
    kept_md5,
    publish,
    remove,
    settle,
    temporary,
)
from genesis.errors import GenesisError, invalid, unavailable

DAY = 24 * 3600
"""Seconds that an upload with which nobody goes on stays."""
DONE = ".done"
AT_ONCE = 1 << 30
NAMED = 10
"""How many missing parts an error names."""


class Upload:
    """The parts that came, each a file named by its number; of published ones a mark stays for a day."""

    def __init__(self, uploads: Path, upload_id: str) -> None:
        self._uploads = uploads
        self._folder = uploads / upload_id
        self._mark = uploads / (upload_id + DONE)

    def exists(self) -> bool:
        """True while parts are kept, or the mark is."""
        return self._folder.is_dir() or self.is_done()

    def is_done(self) -> bool:
        """True once the upload was published."""
        return self._mark.exists()

    def touch(self) -> None:
        """Start its day anew: no sweep takes it before that has passed."""
        with suppress(OSError):
            os.utime(self._folder)

    def keep(self, number: int, place: Path) -> None:
        """Take the file at ``place`` as a part, instead of one that came before."""
        publish(place, self._folder / str(number), f"part {number}")

    def publish(self, numbers: Sequence[int], target: Path, path: str, md5: bytes | None) -> None:
        """Join the parts to the file at ``target``; once done, a repetition does nothing."""
        with self._alone():
            self._check_parts(numbers)
            if not self.is_done():
                self._publish(numbers, target, path, md5)
            self._finish()

    def abort(self) -> None:
        """Remove the parts; the mark of one that was published stays."""
        rubbish = self._uploads / uuid.uuid4().hex
        with suppress(FileNotFoundError):
            os.rename(self._folder, rubbish)
            remove(rubbish)

    def _check_parts(self, numbers: Sequence[int]) -> None:
        missing = [number for number in numbers if not (self._folder / str(number)).is_file()]
        # Looked for second: whoever publishes makes the mark before the parts go.
        if missing and not self.is_done():
            raise _incomplete(missing)

    def _publish(self, numbers: Sequence[int], target: Path, path: str, md5: bytes | None) -> None:
        self.touch()
        try:
            with temporary(self._uploads) as place:
                _join([self._folder / str(number) for number in numbers], place, md5)
                publish(place, target, path)
        except FileNotFoundError:
            # Somebody else has published or aborted it meanwhile.
            self._check_parts(numbers)
            if not self.is_done():
                raise unavailable("The upload is being aborted.") from None

    def _finish(self) -> None:
        # Only with the mark made can parts go: a process killed before it leaves all that a repetition needs.
        self._mark.touch()
        remove(self._folder)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Have a repetition wait for the first, or both would fill the disk; nothing but that rests on it."""
        try:
            folder = os.open(self._folder, os.O_RDONLY)
        except OSError:
            yield
            return
        try:
            with suppress(ImportError, OSError):
                import fcntl

                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def check_numbers(told: Sequence[int], parts: int) -> None:
    """Raises INVALID_PARAMETER_VALUE unless all of the upload's parts are told, each once."""
    if unlisted := sorted(set(range(1, parts + 1)) - set(told)):
        raise _incomplete(unlisted)
    if len(told) != parts:
        raise invalid(f"This upload has {parts} parts.")


def _incomplete(missing: Sequence[int]) -> GenesisError:
    named = ", ".join(map(str, missing[:NAMED])) + (", …" if len(missing) > NAMED else "")
    return invalid(
        f"Parts of the upload never came: {named}. Nothing is published; send them, then complete."
    )


def _join(parts: list[Path], place: Path, md5: bytes | None) -> None:
    """Make the file at ``place`` of the parts, on the disk for good; refuses bytes that are not ``md5``'s."""
    if len(parts) > 1 or not _link(parts[0], place):
        with place.open("xb", buffering=0) as file:
            for part in parts:
                _append(part, file)
            settle(file)
    with place.open("rb", buffering=0) as joined:
        found = kept_md5(joined.fileno())
        # It is published now, whenever its part came; and no sweep takes it for a leftover.
        os.utime(place)
        if md5 is not None:
            found = found or _digest(joined)
            check_md5(md5, found)
    if found:
        keep_md5(place, found)


def _link(part: Path, place: Path) -> bool:
    """A second name for the only part, which stays, and no byte is copied; False where there are none."""
    try:
        os.link(part, place)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _append(part: Path, file: FileIO) -> None:
    with part.open("rb", buffering=0) as source:
        if hasattr(os, "copy_file_range"):
            # Where this fails or ends early, the plain copy goes on behind the last byte, or tells why not.
            with suppress(OSError):
                while os.copy_file_range(source.fileno(), file.fileno(), AT_ONCE):
                    pass
        while piece := source.read(CHUNK):
            rest = memoryview(piece)
            while rest:
                rest = rest[file.write(rest) :]


def _digest(file: FileIO) -> bytes:
    return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).digest()
