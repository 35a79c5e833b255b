"""Pages in the default order on MongoDB: sorted by the very fields of an index, however few experiments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from genesis.search.clauses import Clause, Op, Path
from genesis.store import open_engine
from genesis.store.engine import Engine, Query, sort_key
from genesis.store.schema import RUNS
from tests.store.commands import Commands
from tests.store.documents import NEWEST, fill, run


@pytest.fixture
def engine(mongodb_uri: str) -> Iterator[Engine]:
    with closing(open_engine(mongodb_uri)) as engine:
        stages = ("active", "deleted")
        for i in range(12):
            fill(engine, run(f"{i:02d}", experiment=f"default|{i % 3}", lifecycle=stages[i % 2]))
        yield engine


def pages(engine: Engine, experiments: str, stages: tuple[str, ...], size: int) -> list[int]:
    """The numbers of the runs of all pages."""
    where = (
        Clause(Path("experiment"), Op.IN, tuple(f"default|{e}" for e in experiments)),
        Clause(Path("lifecycle"), Op.IN, stages),
    )
    found, after = [], None
    while page := engine.find(RUNS, Query(where, (NEWEST,), after, size)):
        found += [int(document["id"]) for document in page]
        after = sort_key(RUNS, (NEWEST,), page[-1]) if size else None
        if not size:
            break
    return found


def sorts(commands: Commands) -> list[list[str]]:
    return [[*sent["sort"]] for name, sent in commands.sent if name == "find" and "sort" in sent]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 20])
@pytest.mark.parametrize(
    ("experiments", "stages", "expected"),
    [
        ("1", ("active",), [4, 10]),
        ("1", ("active", "deleted"), [1, 4, 7, 10]),
        ("02", ("active",), [0, 2, 6, 8]),
        ("02", ("active", "deleted"), [0, 2, 3, 5, 6, 8, 9, 11]),
        ("012", ("deleted",), [1, 3, 5, 7, 9, 11]),
        ("9", ("active", "deleted"), []),
    ],
)
def test_pages_of_any_experiments_and_stages_are_in_order(
    engine: Engine, experiments: str, stages: tuple[str, ...], expected: list[int], size: int
) -> None:
    assert pages(engine, experiments, stages, size) == expected


@pytest.mark.parametrize(
    ("experiments", "stages", "walks"),
    [("1", ("active",), 1), ("1", ("active", "deleted"), 2), ("02", ("active",), 2)],
)
def test_a_few_experiments_or_stages_are_walked_one_by_one(
    engine: Engine, commands: Commands, experiments: str, stages: tuple[str, ...], walks: int
) -> None:
    pages(engine, experiments, stages, 0)
    assert sorts(commands) == [["experiment", "lifecycle", "newest"]] * walks


def test_many_experiments_are_one_command(engine: Engine, commands: Commands) -> None:
    pages(engine, "012", ("active",), 0)
    assert sorts(commands) == [["workspace", "newest"]]


def test_a_condition_on_the_stage_itself_holds_as_well(engine: Engine) -> None:
    clauses: list[Any] = [
        Clause(Path("experiment"), Op.EQ, "default|0"),
        Clause(Path("lifecycle"), Op.IN, ("active", "deleted")),
        Clause(Path("lifecycle"), Op.NE, "deleted"),
    ]
    found = engine.find(RUNS, Query(tuple(clauses), (NEWEST,)))
    assert [document["id"] for document in found] == ["00", "06"]
