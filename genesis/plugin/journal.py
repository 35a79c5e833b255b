"""What has been sent of an upload in parts, on disk: who begins it again sends only the rest."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from genesis.plugin import environment

DAY = 24 * 3600
"""Seconds after which an upload is begun anew: the server forgets it as well."""


class Journal:
    """The parts of one upload, by number, with the MD5 of each; ``upload_id`` is empty until it begins.

    Kept in the open file ``descriptor``; in memory only where that is None.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self.upload_id = ""
        self.sent: dict[int, str] = {}
        self._descriptor = descriptor
        if descriptor is not None:
            self._read(descriptor)

    def _read(self, descriptor: int) -> None:
        with os.fdopen(os.dup(descriptor), encoding="utf-8", errors="replace") as file:
            file.seek(0)
            # The last line may be cut off.
            with suppress(ValueError, KeyError, TypeError):
                first = json.loads(file.readline())
                if time.time() - first["began"] > DAY:
                    return
                self.upload_id = first["upload_id"]
                for line in file:
                    number, md5 = json.loads(line)
                    self.sent[number] = md5

    def begin(self, upload_id: str) -> None:
        """Forget what was there: this is another upload."""
        self.upload_id = upload_id
        self.sent = {}
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
        self._write({"upload_id": upload_id, "began": time.time()})

    def add(self, number: int, md5: str) -> None:
        """This part is in the storage; safe to call from several threads."""
        self.sent[number] = md5
        self._write([number, md5])

    def forget(self) -> None:
        """The upload is over, or will never be."""
        self.upload_id = ""
        self.sent = {}
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)

    def _write(self, entry: object) -> None:
        if self._descriptor is not None:
            # A full disk costs a later upload some time, not this one its success.
            with suppress(OSError):
                os.write(self._descriptor, f"{json.dumps(entry)}\n".encode())


@contextmanager
def journal(*key: object) -> Iterator[Journal]:
    """The journal of the upload that ``key`` stands for, this process's alone until the end.

    One in memory where another process, or thread, has it, or where nothing can be written.
    """
    name = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
    path = environment.cache() / "uploads" / f"{name}.jsonl"
    descriptor = _claimed(path)
    if descriptor is None:
        yield Journal()
        return
    try:
        kept = Journal(descriptor)
        yield kept
    finally:
        if not kept.upload_id:
            path.unlink(missing_ok=True)
        os.close(descriptor)


def _claimed(path: Path) -> int | None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        return None
    if _locked(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def _locked(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:
        # Windows: nobody can be kept out, so nothing is kept.
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(folder: Path) -> None:
    for old in folder.glob("*.jsonl"):
        with suppress(OSError):
            if old.stat().st_mtime < time.time() - DAY:
                old.unlink()
