"""SQLite failing: other processes that write, files that cannot be used, and being killed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from genesis.app import App
from genesis.errors import GenesisError
from genesis.settings import Settings
from genesis.store import open_engine
from genesis.store.schema import RUNS
from genesis.store.sqlite import connection
from tests.store.calls import create_run, get, post, send
from tests.store.documents import run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "genesis.db"


@pytest.fixture
def app(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An App that waits half a second for other processes."""
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.5)
    with closing(App(Settings(data=str(file.parent), database_uri=f"sqlite:///{file}"))) as app:
        yield app


@pytest.fixture
def other(app: App, file: Path) -> Iterator[sqlite3.Connection]:
    """A connection as another process has one."""
    get(app, "experiments/get", experiment_id="0")
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        yield other


def test_a_database_that_stays_locked_is_told_with_a_time_to_come_back(
    app: App, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")
    response = send(app, "runs/create", experiment_id="0")
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1


def test_many_writers_that_wait_for_one_lock_are_told_together(app: App, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    statements: list[str] = []
    real = connection.Database.connection
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as threads:
        patch.setattr(connection.Database, "connection", lambda self: statements.append("") or real(self))
        asked = [threads.submit(send, app, "runs/create", experiment_id="0") for _ in range(8)]
        assert {future.result().status for future in asked} == {503}
    # Each reads the experiment; only those that the queue let through asked SQLite to write.
    assert len(statements) < 8 + 8


def test_a_new_file_that_others_open_at_the_same_moment_is_waited_for(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of several turns the file to WAL, and SQLite tells the others at once that it is busy."""
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorname = "SQLITE_BUSY"
    met = [busy, busy]

    class Meeting(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if "journal_mode" in sql and met:
                raise met.pop()
            return super().execute(sql, *parameters)

    monkeypatch.setattr(connection.sqlite3, "connect", partial(sqlite3.connect, factory=Meeting))
    with closing(open_engine(f"sqlite:///{file}")) as engine:
        assert engine.insert(RUNS, run("a"))
    assert met == []


def test_a_database_that_is_locked_for_a_moment_is_waited_for(app: App, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, other.execute, ["COMMIT"])
    release.start()
    create_run(app)
    release.join()


def test_reading_does_not_wait_for_a_writer(app: App, other: sqlite3.Connection) -> None:
    run_id = create_run(app)
    other.execute("BEGIN IMMEDIATE")
    get(app, "runs/get", run_id=run_id)
    post(app, "runs/search", experiment_ids=["0"])


def test_a_refused_request_leaves_no_lock(app: App, other: sqlite3.Connection) -> None:
    send(app, "runs/set-tag", run_id="none", key="k", value="v")
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")


def test_a_folder_in_place_of_the_file_is_told(file: Path) -> None:
    file.mkdir()
    with pytest.raises(GenesisError) as refused:
        open_engine(f"sqlite:///{file}")
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "30")


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(GenesisError) as refused:
        open_engine(f"sqlite:///{tmp_path / 'data' / 'genesis.db'}")
    assert refused.value.status == 503


def test_a_file_that_is_no_database_is_told(file: Path) -> None:
    file.write_text("not a database, though a file of some length" * 100)
    with pytest.raises(GenesisError) as refused:
        open_engine(f"sqlite:///{file}")
    assert refused.value.status == 503


def test_a_full_disk_is_told_and_nothing_half_done_stays(app: App, other: sqlite3.Connection) -> None:
    run_id = create_run(app)
    engine = app.engine()
    [(pages,)] = other.execute("PRAGMA page_count").fetchall()
    engine._database.connection().execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]
    tags = [{"key": f"k{i}", "value": "v" * 5000} for i in range(50)]
    response = send(app, "runs/log-batch", run_id=run_id, tags=tags)
    assert (response.status, response.headers["Retry-After"]) == (503, "30")
    assert len(get(app, "runs/get", run_id=run_id)["run"]["data"]["tags"]) == 1


WRITER = """
import sys
from genesis.store import open_engine
from genesis.store.schema import RUNS
from tests.store.documents import run

engine = open_engine(sys.argv[1])
i = 0
while True:
    engine.insert(RUNS, run(f"{sys.argv[2]}-{i}", tags={"k": "v"}))
    print(i, flush=True)
    i += 1
"""


def writer(uri: str, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, uri, name], stdout=subprocess.PIPE, text=True)


def acknowledged(process: subprocess.Popen[str], until: int) -> int:
    """How many runs a writer has said it stored, when it is killed after ``until`` of them."""
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == until:
            process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait()
    return int(line) + 1


def test_two_processes_that_write_and_are_killed_lose_nothing_they_acknowledged(file: Path) -> None:
    uri = f"sqlite:///{file}"
    processes = {name: writer(uri, name) for name in ("a", "b")}
    counts = {name: acknowledged(process, 200) for name, process in processes.items()}
    with closing(open_engine(uri)) as engine:
        for name, count in counts.items():
            assert all(engine.get(RUNS, f"{name}-{i}") for i in range(count))
        assert engine.insert(RUNS, run("after"))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        [(runs,)] = connection.execute("SELECT count(*) FROM runs").fetchall()
        [(entries,)] = connection.execute("SELECT count(*) FROM entries").fetchall()
        assert entries == runs - 1


def test_several_processes_may_open_a_new_file_at_once(file: Path) -> None:
    processes = [writer(f"sqlite:///{file}", str(i)) for i in range(4)]
    assert [acknowledged(process, 3) >= 4 for process in processes] == [True] * 4


def test_a_uri_without_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="must name a file"):
        open_engine("sqlite:///:memory:")
