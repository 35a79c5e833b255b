"""What registered models are searched and sorted by; prompts are registered models."""

from __future__ import annotations

from typing import Any

from genesis.errors import invalid
from genesis.search import grammar
from genesis.search.clauses import Clause, Path
from genesis.search.fields import LIST_OPS, TEXT_OPS, Attribute, Fields, Term, clause, shown

UPDATED = Path("updated")
SORTS = {"name": Path("name"), "timestamp": UPDATED, "last_updated_timestamp": UPDATED}
RECOMMENDED = ("name", "timestamp")
"""The keys that MLflow names where it refuses another."""


def _value(fields: Fields, key: str, value: grammar.Value) -> Any:
    if value.kind == "text":
        return grammar.unquoted(value.text)
    if value.kind == "list":
        return fields.listed(key, value)
    raise invalid(
        "Expected a quoted string value or a list of quoted string values for attributes. "
        f"Got value {value.text}"
    )


def _read(fields: Fields, term: Term) -> Clause:
    name, operator, value = term
    operator = operator.upper()
    if operator not in (TEXT_OPS if name.kind == "tag" else LIST_OPS):
        raise invalid(f"Invalid comparator for {name.kind}: {operator}")
    return clause(fields.path(name), operator, value)


def _place(_: Fields, identifier: str) -> Path:
    if identifier not in SORTS:
        raise invalid(f"Invalid order by key '{identifier}' specified. Valid keys are '{shown(RECOMMENDED)}'")
    return SORTS[identifier]


REGISTERED_MODELS = Fields(
    prefixes={"attribute": "attribute", "tag": "tag", "tags": "tag"},
    attributes={"name": Attribute(Path("name"), lists=True)},
    maps={"tag": "tags"},
    unknown_prefix="Invalid entity type '{}'. Valid entity types are ('attribute', 'tag', 'tags')",
    read=_read,
    place=_place,
    attribute_value=_value,
    quote="",
    quoted_attributes=False,
    nullable=(),
    refuses_null="IS NULL / IS NOT NULL is not supported for registered models, as for the {kind} '{key}'",
)
