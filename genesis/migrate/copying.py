"""Files on their way from one place to the other: several at a time, each whole or not at all."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from genesis.errors import GenesisError
from genesis.migrate.ends import FILES, File, Loss, Source, Target
from genesis.migrate.journal import DONE, TAKEN, Journal
from genesis.migrate.moving import Moved
from genesis.migrate.progress import Progress
from genesis.migrate.rewriting import Owner

COPIERS = 8
WAITING = 64
"""Files that are being copied, or wait for it, before more are looked for."""


MOST_FAILURES = 10
"""Of a storage, until it is taken to be out of reach."""


class Copied(NamedTuple):
    """One file, and why it could not be copied ("" where it was)."""

    file: File
    why: str = ""


class Copying:
    """The artifacts of everything that was moved."""

    def __init__(
        self, source: Source, target: Target, journal: Journal, moved: Moved, progress: Progress
    ) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._moved = moved
        self._progress = progress
        self._failures = 0

    def copy(self, owners: Sequence[Owner]) -> None:
        """The files of each, unless the journal says that they are there."""
        with ThreadPoolExecutor(COPIERS, thread_name_prefix="genesis-copy") as pool:
            waiting: deque[tuple[Owner, list[Future[Copied]]]] = deque()
            try:
                for owner in self._todo(owners):
                    files = self._files(owner)
                    waiting.append((owner, [pool.submit(self._copy, owner, file) for file in files]))
                    while sum(len(futures) for _, futures in waiting) > WAITING:
                        self._settle(*waiting.popleft())
                while waiting:
                    self._settle(*waiting.popleft())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _todo(self, owners: Iterable[Owner]) -> Iterator[Owner]:
        for owner in owners:
            id = f"{owner.kind} {owner.id}"
            if self._journal.states(FILES, [id]).get(id) != DONE:
                yield owner

    def _files(self, owner: Owner) -> list[File | Copied]:
        """Its files; one that stands for all where they cannot be listed."""
        try:
            files = self._source.files(owner.old)
            return [] if files is None else list(files.walk(owner.old))
        except (GenesisError, OSError) as error:
            return [self._refused(File("", 0), error)]

    def _copy(self, owner: Owner, file: File | Copied) -> Copied:
        if isinstance(file, Copied):
            return file
        files = self._source.files(owner.old)
        if files is None:
            return Copied(file, "there is nothing to read it with")
        try:
            chunks = _whole(files.read(owner.old, file.path), file)
            self._target.depot(owner.new).put(owner.new, file.path, chunks)
        except (GenesisError, OSError, Changed) as error:
            return self._refused(file, error)
        return Copied(file)

    def _refused(self, file: File, error: Exception) -> Copied:
        """One file of many is told, and the others go on; a storage that is not there fails them all."""
        if isinstance(error, GenesisError) and error.status in (429, 503):
            self._failures += 1
            if self._failures > MOST_FAILURES:
                raise error
        return Copied(file, str(error))

    def _settle(self, owner: Owner, futures: list[Future[Copied]]) -> None:
        failed = 0
        for future in futures:
            file, why = future.result()
            if why:
                failed += 1
                self._moved.problems.append(Loss("artifact", f"{owner.kind} {owner.id}: {file.path}", why))
                continue
            self._moved.counts["files"] += 1
            self._moved.counts["bytes"] += file.size
            self._progress.step("files", 1)
            self._progress.step("bytes", file.size)
        self._journal.end(FILES, {f"{owner.kind} {owner.id}": owner.new}, TAKEN if failed else DONE)


class Changed(Exception):
    """A file has not the size it was listed with."""


def _whole(chunks: Iterable[bytes], file: File) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        yield chunk
    if size != file.size:
        raise Changed(f"it had {file.size} bytes when it was listed, and {size} when it was read")
