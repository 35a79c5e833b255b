"""SQLite and searches that equality narrows: what they find, and how much is walked for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path as File

import pytest

from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store.schema import RUNS
from genesis.store.sqlite import narrowing
from genesis.store.sqlite.connection import Database
from genesis.store.sqlite.engine import SqliteEngine
from tests.store.documents import EXPERIMENT, NEWEST, fill, ids, metric, names, run

LOSS = Path("metrics", "loss")
RARE = Clause(Path("params", "kind"), Op.EQ, "rare")
FEW_OF_MANY = 5
NAN = float("nan")


@pytest.fixture
def database(tmp_path: File) -> Database:
    return Database(tmp_path / "genesis.db")


@pytest.fixture
def engine(database: Database) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(database)
    with closing(engine):
        engine.init()
        yield engine


def many(engine: SqliteEngine, count: int, begin: int = 0) -> None:
    """Runs of which the first ones are rare, in one transaction."""
    with engine._database.writing() as connection:
        for i in range(begin, begin + count):
            kind = "rare" if i < FEW_OF_MANY else "common"
            document = run(f"{i:06}", params={"kind": kind}, metrics={"loss": metric(i / 10)})
            assert engine._insert(connection, RUNS, document)


def steps(database: Database, engine: SqliteEngine, *where: Clause) -> int:
    """Instructions of SQLite's machine that a search takes."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    ids(engine, *where, limit=10)
    database.connection().set_progress_handler(count, 1)
    ids(engine, *where, limit=10)
    database.connection().set_progress_handler(None, 0)
    return counted


@pytest.mark.parametrize(
    "where",
    [(RARE,), (RARE, Clause(LOSS, Op.GT, 0.2)), (Clause(Path("tags", "mlflow.runName"), Op.EQ, "none"),)],
    ids=names,
)
def test_what_few_runs_fulfil_costs_the_same_however_many_there_are(
    database: Database, engine: SqliteEngine, where: tuple[Clause, ...]
) -> None:
    many(engine, 400)
    before = steps(database, engine, *where)
    many(engine, 4000, begin=400)
    assert steps(database, engine, *where) <= before + 20


@pytest.mark.parametrize("few", [1, 3, 250])
@pytest.mark.parametrize("op", [Op.GT, Op.GE, Op.LT, Op.LE, Op.NE])
@pytest.mark.parametrize("limit", [0, 2])
def test_it_finds_the_same_narrowed_or_not(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch, few: int, op: Op, limit: int
) -> None:
    monkeypatch.setattr(narrowing, "FEW", few)
    values = {"a": 0.1, "b": 0.3, "c": NAN, "d": 0.2, "f": 7, "g": 0.1}
    rare = {"kind": "rare"}
    fill(engine, *(run(id, params=rare, metrics={"loss": metric(v)}) for id, v in values.items()))
    fill(engine, run("e", params=rare), run("h", metrics={"loss": metric(0.1)}))
    fill(engine, run("i", params=rare, experiment=f"{EXPERIMENT}0", metrics={"loss": metric(0.1)}))
    expected = {
        Op.GT: ["b", "f"],
        Op.GE: ["b", "d", "f"],
        Op.LT: ["a", "g"],
        Op.LE: ["a", "d", "g"],
        Op.NE: ["a", "b", "c", "f", "g"],
    }[op]
    assert ids(engine, RARE, Clause(LOSS, op, 0.2), limit=limit) == expected[: limit or None]
    by_loss = ids(engine, RARE, Clause(LOSS, op, 0.2), order=(Order(LOSS, False), NEWEST), limit=limit)
    assert set(by_loss) == set(expected) if not limit else len(by_loss) == limit
