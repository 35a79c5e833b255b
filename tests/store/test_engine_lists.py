"""Searches by, and orders of, the elements of a list: both engines answer like plain Python."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store.engine import Document, Engine, Query, sort_key
from genesis.store.schema import LOGGED_MODELS, name
from tests.store import reference

EXAMPLES = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FEW = st.integers(0, 2)
NAMES = st.sampled_from(["m", "a.b", "$"])
DATASETS = st.sampled_from([name("d"), name("d\0"), name("e")])
VALUES = st.sampled_from([0.0, -1.5, 2.0, 1e308])

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "key": NAMES,
            "value": VALUES,
            "timestamp": FEW,
            "step": FEW,
            "run_id": st.sampled_from(["a", "b"]),
            "dataset": DATASETS,
        },
        optional={"dataset_name": st.sampled_from(["d", "e"])},
    ),
    max_size=4,
    # As the store keeps them: no two of one metric, time, step and run.
    unique_by=lambda row: (row["key"], row["timestamp"], row["step"], row["run_id"]),
)
ORDERED = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)
ANY = st.tuples(
    st.builds(Clause, st.just(Path("key")), st.just(Op.EQ), NAMES),
    st.builds(Clause, st.just(Path("value")), st.sampled_from(ORDERED), VALUES),
    st.builds(
        Clause,
        st.just(Path("dataset")),
        st.just(Op.IN),
        st.lists(DATASETS, min_size=1, max_size=2).map(tuple),
    ),
).flatmap(lambda whole: st.integers(1, 3).map(lambda n: Clause(Path("metrics"), Op.ANY, whole[:n])))
AMONG = st.one_of(
    st.tuples(st.builds(Clause, st.just(Path("key")), st.just(Op.EQ), NAMES)),
    st.tuples(
        st.builds(Clause, st.just(Path("key")), st.just(Op.EQ), NAMES),
        st.builds(Clause, st.just(Path("dataset_name")), st.just(Op.EQ), st.sampled_from(["d", "e"])),
    ),
)
ORDERS = st.lists(
    st.builds(Order, st.just(Path("metrics", "value")), st.booleans(), AMONG),
    min_size=1,
    max_size=2,
).map(lambda orders: (*orders, Order(Path("newest"))))


def filled(engine: Engine, models: list[list[dict[str, Any]]]) -> tuple[Clause, list[Document]]:
    """An experiment of models with these metrics, and the clause that fixes it."""
    experiment = f"default|{uuid4().hex}"
    documents: list[Document] = []
    for i, rows in enumerate(models):
        id = f"{experiment}|{i:02d}"
        place = {"workspace": "default", "experiment": experiment, "lifecycle": "active", "newest": id}
        documents.append({"id": id, **place, "params": {}, "tags": {}, "metrics": rows})
        assert engine.insert(LOGGED_MODELS, documents[-1])
    return Clause(Path("experiment"), Op.EQ, experiment), documents


@EXAMPLES
@given(models=st.lists(ROWS, max_size=6), where=st.lists(ANY, min_size=1, max_size=2).map(tuple))
def test_one_element_fulfils_all_that_a_clause_asks(
    engine: Engine, models: list[list[dict[str, Any]]], where: tuple[Clause, ...]
) -> None:
    scope, documents = filled(engine, models)
    found = engine.find(LOGGED_MODELS, Query((scope, *where)))
    assert {document["id"] for document in found} == reference.select(documents, where)


@EXAMPLES
@given(models=st.lists(ROWS, max_size=6), order=ORDERS, size=st.integers(1, 3))
def test_pages_go_by_the_latest_element(
    engine: Engine, models: list[list[dict[str, Any]]], order: tuple[Order, ...], size: int
) -> None:
    scope, documents = filled(engine, models)
    visited: list[str] = []
    after = None
    while page := engine.find(LOGGED_MODELS, Query((scope,), order, after, size)):
        visited += [document["id"] for document in page]
        after = sort_key(LOGGED_MODELS, order, page[-1])
    assert visited == reference.ordered(documents, order)
