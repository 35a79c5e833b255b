"""What logged models are searched and sorted by, in a language of their own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from genesis.entities.logged_models import STATUSES, dataset_key
from genesis.errors import invalid
from genesis.search import grammar
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.search.fields import Name, Term, fitting, shown

STATUS = Path("status")
EXPERIMENT = Path("experiment_id")
METRICS = "metrics"

ATTRIBUTES = {
    "model_id": Path("model_id"),
    "experiment_id": EXPERIMENT,
    "name": Path("name"),
    "artifact_location": Path("artifact_uri"),
    "creation_timestamp_ms": Path("created"),
    "last_updated_timestamp_ms": Path("updated"),
    "status": STATUS,
    "lifecycle_stage": Path("lifecycle"),
    "model_type": Path("model_type"),
    "source_run_id": Path("source_run_id"),
    "status_message": Path("status_message"),
}
ALIASES = {
    "creation_time": "creation_timestamp_ms",
    "creation_timestamp": "creation_timestamp_ms",
    "last_updated_timestamp": "last_updated_timestamp_ms",
}
"""Attributes by other names, which are understood only without a prefix."""
NUMBERS = {*ALIASES, *ALIASES.values()}
SORTS = {**ATTRIBUTES, "experiment_id": Path("experiment")}

KINDS = ("attributes", METRICS, "params", "tags")
NUMBER_OPS = ("<", "<=", ">", ">=", "=", "!=")
TEXT_OPS = ("=", "!=", "LIKE", "ILIKE", "IN", "NOT IN")

PREFIXED = re.compile("^([a-z]+)[.](.+)$")

WORDS = ("UNSPECIFIED", "PENDING", "READY", "FAILED")
"""What MLflow's client calls the statuses; its messages have longer names, its database numbers."""


def where(text: str, datasets: Sequence[tuple[str, str]] = ()) -> Where:
    """The clauses of a filter; of its metrics those count that were measured on one of ``datasets``.

    A data set is its name and digest; without a filter of metrics any that was measured on it will do.
    """
    if not all(name for name, _ in datasets):
        raise invalid("`dataset_name` in the `datasets` clause must be specified.")
    terms = [_term(triple) for triple in grammar.triples(text)]
    among: Where = ()
    if datasets:
        among = (Clause(Path("dataset"), Op.IN, tuple(dataset_key(*pair) for pair in datasets)),)
    clauses = [_clause(term, among) for term in terms]
    if among and all(term.name.kind != METRICS for term in terms):
        clauses.append(Clause(Path(METRICS), Op.ANY, among))
    return tuple(clauses)


def experiments(where: Where, ids: Iterable[str]) -> tuple[Where, list[str]]:
    """The clauses that are left to search by, and those of the experiments that the others speak of."""
    asked = [one for one in where if one.path == EXPERIMENT]
    rest = tuple(one for one in where if one.path != EXPERIMENT)
    return rest, [id for id in ids if all(_holds((id,), one) for one in asked)]


def orders(asked: Iterable[tuple[str, bool, str, str]]) -> tuple[Order, ...]:
    """The sort keys of an order_by list: field, whether it ascends, name and digest of a data set."""
    orders: dict[tuple[Path, Where], Order] = {}
    for field_name, ascending, dataset_name, dataset_digest in asked:
        path, among = _place(field_name, dataset_name, dataset_digest)
        orders.setdefault((path, among), Order(path, ascending, among))
    return tuple(orders.values())


def _place(field_name: str, dataset_name: str, dataset_digest: str) -> tuple[Path, Where]:
    kind, dot, key = field_name.partition(".")
    if not dot:
        attribute = ALIASES.get(field_name, field_name)
        if attribute not in SORTS:
            raise invalid(f"Invalid order by field name: {field_name}")
        return SORTS[attribute], ()
    if kind != METRICS:
        raise invalid(f"Invalid order by field name: {field_name}. Only metrics are supported.")
    members = {"key": key}
    if dataset_name:
        members["dataset_name"] = dataset_name
    if dataset_digest:
        members["dataset_digest"] = dataset_digest
    return Path(METRICS, "value"), tuple(Clause(Path(m), Op.EQ, value) for m, value in members.items())


def _term(triple: grammar.Triple) -> Term:
    name = _name(triple.identifier)
    operator = triple.operator.upper()
    number = name.kind == METRICS or (name.kind == "attributes" and name.key in NUMBERS)
    allowed = NUMBER_OPS if number else TEXT_OPS
    if operator not in allowed:
        raise invalid(
            f"Invalid comparison operator for {name.kind}.{name.key}: {operator!r}. "
            f"Expected one of {allowed}."
        )
    return Term(name, operator, _number(triple) if number else _text(triple))


def _name(identifier: str) -> Name:
    prefixed = PREFIXED.match(identifier)
    if prefixed is None:
        return Name("attributes", ALIASES.get(identifier, identifier).strip("`"))
    if prefixed[1] not in KINDS:
        raise invalid(f"Invalid entity type: {prefixed[1]!r}. Expected one of {list(KINDS)}.")
    return Name(prefixed[1], prefixed[2].strip("`"))


def _number(triple: grammar.Triple) -> float:
    try:
        return float(triple.value)
    except ValueError:
        raise invalid(
            f"Expected a number to compare {triple.identifier} with. Found {triple.value}"
        ) from None


def _text(triple: grammar.Triple) -> str | tuple[str, ...]:
    written = triple.value
    if not (written.startswith("(") and written.endswith(")")):
        return written.strip("'")
    read = grammar.literal(written)
    if _is_text(read) and not isinstance(read, str):
        return str(read)
    values = [read] if isinstance(read, str) else read
    if isinstance(values, tuple | list | set) and all(map(_is_text, values)):
        return tuple(map(str, values))
    raise invalid(f"Expected texts to compare {triple.identifier} with. Found {written}")


def _is_text(value: Any) -> bool:
    """Whether a database with nothing but texts here takes this for one."""
    return isinstance(value, str | float) or (type(value) is int and -(2**63) <= value < 2**63)


def _clause(term: Term, among: Where) -> Clause:
    (kind, key), operator, value = term
    if kind == METRICS:
        number = _compared(Path("value"), operator, value)
        return Clause(Path(METRICS), Op.ANY, (Clause(Path("key"), Op.EQ, key), number, *among))
    if kind != "attributes":
        return _compared(Path(kind, key), operator, value)
    if key not in ATTRIBUTES:
        raise invalid(f"Invalid attribute key '{key}' specified. Valid keys are '{shown(ATTRIBUTES)}'")
    compared = _compared(ATTRIBUTES[key], operator, value)
    if compared.path != STATUS:
        return compared
    numbers = (str(i) for i in range(len(STATUSES)) if _holds(_status_names(i), compared))
    return Clause(STATUS, Op.IN, tuple(numbers))


def _compared(path: Path, operator: str, value: Any) -> Clause:
    if value != value:
        # Nothing is equal to NaN, and nothing else either: it is no value to MLflow's database.
        return Clause(path, Op.IN, ())
    compared = fitting(Clause(path, Op(operator), value))
    return Clause(path, Op.IS_NOT_NULL) if compared[1:] == (Op.NOT_IN, ()) else compared


def _status_names(number: int) -> tuple[str, ...]:
    name = STATUSES[number]
    return (str(number), WORDS[number], name, name.removeprefix("LOGGED_MODEL_"))


def _holds(names: Collection[str], comparison: Clause) -> bool:
    """Whether a clause is true of what has these names."""
    _, op, value = comparison
    if op in (Op.LIKE, Op.ILIKE):
        return any(_like(name, value, fold=op is Op.ILIKE) for name in names)
    wanted = value if isinstance(value, tuple) else (value,)
    return any(name in wanted for name in names) == (op in (Op.EQ, Op.IN))


def _like(text: str, pattern: str, fold: bool) -> bool:
    if fold:
        text, pattern = text.lower(), pattern.lower()
    # How much of the text the pattern may have taken so far; no pattern takes long.
    taken = {0}
    for letter in pattern:
        if letter == "%":
            taken = set(range(min(taken, default=len(text) + 1), len(text) + 1))
        else:
            taken = {i + 1 for i in taken if i < len(text) and letter in ("_", text[i])}
    return len(text) in taken
