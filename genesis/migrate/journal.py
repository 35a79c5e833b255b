"""What a move has done, in a file that outlives the process: only what was in flight is repeated."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from genesis.migrate.ends import FILES

FILE = "journal.db"
BEGUN, DONE, TAKEN = "begun", "done", "taken"
"""Written perhaps; written; not written, because another is in the way."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    kind TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, there TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
"""


class Journal:
    """Of one move between two places; one process has it at a time."""

    def __init__(self, folder: Path, *move: str, moves: bool = True) -> None:
        """``move`` says which one it is (it may hold secrets: only its digest is kept).

        Who does not move (``moves``) makes no journal where there is none.
        Raises ValueError where the folder is another move's, or another process has it.
        """
        if moves:
            folder.mkdir(parents=True, exist_ok=True)
        place = folder / FILE if moves or (folder / FILE).exists() else ":memory:"
        self._file = sqlite3.connect(place, isolation_level=None, timeout=1)
        try:
            self._claim(folder, sha256("\0".join(move).encode()).hexdigest())
        except BaseException:
            self._file.close()
            raise

    def _claim(self, folder: Path, move: str) -> None:
        # Held until the end: no second process writes the same things at the same time.
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        try:
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.executescript(SCHEMA)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise ValueError(f"Another process is at work with {folder}.") from None
            raise ValueError(f"{folder / FILE} cannot be used: {error}.") from None
        if self._about("move", move) != move:
            raise ValueError(
                f"{folder} holds the journal of a move between other places; choose another with --work."
            )
        self.token = self._about("token", uuid.uuid4().hex)

    def _about(self, key: str, value: str) -> str:
        """What the journal says, which is ``value`` where it did not say anything yet."""
        self._file.execute("INSERT INTO about VALUES (?, ?) ON CONFLICT DO NOTHING", (key, value))
        found: str = self._file.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()[0]
        return found

    def states(self, kind: str, ids: Iterable[str]) -> dict[str, str]:
        """The state of each id that has one."""
        found: dict[str, str] = {}
        for id in ids:
            row = self._file.execute(
                "SELECT state FROM items WHERE kind = ? AND id = ?", (kind, id)
            ).fetchone()
            if row is not None:
                found[id] = row[0]
        return found

    def begin(self, kind: str, ids: Iterable[str]) -> None:
        """These may be at the target from now on; what there is known to be their id stays known."""
        with self._transaction():
            self._file.executemany(
                "INSERT INTO items VALUES (?, ?, ?, '') ON CONFLICT DO UPDATE SET state = excluded.state",
                [(kind, id, BEGUN) for id in ids],
            )

    def end(self, kind: str, there: Mapping[str, str], state: str = DONE) -> None:
        """These are at the target, by the ids that they have there."""
        with self._transaction():
            self._file.executemany(
                "INSERT INTO items VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET state = excluded.state, there = excluded.there",
                [(kind, id, state, new) for id, new in there.items()],
            )

    def there(self, kind: str, id: str) -> str | None:
        """The id at the target of what was, or may have been, written; None for anything else."""
        row = self._file.execute(
            "SELECT there FROM items WHERE kind = ? AND id = ? AND state != ?", (kind, id, TAKEN)
        ).fetchone()
        return row[0] or None if row else None

    def mapped(self) -> Iterator[tuple[str, str, str]]:
        """Kind, id and id at the target of all that has another id there."""
        rows = self._file.execute(
            "SELECT kind, id, there FROM items WHERE state = ? AND kind != ? AND there NOT IN ('', id)"
            " ORDER BY kind, id",
            (DONE, FILES),
        )
        yield from rows

    def taken(self) -> list[tuple[str, str, str]]:
        """Kind, id and who is in the way of all that was not written."""
        rows = self._file.execute(
            "SELECT kind, id, there FROM items WHERE state = ? ORDER BY kind, id", (TAKEN,)
        )
        return list(rows)

    def counts(self) -> dict[str, int]:
        """How many of each kind are done."""
        rows = self._file.execute(
            "SELECT kind, count(*) FROM items WHERE state = ? AND kind != ? GROUP BY kind", (DONE, FILES)
        )
        return dict(rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._file.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    def close(self) -> None:
        self._file.close()
