"""What experiments are searched and sorted by."""

from __future__ import annotations

from typing import Any

from genesis.errors import invalid
from genesis.search.clauses import Clause, Path
from genesis.search.fields import (
    LIST_OPS,
    NULLABLE_OPS,
    NUMBER_OPS,
    TEXT_OPS,
    Attribute,
    Fields,
    Term,
    attribute_value,
    bad_operator,
    bounded,
    clause,
)


def _read(fields: Fields, term: Term) -> Clause:
    name, operator, value = term
    path = fields.path(name)
    if name.kind == "tag":
        if operator not in NULLABLE_OPS:
            raise invalid(f"Invalid comparator for tag: {operator}")
        return clause(path, operator, value)
    if name.key == "experiment_id":
        return _read_id(path, operator, value)
    if fields.attributes[name.key].number:
        return _read_number(name.key, path, operator, value)
    if operator not in LIST_OPS:
        raise bad_operator(operator, LIST_OPS)
    if operator not in TEXT_OPS:
        raise invalid(f"Invalid comparator for string attribute: {operator}")
    return clause(path, operator, value)


def _read_number(key: str, path: Path, operator: str, value: Any) -> Clause:
    if operator not in NUMBER_OPS:
        raise bad_operator(operator, LIST_OPS)
    if isinstance(value, float):
        raise invalid(f"Invalid value for numeric attribute '{key}': {str(value)!r}")
    return clause(path, operator, value)


def _read_id(path: Path, operator: str, value: Any) -> Clause:
    if operator not in ("=", "!=", "IN", "NOT IN"):
        raise invalid(f"Invalid comparator for experiment_id: {operator}")
    return clause(path, operator, tuple(map(_id, value)) if isinstance(value, tuple) else _id(value))


def _id(text: str) -> int | float:
    try:
        return bounded(int(text))
    except ValueError:
        raise invalid(f"Invalid experiment ID '{text}'. Experiment ID must be a valid integer.") from None


def _place(fields: Fields, identifier: str) -> Path:
    name = fields.name(identifier, fields.attributes)
    if name.kind != "attribute":
        raise invalid(f"Invalid order_by entity: {name.kind}")
    return fields.path(name)


EXPERIMENTS = Fields(
    prefixes={"attribute": "attribute", "tag": "tag", "tags": "tag"},
    attributes={
        "name": Attribute(Path("name")),
        "experiment_id": Attribute(Path("number"), lists=True),
        "creation_time": Attribute(Path("created"), number=True),
        "last_update_time": Attribute(Path("updated"), number=True),
    },
    maps={"tag": "tags"},
    unknown_prefix="Invalid entity type '{}'. Valid entity types are ('attribute', 'tag', 'tags')",
    read=_read,
    place=_place,
    attribute_value=attribute_value,
    quote="",
    sorts_once=False,
    refuses_null="IS NULL / IS NOT NULL is only supported for tags, not for attribute '{key}'",
)
