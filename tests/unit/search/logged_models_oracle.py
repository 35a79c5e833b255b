"""What MLflow's parser of logged models, and its SQL store behind it, make of a search."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

from genesis.search.clauses import Clause, Op, Order, Path, Where
from tests.store.reference import holds
from tests.unit.search.mlflow_oracle import Broken, bound, judged, mlflow_store, session

COLUMNS = {
    "model_id": "model_id",
    "experiment_id": "experiment_id",
    "name": "name",
    "artifact_location": "artifact_uri",
    "creation_timestamp_ms": "created",
    "last_updated_timestamp_ms": "updated",
    "status": "status",
    "lifecycle_stage": "lifecycle",
    "model_type": "model_type",
    "source_run_id": "source_run_id",
    "status_message": "status_message",
}

STATUSES = {
    "0": ("0", "UNSPECIFIED", "STATUS_UNSPECIFIED", "LOGGED_MODEL_STATUS_UNSPECIFIED"),
    "1": ("1", "PENDING", "LOGGED_MODEL_PENDING"),
    "2": ("2", "READY", "LOGGED_MODEL_READY"),
    "3": ("3", "FAILED", "UPLOAD_FAILED", "LOGGED_MODEL_UPLOAD_FAILED"),
}
"""To MLflow's database they are only the numbers, which is no use to people: ours knows their names, too."""

Asked = tuple[str, bool, str, str]


@cache
def tracking() -> Any:
    """MLflow's SQL store, of which nothing is used that needs a database."""

    class Unbound(mlflow_store().SqlAlchemyStore):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

        def _get_dialect(self) -> str:
            return "sqlite"

    return Unbound()


def clauses(text: str, datasets: Sequence[tuple[str, str]] = ()) -> Where:
    from mlflow.store.tracking.dbmodels.models import SqlLoggedModel
    from mlflow.utils.search_logged_model_utils import parse_filter_string

    def read() -> Where:
        given = [{"dataset_name": name, "dataset_digest": digest or None} for name, digest in datasets]
        with session() as unbound, warnings.catch_warnings():
            # SQLAlchemy will not compare an integer (the status) by LIKE for ever; MLflow does.
            warnings.simplefilter("ignore")
            # Only builds a statement; what it refuses, the store refuses.
            tracking()._apply_filter_string_datasets_search_logged_models(
                unbound.query(SqlLoggedModel), unbound, ["1"], text, given
            )
        among = (Clause(Path("dataset"), Op.IN, tuple(map(_key, datasets))),) if datasets else ()
        parsed = [_clause(comparison, among) for comparison in parse_filter_string(text)]
        if among and all(clause.op is not Op.ANY for clause in parsed):
            parsed.append(Clause(Path("metrics"), Op.ANY, among))
        return tuple(parsed)

    return judged(read)


def orders(asked: Sequence[Asked]) -> tuple[Order, ...]:
    from mlflow.store.tracking.dbmodels.models import SqlLoggedModel

    def read() -> tuple[Order, ...]:
        names = ("field_name", "ascending", "dataset_name", "dataset_digest")
        with session() as unbound:
            tracking()._apply_order_by_search_logged_models(
                unbound.query(SqlLoggedModel),
                unbound,
                [dict(zip(names, one, strict=True)) for one in asked],
            )
        return tuple(_order(*one) for one in asked)

    return judged(read)


def _key(dataset: tuple[str, str]) -> str:
    name, digest = dataset
    return f'["{name}", "{digest}"]'


def _clause(comparison: Any, among: Where) -> Clause:
    kind, key = comparison.entity.type.value, comparison.entity.key
    op, value = Op(comparison.op), comparison.value
    if not comparison.entity.is_numeric():
        value = tuple(map(_text, value)) if isinstance(value, list | set | tuple) else _text(value)
    if kind == "metrics":
        inner = (Clause(Path("key"), Op.EQ, key), _bound(Path("value"), op, value), *among)
        return Clause(Path("metrics"), Op.ANY, inner)
    if kind != "attributes":
        return _bound(Path(kind, key), op, value)
    if key not in COLUMNS:
        raise Broken(f"SqlLoggedModel.{key} is no column, if it is anything")
    clause = _bound(Path(COLUMNS[key]), op, value)
    return _status(clause) if key == "status" else clause


def _bound(path: Path, op: Op, value: Any) -> Clause:
    """The clause that can be bound in SQL, where NaN is NULL, and nothing is outside an empty list."""
    if value != value:
        return Clause(path, Op.IN, ())
    clause = bound(Clause(path, op, value))
    return Clause(path, Op.IS_NOT_NULL) if (op, value) == (Op.NOT_IN, ()) else clause


def _status(clause: Clause) -> Clause:
    every = all if clause.op in (Op.NE, Op.NOT_IN) else any
    fit = (
        status
        for status, names in STATUSES.items()
        if every(holds({"status": name}, clause) for name in names)
    )
    return Clause(clause.path, Op.IN, tuple(fit))


def _text(value: Any) -> str:
    """The value as SQL compares a text column with it."""
    # What else a list can hold is an error in most databases, or finds nothing.
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Broken(f"Error binding parameter: {value}")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Broken("Python int too large to convert to SQLite INTEGER")
    return str(value)


def _order(field_name: str, ascending: bool, dataset_name: str, dataset_digest: str) -> Order:
    from mlflow.store.tracking.dbmodels.models import SqlLoggedModel

    kind, dot, key = field_name.partition(".")
    if not dot:
        column = COLUMNS[SqlLoggedModel.ALIASES.get(field_name, field_name)]
        return Order(Path("experiment" if column == "experiment_id" else column), ascending)
    assert kind == "metrics"
    members = {"key": key, "dataset_name": dataset_name, "dataset_digest": dataset_digest}
    among = tuple(
        Clause(Path(name), Op.EQ, value) for name, value in members.items() if value or name == "key"
    )
    return Order(Path("metrics", "value"), ascending, among)
