"""What SQLite's log holds goes to the file on a thread of its own: who writes waits for no disk."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from genesis.errors import GenesisError

PAGES = 8_000
"""After which the log is moved: what is written again and again goes to the file, and to the disk, once."""
MOST_PAGES = 2 * PAGES
"""From which SQLite moves them by itself, and who writes waits."""
LEAST, FIRST, MOST = 10, 200, 1_000
"""Transactions that make up so many pages, as the last ones did."""
FEW = 100
"""Pages that are moved while nobody writes: a millisecond or two."""
PASSES = 5


class Checkpoints:
    """Counts transactions, and moves the log when it is time."""

    def __init__(self, connection: Callable[[], sqlite3.Connection], writer: threading.Lock) -> None:
        self._connection = connection
        self._writer = writer
        self._written = 0
        self._every = FIRST
        self._is_due = False
        self._thread: ThreadPoolExecutor | None = None

    def count(self) -> None:
        """One more was committed; the writer's lock is held."""
        self._written += 1
        if self._written >= self._every and not self._is_due:
            self._is_due = True
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="genesis-checkpoint")
            # No thread takes work while the interpreter ends; who closes the file last moves what is left.
            with suppress(RuntimeError):
                self._thread.submit(self._move)

    def _move(self) -> None:
        # Whatever is wrong with the file is told to who writes, from so many pages on.
        with suppress(sqlite3.Error, GenesisError):
            self._move_all()
        self._is_due = False

    def _move_all(self) -> None:
        written, moved = self._written, self._pass()
        self._every = min(max(written * PAGES // max(moved, 1), LEAST), MOST)
        for _ in range(PASSES):
            before, moved = moved, self._pass()
            if moved - before < FEW:
                break
        with self._writer:
            # The log begins anew when nothing was added to it since it was moved.
            self._pass()
            self._written = 0

    def _pass(self) -> int:
        """Move what is there and nobody reads; returns how many pages of the log are moved by now."""
        _, _, moved = self._connection().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return int(moved)

    def close(self) -> None:
        """Returns when none is under way."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
