"""Connections to the file, transactions, and SQLite's errors in our words."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genesis.errors import GenesisError, invalid, unavailable
from genesis.observed import count_command
from genesis.store.sqlite.checkpoints import MOST_PAGES, Checkpoints

BUSY = "The database is busy with other writers; try again."
BUSY_SECONDS = 10
"""How long a writer waits for one in another process before the client is told to come back."""

BRIEF_SECONDS = 0.005
"""How long one waits who keeps everybody waiting."""

WAL_SECONDS = 0.02
"""Between two tries to turn a new file to WAL."""

BROKEN = ("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_NOTADB", "SQLITE_CORRUPT")
UNUSABLE = "The database file cannot be used; see the server's log."
LOST = "The database could not keep what was written together; try again."


class Group:
    """What one thread writes until it is committed at once."""

    __slots__ = ("is_lost",)

    def __init__(self) -> None:
        self.is_lost = False


class Database:
    """One file; a connection for each thread, and one writer at a time in this process."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        # SQLite's own wait for a lock polls; threads of one process queue here instead.
        self._writer = threading.Lock()
        self._checkpoints = Checkpoints(self.connection, self._writer)

    def connection(self) -> sqlite3.Connection:
        """This thread's connection, opened on first use."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            self._local.connection = connection
            self._all.append(connection)
        return connection

    def _open(self) -> sqlite3.Connection:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unavailable(UNUSABLE, retry_after=30) from error
        # Only ever used by the thread that opened it; closing is the exception.
        connection = sqlite3.connect(
            self.file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _use_wal(connection)
        except sqlite3.Error:
            connection.close()
            raise
        # A process killed at any moment loses nothing; a power cut may lose the last moments,
        # never the file's integrity (https://sqlite.org/pragma.html#pragma_synchronous).
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA case_sensitive_like = ON")
        connection.execute("PRAGMA cache_size = -8000")
        connection.execute(f"PRAGMA wal_autocheckpoint = {MOST_PAGES}")
        connection.create_function("fold", 1, _folded, deterministic=True)
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, for statements that change nothing."""
        count_command()
        with _told():
            yield self.connection()

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """As ``reading``, for several statements: all see the file as it is at the first."""
        with self.reading() as connection:
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that this thread writes within is one transaction, which waits for no other.

        Raises GenesisError (503): at once where others write just now, and at the end where none of it
        stays, though the writes themselves seemed to do well.
        """
        group = Group()
        self._begin(waits=False)
        self._local.group = group
        try:
            yield
        except BaseException:
            group.is_lost = True
            raise
        finally:
            self._local.group = None
            self._end(group)
        if group.is_lost:
            raise unavailable(LOST)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One immediate transaction, or a part of this thread's group: all of it or nothing."""
        count_command()
        group: Group | None = getattr(self._local, "group", None)
        alone = Group() if group is None else group
        if alone.is_lost:
            raise unavailable(LOST)
        if group is None:
            self._begin()
        try:
            with _told():
                yield self.connection()
        except BaseException:
            alone.is_lost = True
            raise
        finally:
            if group is None:
                self._end(alone)

    def _begin(self, *, waits: bool = True) -> None:
        if not self._writer.acquire(timeout=BUSY_SECONDS if waits else BRIEF_SECONDS):
            raise unavailable(BUSY)
        try:
            with _told():
                connection = self.connection()
                if waits:
                    connection.execute("BEGIN IMMEDIATE")
                else:
                    _begin_at_once(connection)
        except BaseException:
            self._writer.release()
            raise

    def _end(self, group: Group) -> None:
        """Keep what was written, or undo it where some of it failed."""
        try:
            with _told():
                connection = self.connection()
                try:
                    if not group.is_lost:
                        connection.execute("COMMIT")
                        self._checkpoints.count()
                finally:
                    # SQLite has rolled back by itself where the disk failed it.
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
        finally:
            self._writer.release()

    def close(self) -> None:
        self._checkpoints.close()
        while self._all:
            self._all.pop().close()
        self._local = threading.local()


def _begin_at_once(connection: sqlite3.Connection) -> None:
    """Begin to write, unless another process does."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Turn the file to WAL; where several connections do so at once, SQLite waits for none of them."""
    last = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > last:
                raise
        time.sleep(WAL_SECONDS)


def _folded(text: str | None) -> str | None:
    return None if text is None else text.lower()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.DataError as error:
        raise invalid(f"A value is too large for the database: {error}.") from error
    except sqlite3.Error as error:
        raise _refusal(error) from error


def _refusal(error: sqlite3.Error) -> GenesisError:
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return unavailable(BUSY)
    if code.startswith("SQLITE_FULL"):
        return unavailable("The disk that holds the database is full.", retry_after=30)
    if code.startswith(BROKEN):
        return unavailable(UNUSABLE, retry_after=30)
    if any(words in str(error) for words in ("too large", "too many", "too complex", "at most")):
        # SQLite's own limits (https://sqlite.org/limits.html); only a search can reach them.
        return invalid("The search is too complex for the database; use fewer clauses.")
    raise error
