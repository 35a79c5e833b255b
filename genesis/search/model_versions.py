"""What model versions are searched and sorted by; versions of prompts are model versions."""

from __future__ import annotations

from typing import Any

from genesis.errors import invalid
from genesis.search import grammar
from genesis.search.clauses import Clause, Path
from genesis.search.fields import (
    LIST_OPS,
    NUMBER_OPS,
    TEXT_OPS,
    Attribute,
    Fields,
    Term,
    clause,
    number,
    shown,
)

SORTS = {
    "name": Path("name"),
    "version_number": Path("number"),
    "creation_timestamp": Path("created"),
    "last_updated_timestamp": Path("updated"),
}
NUMBERS = ("version_number", "creation_timestamp", "last_updated_timestamp")
"""The keys that MLflow calls numeric, although it lets only the first be searched by."""


def _value(fields: Fields, key: str, value: grammar.Value) -> Any:
    if value.kind == "text":
        return grammar.unquoted(value.text)
    if value.kind == "list":
        return fields.listed(key, value)
    if value.kind not in ("integer", "float"):
        raise invalid(
            "Expected a quoted string value or a list of quoted string values for attributes. "
            f"Got value {value.text}"
        )
    if not fields.attributes[key].number:
        raise invalid(f"Only the '{shown(NUMBERS)}' attributes support comparison with numeric values.")
    return number(value)


def _read(fields: Fields, term: Term) -> Clause:
    name, operator, value = term
    operator = operator.upper()
    if name.kind == "tag":
        if operator not in TEXT_OPS:
            raise invalid(f"Invalid comparator for tag: {operator}")
    elif fields.attributes[name.key].number:
        if operator not in NUMBER_OPS:
            raise invalid(f"Invalid comparator for attribute {name.key}: {operator}")
        value = _integer(name.key, value)
    elif operator not in LIST_OPS:
        raise invalid(f"Invalid comparator for attribute: {operator}")
    return clause(fields.path(name), operator, value)


def _integer(key: str, value: str | int | float) -> int:
    try:
        if not isinstance(value, float):
            return int(value)
    except ValueError:
        pass
    raise invalid(f"Invalid value for numeric attribute '{key}': {value!r}")


def _place(fields: Fields, identifier: str) -> Path:
    key = fields.name(identifier, SORTS).key
    # MLflow takes a tag's key for an attribute's here.
    if key not in SORTS:
        raise invalid(f"Invalid order by key '{key}' specified. Valid keys are {shown(SORTS)}")
    return SORTS[key]


MODEL_VERSIONS = Fields(
    prefixes={"attribute": "attribute", "tag": "tag", "tags": "tag"},
    attributes={
        "name": Attribute(Path("name"), lists=True),
        "version_number": Attribute(Path("number"), number=True),
        "run_id": Attribute(Path("run_id"), lists=True),
        "source_path": Attribute(Path("source")),
    },
    maps={"tag": "tags"},
    unknown_prefix="Invalid entity type '{}'. Valid entity types are ('attribute', 'tag', 'tags')",
    read=_read,
    place=_place,
    attribute_value=_value,
    quote="",
    quoted_attributes=False,
    nullable=(),
    refuses_null="IS NULL / IS NOT NULL is not supported for model versions, as for the {kind} '{key}'",
)
