"""What MLflow's own parser, and its SQL store behind it, make of a search; in our clauses."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

from genesis.search.clauses import Clause, Op, Order, Path, Where

RUN_NAME = Path("tags", "mlflow.runName")
T = TypeVar("T")

MAPS = {"metric": "metrics", "parameter": "params", "tag": "tags", "dataset": "inputs"}
RUN_COLUMNS = {"created": "start_time", "Created": "start_time"}
EXPERIMENT_COLUMNS = {"experiment_id": "number", "creation_time": "created", "last_update_time": "updated"}


@cache
def mlflow_store() -> ModuleType:
    """MLflow's SQL store, which takes seconds to import and warns meanwhile; its search is in there, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.store.tracking import sqlalchemy_store

    return sqlalchemy_store


class Refused(Exception):
    """MLflow answers 400, with this message."""


class Broken(Exception):
    """MLflow answers 500: something went wrong in it."""


def run_clauses(text: str) -> Where:
    store = mlflow_store()

    def read() -> Where:
        parsed = store.SearchUtils.parse_search_filter(text)
        with session() as unbound:
            # Only builds statements; what it refuses, the store refuses.
            store._get_sqlalchemy_filter_clauses(parsed, unbound, "sqlite")
        return tuple(
            bound(Clause(_run_path(p["type"], p["key"]), Op(p["comparator"].upper()), _run_value(p)))
            for p in parsed
        )

    return judged(read)


def experiment_clauses(text: str) -> Where:
    store = mlflow_store()

    def read() -> Where:
        parsed = store.SearchExperimentsUtils.parse_search_filter(text)
        store._get_search_experiments_filter_clauses(parsed, "sqlite")
        return tuple(
            bound(Clause(_experiment_path(p["type"], p["key"]), Op(p["comparator"]), _experiment_value(p)))
            for p in parsed
        )

    return judged(read)


def bound(clause: Clause) -> Clause:
    """The clause, if its value can be bound in SQL: a list cannot, but for IN."""
    if isinstance(clause.value, tuple) != (clause.op in (Op.IN, Op.NOT_IN)):
        raise Broken(f"Error binding parameter: {clause.value}")
    return clause


def run_order(text: str) -> Order:
    store = mlflow_store()

    def read() -> Order:
        with session() as unbound:
            store._get_orderby_clauses([text], unbound)
        kind, key, ascending = store.SearchUtils.parse_order_by_for_search_runs(text)
        return Order(_run_path(kind, key), ascending)

    return judged(read)


def experiment_order(text: str) -> Order:
    store = mlflow_store()

    def read() -> Order:
        store._get_search_experiments_order_by_clauses([text])
        kind, key, ascending = store.SearchExperimentsUtils.parse_order_by_for_search_experiments(text)
        return Order(_experiment_path(kind, key), ascending)

    return judged(read)


def session() -> Any:
    """A session without a database."""
    from sqlalchemy.orm import Session

    return Session()


def judged(read: Callable[[], T]) -> T:
    try:
        return read()
    except mlflow_store().MlflowException as error:
        if error.get_http_status_code() == 400:
            raise Refused(normal(error.message)) from None
        raise Broken(error.message) from None
    except Exception as error:
        raise Broken(str(error)) from None


def _run_path(kind: str, key: str) -> Path:
    if kind != "attribute":
        return Path(MAPS[kind], key)
    if key.lower() in ("run name", "run_name"):
        return RUN_NAME
    return Path(RUN_COLUMNS.get(key, key))


def _run_value(parsed: dict[str, Any]) -> Any:
    value = parsed["value"]
    return float(value) if parsed["type"] == "metric" and value is not None else value


def _experiment_path(kind: str, key: str) -> Path:
    return Path("tags", key) if kind == "tag" else Path(EXPERIMENT_COLUMNS.get(key, key))


def _experiment_value(parsed: dict[str, Any]) -> Any:
    value = parsed["value"]
    if parsed["key"] != "experiment_id" or parsed["type"] == "tag":
        return value
    return tuple(map(int, value)) if isinstance(value, tuple) else int(value)


def normal(message: str) -> str:
    """A message with the members of every set in it sorted: MLflow prints sets as they come.

    It forgets the quote behind some of them, which is no reason to forget it too.
    """
    ordered = re.sub(r"\{([^{}]*)\}", lambda m: "{" + ", ".join(sorted(m[1].split(", "))) + "}", message)
    return re.sub(r"}$", "}'", ordered)
