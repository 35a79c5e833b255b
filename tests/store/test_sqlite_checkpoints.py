"""SQLite's log goes to the file behind the backs of those who write, and begins anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path as File

import pytest

from genesis.store.schema import RUNS
from genesis.store.sqlite import checkpoints
from genesis.store.sqlite.engine import SqliteEngine, open_engine
from tests.store.documents import ids, run


@pytest.fixture
def file(tmp_path: File) -> File:
    return tmp_path / "genesis.db"


@pytest.fixture
def engine(file: File, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteEngine]:
    monkeypatch.setattr(checkpoints, "FIRST", 5)
    with closing(open_engine(f"sqlite:///{file}")) as engine:
        yield engine


def write(engine: SqliteEngine, number: int) -> list[str]:
    runs = [f"run{i:03d}" for i in range(number)]
    for id in runs:
        engine.insert(RUNS, run(id))
    return runs


def moved(engine: SqliteEngine) -> None:
    """Returns when what is due is done."""
    engine._database._checkpoints.close()


def log_length(file: File) -> int:
    """Bytes."""
    return file.with_name(f"{file.name}-wal").stat().st_size


def in_the_file_alone(file: File, tmp_path: File) -> list[str]:
    """The runs in the file without its log."""
    copy = tmp_path / "copy.db"
    copy.write_bytes(file.read_bytes())
    with closing(sqlite3.connect(copy)) as alone:
        return [id for (id,) in alone.execute("SELECT id FROM runs ORDER BY id")]


def test_what_is_written_reaches_the_file_without_anybody_asking(
    engine: SqliteEngine, file: File, tmp_path: File
) -> None:
    runs = write(engine, 5)
    moved(engine)
    assert in_the_file_alone(file, tmp_path) == runs


def test_the_log_begins_anew_when_it_was_moved(engine: SqliteEngine, file: File) -> None:
    for _ in range(3):
        write(engine, 5)
        moved(engine)
    longest = log_length(file)
    for number in range(20):
        for id in range(5):
            engine.insert(RUNS, run(f"{number}-{id}"))
        engine._database._checkpoints._every = 5
        moved(engine)
    assert log_length(file) < 2 * longest


def test_a_search_under_way_keeps_what_it_reads(engine: SqliteEngine, file: File) -> None:
    write(engine, 3)
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        [(before,)] = reader.execute("SELECT count(*) FROM runs").fetchall()
        runs = write(engine, 12)
        moved(engine)
        assert reader.execute("SELECT count(*) FROM runs").fetchall() == [(before,)]
    assert ids(engine) == runs


def test_transactions_that_write_much_are_moved_after_fewer(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "PAGES", 100)
    for i in range(5):
        engine.insert(RUNS, run(f"run{i}", tags={"k": "v" * 200_000}))
    moved(engine)
    assert engine._database._checkpoints._every == checkpoints.LEAST
    write(engine, checkpoints.LEAST)
    moved(engine)
    assert checkpoints.LEAST < engine._database._checkpoints._every <= checkpoints.MOST


def test_a_file_that_cannot_be_used_is_told_to_who_writes_and_moved_later(
    engine: SqliteEngine, file: File, tmp_path: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = engine._database._checkpoints
    monkeypatch.setattr(counting, "_connection", broken)
    write(engine, 5)
    moved(engine)
    monkeypatch.undo()
    runs = write(engine, 6)
    moved(engine)
    assert in_the_file_alone(file, tmp_path) == runs


def test_what_is_kept_while_the_interpreter_ends_is_told_to_be(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # MLflow's client ends its run then, when no thread can be given work any more.
    ended = ThreadPoolExecutor(1)
    ended.shutdown()
    monkeypatch.setattr(checkpoints, "ThreadPoolExecutor", lambda *_, **__: ended)
    runs = write(engine, 7)
    assert ids(engine) == runs


def broken() -> sqlite3.Connection:
    raise sqlite3.OperationalError("disk I/O error")
