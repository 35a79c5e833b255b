"""Files that cannot be read or written: one of many is told, a storage that is away stops the move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genesis.errors import GenesisError, invalid, unavailable
from genesis.migrate.copying import MOST_FAILURES, Copying
from genesis.migrate.ends import FILES, File
from genesis.migrate.journal import DONE, TAKEN, Journal
from genesis.migrate.moving import Moved
from genesis.migrate.progress import Progress
from genesis.migrate.rewriting import Owner

OWNER = Owner("run", "r", "/old", "mlflow-artifacts:/1/r/artifacts")


class Sized:
    """Files of three bytes each; ``lists`` is what the listing says."""

    def __init__(self, *names: str, lists: int = 3) -> None:
        self._names = names
        self._lists = lists

    def walk(self, uri: str) -> Iterator[File]:
        yield from (File(name, self._lists) for name in self._names)

    def read(self, uri: str, path: str) -> Iterator[bytes]:
        yield b"abc"


class Depot:
    """Keeps what it is given; refuses files by their names."""

    def __init__(self, refuses: dict[str, Exception] | None = None) -> None:
        self._refuses = refuses or {}
        self.kept: dict[str, bytes] = {}

    def put(self, uri: str, path: str, chunks: Iterable[bytes]) -> None:
        if path in self._refuses:
            raise self._refuses[path]
        self.kept[path] = b"".join(chunks)


def copy(folder: Path, files: Any, depot: Depot) -> tuple[Moved, str]:
    """What was told, and what the journal says of the owner's files."""
    source: Any = SimpleNamespace(files=lambda uri: files)
    target: Any = SimpleNamespace(depot=lambda uri: depot)
    moved = Moved()
    with closing(Journal(folder, "a")) as journal:
        Copying(source, target, journal, moved, Progress(quiet=True)).copy([OWNER])
        return moved, journal.states(FILES, ["run r"])["run r"]


def test_one_that_is_refused_is_told_and_tried_again_by_the_next_call(tmp_path: Path) -> None:
    for refusal in (invalid("no"), unavailable("not now"), PermissionError("not yours")):
        moved, state = copy(tmp_path / type(refusal).__name__, Sized("a", "b"), Depot({"a": refusal}))
        assert [(loss.id, loss.why) for loss in moved.problems] == [("run r: a", str(refusal))]
        assert (moved.counts["files"], state) == (1, TAKEN)
    moved, state = copy(tmp_path / type(refusal).__name__, Sized("a", "b"), Depot())
    assert (moved.counts["files"], state) == (2, DONE)


def test_a_storage_that_is_away_stops_the_move(tmp_path: Path) -> None:
    names = [str(number) for number in range(MOST_FAILURES + 1)]
    with pytest.raises(GenesisError, match="away"):
        copy(tmp_path, Sized(*names), Depot(dict.fromkeys(names, unavailable("away"))))


def test_a_file_that_was_cut_off_is_not_taken_for_whole(tmp_path: Path) -> None:
    moved, state = copy(tmp_path, Sized("a", lists=4), Depot())
    assert (len(moved.problems), state) == (1, TAKEN)
    assert "4 bytes" in moved.problems[0].why


def test_a_place_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    class Broken(Sized):
        def walk(self, uri: str) -> Iterator[File]:
            raise PermissionError("closed")

    moved, state = copy(tmp_path, Broken(), Depot())
    assert ([loss.why for loss in moved.problems], state) == (["closed"], TAKEN)
