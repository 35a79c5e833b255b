"""SQLite and pages walked along an index: what is in them, and how far is walked for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store.engine import Change, Document, Query, sort_key
from genesis.store.schema import RUNS
from genesis.store.sqlite import narrowing, walking
from genesis.store.sqlite.connection import Database
from genesis.store.sqlite.engine import SqliteEngine
from genesis.store.sqlite.query import INDEXED
from tests.store import reference
from tests.store.documents import NEWEST, SCOPE, fill, metric, run
from tests.store.test_engine_paging import ORDERS as PAGED
from tests.store.test_engine_paging import pages, runs
from tests.store.test_engine_properties import CLAUSES, DOCUMENTS, EXAMPLES, ORDERS

ACTIVE = Clause(Path("lifecycle"), Op.EQ, "active")
STAGES = Clause(Path("lifecycle"), Op.IN, ("active", "deleted"))
EXPERIMENTS = ("default|1", "default|2")
FEW, MANY = 1500, 6000
"""Runs in a small experiment and in a large one."""

SMALL = {"FEW": 200, "READ": 50, "MORE": 400, "GROUP": 200, "READ_GROUP": 60}
"""Limits in proportion."""

LOSS = Path("metrics", "loss")
SAME = Path("metrics", "same")
GRADE = Path("metrics", "grade")
RARE = Path("metrics", "rare")
NAME = Path("tags", "mlflow.runName")
LIMITS: dict[str, dict[str, int]] = {
    "as they are": {},
    "nothing is few": {"FEW": 0, "READ": 0, "MORE": 0},
    "no group is small": {"FEW": 0, "READ": 0, "MORE": 0, "GROUP": 1, "READ_GROUP": 1, "PEEKED": 1},
    "everything is far": {"FEW": 0, "READ": 0, "MORE": 0, "STEPS": 6},
    "every page is large": {"FEW": 0, "READ": 0, "MORE": 0, "LARGE": 0},
    "all is few after a walk": {"FEW": 0, "READ": 0, "STEPS": 0},
}


@pytest.fixture
def database(tmp_path: File) -> Database:
    return Database(tmp_path / "genesis.db")


@pytest.fixture
def engine(database: Database) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(database)
    with closing(engine):
        engine.init()
        yield engine


def many(engine: SqliteEngine, begin: int, end: int) -> None:
    """Active runs, the later the newer; of the default order the newest come first."""
    with engine._database.writing() as connection:
        for i in range(begin, end):
            metrics = {
                "loss": metric((i * 7919 % 10007) / 10007),
                "same": metric(1.0),
                "grade": metric(i % 3),
                **({"rare": metric(i)} if i < FEW and i % 50 == 0 else {}),
            }
            document = run(
                f"{i:06}",
                newest=f"{10**6 - i:07}",
                status=("FINISHED", "FAILED", "RUNNING")[i % 3],
                start_time=i,
                **({"end_time": i + i % 11} if i % 3 else {}),
                metrics=metrics,
                params={"kind": f"kind {i % 4}"},
                tags={"mlflow.runName": f"run {i:06}", "mlflow.user": f"user {i % 2}"},
            )
            assert engine._insert(connection, RUNS, document)


def steps(database: Database, engine: SqliteEngine, query: Query) -> int:
    """Instructions of SQLite's machine that a search takes."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    engine.find(RUNS, query)
    database.connection().set_progress_handler(count, 1)
    engine.find(RUNS, query)
    database.connection().set_progress_handler(None, 0)
    return counted


def limit(patch: pytest.MonkeyPatch, limits: dict[str, int]) -> None:
    for name, value in limits.items():
        patch.setattr(narrowing if hasattr(narrowing, name) else walking, name, value)


def order(*terms: tuple[Path, bool]) -> tuple[Order, ...]:
    return (*(Order(path, ascending) for path, ascending in terms), NEWEST)


ORDERED = {
    "a metric, falling": order((LOSS, False)),
    "a metric, rising": order((LOSS, True)),
    "a metric that few have": order((RARE, False)),
    "a metric that none has": order((Path("metrics", "none"), False)),
    "a metric of one value": order((SAME, False)),
    "a metric of three values": order((GRADE, False)),
    "a metric of one value, then another": order((SAME, False), (LOSS, True)),
    "a name": order((NAME, True)),
    "a tag of two values": order((Path("tags", "mlflow.user"), False)),
    "status": order((Path("status"), True)),
    "status, falling": order((Path("status"), False)),
    "status, then a metric": order((Path("status"), False), (LOSS, False)),
    "start": (Order(Path("start_time"), True), Order(Path("run_id"))),
    "start, falling": (Order(Path("start_time"), False), Order(Path("run_id"))),
    "end": order((Path("end_time"), True)),
    "end, falling": order((Path("end_time"), False)),
}
FILTERED = {
    "half by a metric": (Clause(LOSS, Op.GT, 0.5),),
    "few by a metric": (Clause(LOSS, Op.GT, 0.9999),),
    "half by a metric, a fourth by a param": (
        Clause(Path("params", "kind"), Op.EQ, "kind 1"),
        Clause(LOSS, Op.LT, 0.5),
    ),
    "all but some by a tag": (Clause(Path("tags", "mlflow.user"), Op.NE, "user 1"),),
    "a third by status": (Clause(Path("status"), Op.EQ, "FAILED"),),
    "a third by status, half by a metric": (
        Clause(Path("status"), Op.EQ, "FAILED"),
        Clause(LOSS, Op.GT, 0.5),
    ),
    "two thirds by status": (Clause(Path("status"), Op.IN, ("FAILED", "FINISHED")),),
    "most by two bounds of the end": (
        Clause(Path("end_time"), Op.GT, 20),
        Clause(Path("end_time"), Op.LT, 10**6),
    ),
    "none by status": (Clause(Path("status"), Op.EQ, "KILLED"),),
    "few by start": (Clause(Path("start_time"), Op.LT, 20),),
    "most by start": (Clause(Path("start_time"), Op.GE, 20),),
    "those without a tag": (Clause(Path("tags", "none"), Op.IS_NULL),),
}
SEARCHES = {
    **{f"by {name}": Query((SCOPE, ACTIVE), terms) for name, terms in ORDERED.items()},
    **{name: Query((SCOPE, ACTIVE, *where), (NEWEST,)) for name, where in FILTERED.items()},
    "half by a metric, in its order": Query((SCOPE, ACTIVE, Clause(LOSS, Op.LT, 0.5)), order((LOSS, False))),
    "a fourth by a param, by a metric": Query(
        (SCOPE, ACTIVE, Clause(Path("params", "kind"), Op.EQ, "kind 1")), order((LOSS, True))
    ),
    "of all stages": Query((SCOPE, STAGES), (NEWEST,)),
    "of all stages, by a metric": Query((SCOPE, STAGES), order((LOSS, False))),
    "of two experiments": Query((Clause(Path("experiment"), Op.IN, EXPERIMENTS), ACTIVE), (NEWEST,)),
    "of two experiments, by a metric": Query(
        (Clause(Path("experiment"), Op.IN, EXPERIMENTS), ACTIVE), order((LOSS, False))
    ),
}


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, tuple[Database, SqliteEngine]]]:
    """One database of few runs and one of many."""
    found: dict[int, tuple[Database, SqliteEngine]] = {}
    for count in (FEW, MANY):
        database = Database(tmp_path_factory.mktemp("grown") / "genesis.db")
        engine = SqliteEngine(database)
        engine.init()
        many(engine, 0, count)
        found[count] = database, engine
    yield found
    for _, engine in found.values():
        engine.close()


@pytest.mark.parametrize("deep", [False, True], ids=["first page", "deep page"])
@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES.keys())
def test_a_page_costs_no_more_of_many_runs_than_of_few(
    grown: dict[int, tuple[Database, SqliteEngine]],
    monkeypatch: pytest.MonkeyPatch,
    search: Query,
    deep: bool,
) -> None:
    limit(monkeypatch, SMALL)
    cost = {}
    for count, (database, engine) in grown.items():
        query = replace(search, limit=20)
        if deep:
            found = engine.find(RUNS, replace(search, limit=count // 10))
            query = replace(query, after=sort_key(RUNS, query.order, found[-1])) if found else query
        cost[count] = steps(database, engine, query)
    assert cost[MANY] < cost[FEW] * 1.5


def test_the_last_page_by_what_is_filtered_by_is_not_looked_for_elsewhere(
    grown: dict[int, tuple[Database, SqliteEngine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, SMALL)
    cost = {}
    for count, (database, engine) in grown.items():
        search = Query((SCOPE, ACTIVE, Clause(LOSS, Op.GT, 0.5)), order((LOSS, True)))
        found = engine.find(RUNS, search)
        query = replace(search, after=sort_key(RUNS, search.order, found[-5]), limit=20)
        assert list(engine.find(RUNS, query)) == list(found[-4:])
        cost[count] = steps(database, engine, query)
    assert cost[MANY] < cost[FEW] * 1.5


def scattered(documents: list[Document], places: list[tuple[int, bool]]) -> list[Document]:
    """The documents in two experiments and two stages."""
    made = []
    for i, (fields, (number, active)) in enumerate(zip(documents, places, strict=False)):
        made.append(
            {
                **fields,
                "id": f"{i:02d}",
                "run_id": f"{i:02d}",
                "workspace": "default",
                "experiment": EXPERIMENTS[number],
                "lifecycle": "active" if active else "deleted",
                "newest": f"{fields['newest']}|{i:02d}",
            }
        )
    return made


PLACES = st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=8, max_size=8)
SCOPES = st.sampled_from([EXPERIMENTS[:1], EXPERIMENTS])
STAGED = st.sampled_from([None, ACTIVE, STAGES])


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS.keys())
@EXAMPLES
@given(
    documents=DOCUMENTS,
    places=PLACES,
    where=st.one_of(st.just(()), CLAUSES),
    order=ORDERS,
    scopes=SCOPES,
    stage=STAGED,
    size=st.integers(1, 3),
)
def test_pages_of_a_search_are_the_same_however_they_are_found(
    tmp_path_factory: pytest.TempPathFactory,
    limits: dict[str, int],
    documents: list[dict[str, Any]],
    places: list[tuple[int, bool]],
    where: tuple[Clause, ...],
    order: tuple[Order, ...],
    scopes: tuple[str, ...],
    stage: Clause | None,
    size: int,
) -> None:
    engine = SqliteEngine(Database(tmp_path_factory.mktemp("pages") / "genesis.db"))
    placed = scattered(documents, places)
    # Clauses are on what documents are found by; scope and stage are the reference's like any other.
    where = (Clause(Path("experiment"), Op.IN, scopes), *([stage] if stage else []), *where)
    with closing(engine), pytest.MonkeyPatch.context() as patch:
        limit(patch, limits)
        engine.init()
        for document in placed:
            assert engine.insert(RUNS, document)
        wanted = reference.select(placed, where)
        visited: list[str] = []
        query = Query(where, order, None, size)
        while page := engine.find(RUNS, query):
            visited += [document["id"] for document in page]
            query = replace(query, after=sort_key(RUNS, order, page[-1]))
        assert visited == reference.ordered([d for d in placed if d["id"] in wanted], order)


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS.keys())
@pytest.mark.parametrize("order", PAGED.values(), ids=PAGED.keys())
def test_pages_with_many_ties_are_the_same_however_they_are_found(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch, order: tuple[Order, ...], limits: dict[str, int]
) -> None:
    limit(monkeypatch, limits)
    documents = runs(120)
    fill(engine, *documents)
    visited = [id for found in pages(engine, order, 7) for id in found]
    assert visited == reference.ordered(documents, order)


@pytest.mark.parametrize("where", [(), (Clause(LOSS, Op.GT, 0.5),)], ids=["walked", "narrowed"])
def test_a_page_is_of_one_moment(
    database: Database,
    engine: SqliteEngine,
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[Clause, ...],
) -> None:
    fill(engine, *(run(id, metrics={"loss": metric(1.0)}) for id in "abc"))

    def read(*place: Any) -> Document:
        # Another writer, as soon as the search knows which documents it will read.
        with closing(SqliteEngine(Database(database.file))) as other:
            other.delete_all(RUNS, (SCOPE,))
        return narrowing_read(*place)

    narrowing_read = narrowing.read
    monkeypatch.setattr(narrowing, "read", read)
    monkeypatch.setattr(walking, "read", read)
    found = engine.find(RUNS, Query((SCOPE, *where), order((LOSS, False)), None, 3))
    assert [document["id"] for document in found] == ["a", "b", "c"]
    assert not engine.find(RUNS, Query((SCOPE,), (NEWEST,)))


@pytest.mark.parametrize("terms", [(NEWEST,), order((LOSS, False)), order((Path("status"), True))])
def test_an_experiment_or_stage_that_is_named_twice_counts_once(
    engine: SqliteEngine, terms: tuple[Order, ...]
) -> None:
    fill(engine, run("a", metrics={"loss": metric(1.0)}), run("b", lifecycle="deleted"))
    twice = (
        Clause(Path("experiment"), Op.IN, ("default|1", "default|1")),
        Clause(Path("lifecycle"), Op.IN, ("active", "deleted", "active")),
    )
    found = engine.find(RUNS, Query(twice, terms, None, 10))
    assert [document["id"] for document in found] == ["a", "b"]


def test_logging_leaves_the_indexes_of_fields_alone(database: Database, engine: SqliteEngine) -> None:
    fill(engine, run("a", status="RUNNING"))
    said: list[str] = []
    database.connection().set_trace_callback(said.append)
    engine.update(RUNS, "a", Change(greatest={LOSS: metric(0.5)}))
    engine.update(RUNS, "a", Change(set={Path("status"): "FINISHED"}))
    database.connection().set_trace_callback(None)
    logged, ended = (
        statement.partition(" WHERE ")[0] for statement in said if statement.startswith("UPDATE")
    )
    assert "status =" not in logged
    assert "lifecycle =" not in logged
    assert "status =" in ended
    assert "lifecycle =" not in ended


def test_a_file_without_the_indexes_gets_them_when_it_is_opened(
    database: Database, engine: SqliteEngine
) -> None:
    fill(engine, run("a", status="RUNNING"), run("b", status="FAILED"))
    with database.writing() as connection:
        for field in ("status", "start_time", "end_time"):
            connection.execute(f"DROP INDEX runs_experiment_lifecycle_{field}_newest")
    by_status = Query((SCOPE, ACTIVE), order((Path("status"), True)), None, 2)
    before = [document["id"] for document in engine.find(RUNS, by_status)]
    engine.init()
    found = {name for (name,) in database.connection().execute("SELECT name FROM pragma_index_list('runs')")}
    assert {f"runs_experiment_lifecycle_{field}_newest" for field in INDEXED["runs"]} <= found
    assert [document["id"] for document in engine.find(RUNS, by_status)] == before == ["b", "a"]
