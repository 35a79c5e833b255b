"""Documents of the shape that the store keeps, with little in them."""

from __future__ import annotations

from typing import Any

from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.engine import Document, Engine, Query
from genesis.store.schema import RUNS

EXPERIMENT = "default|1"
SCOPE = Clause(Path("experiment"), Op.EQ, EXPERIMENT)
NEWEST = Order(Path("newest"))


def run(id: str, **fields: Any) -> Document:
    """A run; its place in the default order is its id unless given."""
    return {
        "id": id,
        "workspace": "default",
        "experiment": EXPERIMENT,
        "lifecycle": "active",
        "newest": id,
        "run_id": id,
        "params": {},
        "tags": {},
        "metrics": {},
        **fields,
    }


def metric(value: float, step: int = 0, timestamp: int = 0) -> dict[str, Any]:
    """An entry of a run's latest metrics."""
    if value != value:
        return {"step": step, "timestamp": timestamp, "value": 0.0, "nan": True}
    return {"step": step, "timestamp": timestamp, "value": value}


def fill(engine: Engine, *documents: Document) -> None:
    for document in documents:
        assert engine.insert(RUNS, document)


def ids(engine: Engine, *where: Clause, order: tuple[Order, ...] = (NEWEST,), limit: int = 0) -> list[str]:
    """Ids of the runs of the experiment that match, in order."""
    return [document["id"] for document in engine.find(RUNS, Query((SCOPE, *where), order, None, limit))]


def names(where: Where) -> str:
    """Clauses in a form that reads well as a test's id."""
    return " and ".join(f"{path.field}.{path.key} {op} {value}" for path, op, value in where)
