"""Random documents, clauses and orders: both engines answer like plain Python."""

from __future__ import annotations

import math
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store.engine import Document, Engine, Query, sort_key
from genesis.store.schema import RUNS
from tests.store import reference
from tests.store.documents import metric

# One database serves all examples of a test: each takes an experiment of its own.
EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

TEXTS = st.one_of(
    st.sampled_from(["", "a", "A", "ab", "aB", "a%", "a_b", "ä", "Ä", "a\n", ".*", "10", "9", "NaN"]),
    st.text("abAB%_.\n", max_size=4),
)
PATTERNS = st.text("abAB%_.\n", max_size=4)
NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e308, 5e-324, 0.1]),
    st.integers(-3, 3).map(float),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.one_of(NUMBERS, st.just(math.nan))
INTEGERS = st.one_of(st.integers(-2, 2), st.integers(-(2**63), 2**63 - 1))
KEYS = st.sampled_from(["k", "a.b", "$", "%24", "K"])

DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "newest": st.text("abc", min_size=1, max_size=2),
            "tags": st.dictionaries(KEYS, TEXTS, max_size=3),
            "metrics": st.dictionaries(KEYS, VALUES.map(metric), max_size=3),
        },
        optional={
            "status": TEXTS,
            "start_time": INTEGERS,
            "inputs": st.lists(
                st.fixed_dictionaries({"name": TEXTS}, optional={"context": TEXTS}), max_size=2
            ),
        },
    ),
    max_size=8,
)

ORDERED = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)
TEXT_PATHS = st.one_of(st.just(Path("status")), st.builds(Path, st.just("tags"), KEYS))
MEMBERS = st.sampled_from([Path("inputs", "name"), Path("inputs", "context")])
METRICS = st.builds(Path, st.just("metrics"), KEYS)
START = st.just(Path("start_time"))


def clauses(paths: st.SearchStrategy[Path], ops: tuple[Op, ...], values: Any) -> st.SearchStrategy[Clause]:
    return st.builds(Clause, paths, st.sampled_from(ops), values)


LISTS = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
CLAUSES = st.lists(
    st.one_of(
        clauses(st.one_of(TEXT_PATHS, MEMBERS), (Op.EQ, Op.NE), TEXTS),
        clauses(st.one_of(TEXT_PATHS, MEMBERS), (Op.LIKE, Op.ILIKE), PATTERNS),
        clauses(st.one_of(TEXT_PATHS, MEMBERS), (Op.IN, Op.NOT_IN), LISTS),
        clauses(st.one_of(TEXT_PATHS, METRICS), (Op.IS_NULL, Op.IS_NOT_NULL), st.none()),
        clauses(METRICS, ORDERED, NUMBERS),
        clauses(START, ORDERED, st.one_of(INTEGERS, st.integers(-3, 3).map(lambda i: i / 2))),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
ORDERS = st.lists(
    st.builds(
        Order, st.one_of(TEXT_PATHS, METRICS, START, st.just(Path("newest"))), st.booleans(), st.just(())
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda order: order.path,
).map(tuple)


def filled(engine: Engine, documents: list[dict[str, Any]]) -> tuple[Clause, list[Document]]:
    """An experiment of these runs, and the clause that fixes it."""
    experiment = f"default|{uuid4().hex}"
    runs: list[Document] = []
    for i, fields in enumerate(documents):
        # Unique, as the default order's field is.
        newest = f"{fields['newest']}|{i:02d}"
        id = f"{experiment}|{i:02d}"
        place = {"workspace": "default", "experiment": experiment, "lifecycle": "active", "newest": newest}
        runs.append({**fields, "id": id, **place})
        assert engine.insert(RUNS, runs[-1])
    return Clause(Path("experiment"), Op.EQ, experiment), runs


@EXAMPLES
@given(documents=DOCUMENTS, searches=st.lists(CLAUSES, min_size=4, max_size=4))
def test_clauses_select_what_they_say(
    engine: Engine, documents: list[dict[str, Any]], searches: list[tuple[Clause, ...]]
) -> None:
    scope, runs = filled(engine, documents)
    for where in searches:
        found = engine.find(RUNS, Query((scope, *where)))
        assert {document["id"] for document in found} == reference.select(runs, where)


@EXAMPLES
@given(documents=DOCUMENTS, orders=st.lists(ORDERS, min_size=3, max_size=3))
def test_orders_sort_as_they_say(
    engine: Engine, documents: list[dict[str, Any]], orders: list[tuple[Order, ...]]
) -> None:
    scope, runs = filled(engine, documents)
    for order in orders:
        found = [document["id"] for document in engine.find(RUNS, Query((scope,), order))]
        assert found == reference.ordered(runs, order)


@EXAMPLES
@given(documents=DOCUMENTS, order=ORDERS, size=st.integers(1, 3))
def test_pages_visit_each_document_once_in_order(
    engine: Engine, documents: list[dict[str, Any]], order: tuple[Order, ...], size: int
) -> None:
    scope, runs = filled(engine, documents)
    visited: list[str] = []
    after = None
    while page := engine.find(RUNS, Query((scope,), order, after, size)):
        visited += [document["id"] for document in page]
        after = sort_key(RUNS, order, page[-1])
    assert visited == reference.ordered(runs, order)
