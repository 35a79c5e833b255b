"""What an entity lets you search and sort by, as a table in a module of its own; a new key is one row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from genesis.errors import GenesisError, invalid
from genesis.search import grammar
from genesis.search.clauses import Clause, Op, Order, Path, Where

NUMBER_OPS = (">", ">=", "!=", "=", "<", "<=")
TEXT_OPS = ("!=", "=", "LIKE", "ILIKE")
LIST_OPS = (*TEXT_OPS, "IN", "NOT IN")
NULLABLE_OPS = (*TEXT_OPS, "IS NULL", "IS NOT NULL")

MAX_DIGITS = 4000
"""Python reads no longer integers (``sys.int_info``); nothing that is stored is as large by far."""
LARGEST = sys.float_info.max


class Attribute(NamedTuple):
    """A searchable attribute: where it is, and whether it is a number or may be compared with a list."""

    path: Path
    number: bool = False
    lists: bool = False
    sorts: bool = True


class Name(NamedTuple):
    """An identifier, understood: its kind (``metric``, ``tag``, ``attribute``…) and key."""

    kind: str
    key: str


class Term(NamedTuple):
    """A comparison whose name is known and whose value has its field's type; the operator is as written."""

    name: Name
    operator: str
    value: Any


@dataclass(frozen=True)
class Fields:
    """An entity's table. ``read`` turns a term into a clause, or refuses it as MLflow does."""

    prefixes: Mapping[str, str]
    """Prefix of an identifier → kind."""
    attributes: Mapping[str, Attribute]
    maps: Mapping[str, str]
    """Kind → the document's map."""
    unknown_prefix: str
    read: Callable[[Fields, Term], Clause]
    place: Callable[[Fields, str], Path]
    """What an identifier in an order_by stands for."""
    attribute_value: Callable[[Fields, str, grammar.Value], Any]
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind → members of a list's elements (datasets)."""
    quote: str = "'"
    quoted_prefixes: bool = False
    """Whether a prefix may stand in backticks."""
    quoted_attributes: bool = True
    """Whether an attribute in a filter may stand in quotes or backticks."""
    sorts_once: bool = True
    """Whether a field that stands twice in an order is refused; else its first mention counts."""
    nullable: tuple[str, ...] = ("tag",)
    refuses_null: str = ""

    def where(self, text: str) -> Where:
        """The clauses of a filter."""
        clauses = [self.read(self, term) for term in self.terms(text)]
        # What does not fit only MLflow's database finds out, after everything else was looked at.
        return tuple(map(fitting, clauses))

    def terms(self, text: str) -> list[Term]:
        """All terms of a filter: MLflow takes all of it apart before it looks at the first operator."""
        return [self._term(comparison) for comparison in grammar.comparisons(text, self.quote)]

    def _term(self, comparison: grammar.Comparison) -> Term:
        name = self.name(comparison.identifier, self.attributes, self.quoted_attributes)
        if comparison.value is not None:
            return Term(name, comparison.operator, self._value(name, comparison.value))
        if name.kind not in self.nullable:
            raise invalid(self.refuses_null.format(kind=name.kind, key=name.key))
        return Term(name, comparison.operator, None)

    def orders(self, texts: Iterable[str]) -> tuple[Order, ...]:
        """The sort keys of an order_by list."""
        texts = list(texts)
        orders: dict[Path, Order] = {}
        for text in texts:
            identifier, ascending = grammar.ordering(text)
            path = self.place(self, identifier)
            if path in orders and self.sorts_once:
                raise invalid(f"`order_by` contains duplicate fields: {texts}")
            orders.setdefault(path, Order(path, ascending))
        return tuple(orders.values())

    def name(self, identifier: str, attributes: Collection[str], quoted: bool = True) -> Name:
        """The identifier's kind and key, quotes and backticks removed; ``quoted``: an attribute's, too."""
        prefix, dot, key = identifier.partition(".")
        if not dot:
            prefix, key = "attribute", identifier
        if self.quoted_prefixes:
            prefix = _without(prefix, "`")
        if prefix not in self.prefixes:
            raise invalid(self.unknown_prefix.format(prefix))
        kind = self.prefixes[prefix]
        if kind != "attribute" or quoted:
            key = _without(_without(key, "'") if grammar.is_quoted(key, "'") else _without(key, '"'), "`")
        known = attributes if kind == "attribute" else self.members.get(kind)
        if known is not None and key not in known:
            raise invalid(f"Invalid {kind} key '{key}' specified. Valid keys are '{shown(known)}'")
        return Name(kind, key)

    def path(self, name: Name) -> Path:
        """Where in the document a name's values are."""
        if name.kind == "attribute":
            return self.attributes[name.key].path
        return Path(self.maps[name.kind], name.key)

    def _value(self, name: Name, value: grammar.Value) -> Any:
        """A comparison's value in the type that the field has; raises if it is written otherwise."""
        if name.kind == "metric":
            if value.kind not in ("integer", "float"):
                raise invalid(f"Expected numeric value type for metric. Found {value.text}")
            return float(value.text)
        if name.kind == "attribute":
            return self.attribute_value(self, name.key, value)
        if name.kind in self.members:
            return _member_value(name, value)
        if value.kind == "text":
            return grammar.unquoted(value.text)
        raise invalid(
            f"Expected a quoted string value for {name.kind} (e.g. 'my-value'). Got value {value.text}"
        )

    def listed(self, key: str, value: grammar.Value) -> tuple[str, ...]:
        """The list that an attribute is compared with, if it may be."""
        if not self.attributes[key].lists:
            supported = sorted(k for k, a in self.attributes.items() if a.lists)
            raise invalid(
                f"Only {supported} attributes support comparison with a list of quoted string values."
            )
        return grammar.listed(value.text)


def attribute_value(fields: Fields, key: str, value: grammar.Value) -> Any:
    """The value that an attribute of a run or an experiment is compared with."""
    if fields.attributes[key].number:
        if value.kind in ("integer", "float"):
            return number(value)
        raise invalid(f"Expected numeric value type for numeric attribute: {key}. Found {value.text}")
    if value.kind == "text":
        return grammar.unquoted(value.text)
    if value.kind == "list":
        return fields.listed(key, value)
    raise invalid(f"Expected a quoted string value for attributes. Got value {value.text}")


def number(value: grammar.Value) -> int | float:
    """The number that is written; of more digits than anything has, the first."""
    return int(value.text[:MAX_DIGITS]) if value.kind == "integer" else float(value.text)


def _without(text: str, mark: str) -> str:
    return text[1:-1] if grammar.is_quoted(text, mark) else text


def _member_value(name: Name, value: grammar.Value) -> Any:
    if value.kind == "text":
        return grammar.unquoted(value.text)
    if value.kind == "list":
        return grammar.listed(value.text)
    raise invalid(f"Expected a quoted string value for {name.kind} attributes. Got value {value.text}")


def shown(keys: Iterable[str]) -> str:
    """Keys as Python prints a set of them."""
    return "{" + ", ".join(repr(key) for key in sorted(keys)) + "}"


def clause(path: Path, operator: str, value: Any) -> Clause:
    return Clause(path, Op(operator), bounded(value) if isinstance(value, int) else value)


def fitting(clause: Clause) -> Clause:
    """The clause, if its operator and value fit together: a list for IN and NOT IN, and only there."""
    if (clause.op in (Op.IN, Op.NOT_IN)) != isinstance(clause.value, tuple):
        raise invalid(f"The operator '{clause.op}' cannot be used with the value {clause.value!r}.")
    return clause


def bounded(integer: int) -> int | float:
    """The integer; as a finite float when no database has integers that large."""
    if -(2**63) <= integer < 2**63:
        return integer
    return float(max(-int(LARGEST), min(int(LARGEST), integer)))


def bad_operator(operator: str, allowed: Iterable[str]) -> GenesisError:
    return invalid(f"Invalid comparator '{operator}' not one of '{shown(allowed)}'")
