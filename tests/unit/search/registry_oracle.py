"""What MLflow's parsers of registered models and versions, and its SQL store, make of a search."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from genesis.search.clauses import Clause, Op, Order, Path, Where
from tests.unit.search.mlflow_oracle import Broken, bound, judged, mlflow_store, session

COLUMNS = {
    "name": "name",
    "version": "number",
    "version_number": "number",
    "run_id": "run_id",
    "source_path": "source",
    "creation_time": "created",
    "last_updated_time": "updated",
}


@cache
def registry() -> Any:
    """MLflow's SQL store of models, of which nothing is used that needs a database."""
    mlflow_store()
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    class Unbound(SqlAlchemyStore):
        def __init__(self) -> None:
            pass

        def _get_active_workspace(self) -> str:
            return "default"

    return Unbound()


def utilities() -> Any:
    from mlflow.utils import search_utils

    return search_utils


def model_clauses(text: str) -> Where:
    def read() -> Where:
        parsed = utilities().SearchModelUtils.parse_search_filter(text)
        with session() as unbound:
            registry()._get_search_registered_model_filter_query(unbound, parsed, "sqlite")
        return tuple(map(_clause, parsed))

    return judged(read)


def version_clauses(text: str) -> Where:
    def read() -> Where:
        parsed = utilities().SearchModelVersionUtils.parse_search_filter(text)
        registry()._get_search_model_versions_filter_clauses(parsed, "sqlite")
        return tuple(map(_clause, parsed))

    return judged(read)


def asks_for_prompts(text: str) -> bool:
    return bool(registry()._is_querying_prompt(utilities().SearchModelUtils.parse_search_filter(text)))


def model_orders(texts: Sequence[str]) -> tuple[Order, ...]:
    return judged(lambda: _orders(texts, registry()._parse_search_registered_models_order_by(list(texts))))


def version_orders(texts: Sequence[str]) -> tuple[Order, ...]:
    return judged(lambda: _orders(texts, registry()._parse_search_model_versions_order_by(list(texts))))


def _clause(parsed: dict[str, Any]) -> Clause:
    value = parsed["value"]
    if parsed["type"] == "tag":
        return bound(Clause(Path("tags", parsed["key"]), Op(parsed["comparator"]), value))
    if parsed["key"] == "version_number":
        value = int(value)
        if not -(2**63) <= value < 2**63:
            raise Broken("Python int too large to convert to SQLite INTEGER")
    return bound(Clause(Path(COLUMNS[parsed["key"]]), Op(parsed["comparator"]), value))


def _orders(texts: Sequence[str], columns: Sequence[Any]) -> tuple[Order, ...]:
    """What was asked for; behind it MLflow breaks ties."""
    from sqlalchemy.sql.operators import asc_op

    asked = columns[: len(texts)]
    return tuple(Order(Path(COLUMNS[c.element.key]), ascending=c.modifier is asc_op) for c in asked)
