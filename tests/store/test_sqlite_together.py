"""Several requests whose writes SQLite keeps at once: all of them, or each is done again by itself."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path as File

import pytest

from genesis.app import App
from genesis.errors import GenesisError
from genesis.http import Request
from genesis.search.clauses import Path
from genesis.settings import Settings
from genesis.store.engine import Change
from genesis.store.schema import RUNS
from genesis.store.sqlite.engine import SqliteEngine, open_engine
from tests.store.calls import create_run, get, post, send
from tests.store.documents import ids, run


@pytest.fixture
def file(tmp_path: File) -> File:
    return tmp_path / "genesis.db"


@pytest.fixture
def engine(file: File) -> Iterator[SqliteEngine]:
    with closing(open_engine(f"sqlite:///{file}")) as engine:
        yield engine


@pytest.fixture
def app(file: File) -> Iterator[App]:
    with closing(App(Settings(data=str(file.parent), database_uri=f"sqlite:///{file}"))) as app:
        post(app, "experiments/create", name="begun")
        yield app


def seen(file: File) -> list[str]:
    """The runs another process sees."""
    with closing(sqlite3.connect(file)) as other:
        return [id for (id,) in other.execute("SELECT id FROM runs ORDER BY id")]


def full(engine: SqliteEngine, file: File) -> None:
    """Let the disk have no room from now on."""
    with closing(sqlite3.connect(file)) as other:
        [(pages,)] = other.execute("PRAGMA page_count").fetchall()
    engine._database.connection().execute(f"PRAGMA max_page_count = {pages}")


def test_what_is_written_together_is_kept_at_the_end(engine: SqliteEngine, file: File) -> None:
    with engine.together():
        assert engine.insert(RUNS, run("a"))
        assert engine.insert(RUNS, run("b"))
        assert seen(file) == []
    assert seen(file) == ["a", "b"]


def test_who_writes_together_sees_what_was_written(engine: SqliteEngine) -> None:
    with engine.together():
        engine.insert(RUNS, run("a", tags={"k": "v"}))
        engine.update(RUNS, "a", Change(set={Path("tags", "k"): "w"}))
        found = engine.get(RUNS, "a")
        assert found is not None
        assert found["tags"] == {"k": "w"}
        assert ids(engine) == ["a"]
        assert not engine.insert(RUNS, run("a"))


def test_a_write_that_fails_takes_the_others_with_it_and_is_told_at_the_end(
    engine: SqliteEngine, file: File
) -> None:
    full(engine, file)
    with pytest.raises(GenesisError) as lost, engine.together():
        engine.insert(RUNS, run("a"))
        with pytest.raises(GenesisError, match="disk"):
            engine.insert(RUNS, run("b", tags={"k": "v" * 1_000_000}))
        # SQLite may have undone the first already: nothing more may be kept by itself.
        with pytest.raises(GenesisError, match="together"):
            engine.insert(RUNS, run("c"))
    assert lost.value.status == 503
    assert seen(file) == []
    assert engine.insert(RUNS, run("d"))
    assert seen(file) == ["d"]


def test_an_end_that_fails_is_told_and_nothing_stays(engine: SqliteEngine, file: File) -> None:
    connection = engine._database.connection()
    with pytest.raises(GenesisError, match="disk") as lost, engine.together():
        engine.insert(RUNS, run("a"))
        engine._database._local.connection = FailingCommit(connection)
    assert lost.value.status == 503
    engine._database._local.connection = connection
    assert seen(file) == []
    assert engine.insert(RUNS, run("b"))


class FailingCommit:
    """A connection whose disk is full when it commits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, statement: str) -> sqlite3.Cursor:
        if statement == "COMMIT":
            failure = sqlite3.OperationalError("database or disk is full")
            failure.sqlite_errorname = "SQLITE_FULL"
            raise failure
        return self._connection.execute(statement)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction


def test_what_breaks_off_within_leaves_nothing(engine: SqliteEngine, file: File) -> None:
    with pytest.raises(ZeroDivisionError), engine.together():
        engine.insert(RUNS, run("a"))
        raise ZeroDivisionError
    assert seen(file) == []
    assert engine.insert(RUNS, run("b"))


def test_another_thread_writes_when_the_end_has_come(engine: SqliteEngine, file: File) -> None:
    with ThreadPoolExecutor(1) as threads:
        began = threading.Event()

        def write() -> list[str]:
            began.set()
            engine.insert(RUNS, run("b"))
            return seen(file)

        with engine.together():
            engine.insert(RUNS, run("a"))
            other = threads.submit(write)
            assert began.wait(60)
            assert not other.done()
        assert other.result(60) == ["a", "b"]


@pytest.fixture
def forever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a writer never ends."""
    monkeypatch.setattr("genesis.store.sqlite.connection.BUSY_SECONDS", 1_000_000)


@pytest.mark.usefixtures("forever")
def test_nobody_waits_together_for_another_process(engine: SqliteEngine, file: File) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GenesisError, match="busy") as busy, engine.together():
            pytest.fail("begun")
        assert busy.value.status == 503
        other.execute("COMMIT")
    with engine.together():
        assert engine.insert(RUNS, run("a"))
    [(milliseconds,)] = engine._database.connection().execute("PRAGMA busy_timeout").fetchall()
    assert milliseconds == 1_000_000_000


@pytest.mark.usefixtures("forever")
def test_nobody_waits_together_for_another_thread(engine: SqliteEngine) -> None:
    with ThreadPoolExecutor(1) as threads, engine._database.writing():

        def write() -> None:
            with engine.together():
                pytest.fail("begun")

        with pytest.raises(GenesisError, match="busy"):
            threads.submit(write).result()


def test_requests_are_kept_together_and_a_refused_one_spoils_nothing(app: App, file: File) -> None:
    with app.together():
        run_id = create_run(app)
        assert send(app, "runs/log-metric", run_id="none", key="m", value=1, timestamp=1).status == 404
        post(app, "runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)
        assert seen(file) == []
    assert get(app, "runs/get", run_id=run_id)["run"]["data"]["metrics"][0]["value"] == 1


def test_a_workspace_that_was_begun_in_vain_is_begun_again(app: App) -> None:
    with pytest.raises(GenesisError), app.together():
        post(app, "runs/create", "team-a", experiment_id="0")
        engine = app.engine()
        assert isinstance(engine, SqliteEngine)
        engine._database._local.group.is_lost = True
    assert post(app, "runs/create", "team-a", experiment_id="0")["run"]["info"]["experiment_id"] == "0"


@pytest.mark.parametrize(("auth", "is_brief"), [("none", True), ("platform", True), ("entra", False)])
def test_who_may_have_to_fetch_keys_keeps_nobody_waiting(auth: str, is_brief: bool, file: File) -> None:
    with closing(App(Settings(auth=auth, data=str(file.parent)))) as app:
        app.store()
        assert app.is_brief(Request("POST", "/api/2.0/mlflow/runs/create")) is is_brief
        assert not app.is_brief(Request("POST", "/api/2.0/mlflow/runs/search"))


def test_who_opens_the_database_keeps_nobody_waiting(file: File) -> None:
    with closing(App(Settings(data=str(file.parent)))) as app:
        request = Request("POST", "/api/2.0/mlflow/runs/create")
        assert not app.is_brief(request)
        app.store("team-a")
        assert not app.is_brief(request)
        app.store()
        assert app.is_brief(request)


def test_who_found_others_writing_is_brief_the_next_time(app: App, file: File) -> None:
    app.store()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GenesisError, match="busy"), app.together():
            pytest.fail("begun")
    assert app.is_brief(Request("POST", "/api/2.0/mlflow/runs/create"))
