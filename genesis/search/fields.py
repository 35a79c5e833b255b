"""What each entity lets you search and sort by, one table each; a new key is one row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
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


@dataclass(frozen=True)
class Fields:
    """An entity's table. ``read`` turns a parsed comparison into a clause, or refuses it as MLflow does."""

    prefixes: Mapping[str, str]
    """Prefix of an identifier → kind."""
    attributes: Mapping[str, Attribute]
    maps: Mapping[str, str]
    """Kind → the document's map."""
    unknown_prefix: str
    read: Callable[[Fields, Name, grammar.Comparison], Clause]
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind → members of a list's elements (datasets)."""
    quote: str = "'"
    sortable: tuple[str, ...] = ("attribute",)
    unsortable: str = "Invalid order_by entity: {}"
    sorts_once: bool = False
    """Whether a field that stands twice in an order is refused."""
    nullable: tuple[str, ...] = ("tag",)
    refuses_null: str = ""

    def where(self, text: str) -> Where:
        """The clauses of a filter."""
        parsed = [(self._name(c), c) for c in grammar.comparisons(text, self.quote)]
        # MLflow reads all values before it looks at the first operator; errors come in that order.
        for name, comparison in parsed:
            self._check_value(name, comparison)
        return tuple(self.read(self, name, comparison) for name, comparison in parsed)

    def orders(self, texts: Iterable[str]) -> tuple[Order, ...]:
        """The sort keys of an order_by list."""
        orders: list[Order] = []
        for text in texts:
            identifier, ascending = grammar.ordering(text)
            sortable = {key for key, attribute in self.attributes.items() if attribute.sorts}
            name = self.name(identifier, sortable)
            if name.kind not in self.sortable:
                raise invalid(self.unsortable.format(name.kind))
            orders.append(Order(self._path(name), ascending))
        unique = {order.path: order for order in reversed(orders)}
        if self.sorts_once and len(unique) < len(orders):
            raise invalid(f"`order_by` contains duplicate fields: {list(texts)}")
        return tuple(order for order in orders if unique[order.path] is order)

    def _name(self, comparison: grammar.Comparison) -> Name:
        name = self.name(comparison.identifier, set(self.attributes))
        if comparison.value is None and name.kind not in self.nullable:
            raise invalid(self.refuses_null.format(kind=name.kind, key=name.key))
        return name

    def name(self, identifier: str, attributes: set[str]) -> Name:
        """The identifier's kind and key, quotes and backticks removed."""
        prefix, dot, key = identifier.partition(".")
        if not dot:
            prefix, key = "attribute", identifier
        prefix = _without(prefix, "`")
        if prefix not in self.prefixes:
            raise invalid(self.unknown_prefix.format(prefix))
        key = _without(_without(key, "'") if grammar.is_quoted(key, "'") else _without(key, '"'), "`")
        kind = self.prefixes[prefix]
        if kind == "attribute" and key not in attributes:
            raise invalid(f"Invalid attribute key '{key}' specified. Valid keys are '{shown(attributes)}'")
        if kind in self.members and key not in self.members[kind]:
            raise invalid(
                f"Invalid {kind} key '{key}' specified. Valid keys are '{shown(self.members[kind])}'"
            )
        return Name(kind, key)

    def _path(self, name: Name) -> Path:
        if name.kind == "attribute":
            return self.attributes[name.key].path
        return Path(self.maps[name.kind], name.key)

    def _check_value(self, name: Name, comparison: grammar.Comparison) -> None:
        if comparison.value is not None:
            self.value(name, comparison.value)

    def value(self, name: Name, value: grammar.Value) -> Any:
        """A comparison's value in the type that the field has; raises if it is written otherwise."""
        if name.kind == "metric":
            if value.kind not in ("integer", "float"):
                raise invalid(f"Expected numeric value type for metric. Found {value.text}")
            return float(value.text)
        if name.kind == "attribute":
            return self._attribute_value(name.key, value)
        if name.kind in self.members:
            return _member_value(name, value)
        if value.kind == "text":
            return grammar.unquoted(value.text)
        raise invalid(
            f"Expected a quoted string value for {name.kind} (e.g. 'my-value'). Got value {value.text}"
        )

    def _attribute_value(self, key: str, value: grammar.Value) -> Any:
        attribute = self.attributes[key]
        if attribute.number:
            if value.kind == "integer":
                return _integer(value.text)
            if value.kind == "float":
                return float(value.text)
            raise invalid(f"Expected numeric value type for numeric attribute: {key}. Found {value.text}")
        if value.kind == "text":
            return grammar.unquoted(value.text)
        if value.kind != "list":
            raise invalid(f"Expected a quoted string value for attributes. Got value {value.text}")
        if not attribute.lists:
            supported = sorted(k for k, a in self.attributes.items() if a.lists)
            raise invalid(
                f"Only {supported} attributes support comparison with a list of quoted string values."
            )
        return grammar.listed(value.text)


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
    """A clause whose operator and value fit together: a list for IN and NOT IN, and only there."""
    op = Op(operator)
    if (op in (Op.IN, Op.NOT_IN)) != isinstance(value, tuple):
        raise invalid(f"The operator '{operator}' cannot be used with the value {value!r}.")
    if op in (Op.LIKE, Op.ILIKE) and not isinstance(value, str):
        raise invalid(f"The operator '{operator}' needs a quoted string value.")
    return Clause(path, op, value)


def bad_operator(operator: str, allowed: Iterable[str]) -> GenesisError:
    return invalid(f"Invalid comparator '{operator}' not one of '{shown(allowed)}'")


def _read_run(fields: Fields, name: Name, comparison: grammar.Comparison) -> Clause:
    operator = comparison.operator.upper()
    value = None if comparison.value is None else fields.value(name, comparison.value)
    if name.kind in fields.members:
        if operator not in LIST_OPS:
            raise bad_operator(operator, LIST_OPS)
        return clause(Path("inputs", name.key), operator, value)
    if name.kind == "attribute":
        attribute = fields.attributes[name.key]
        if operator not in (NUMBER_OPS if attribute.number else LIST_OPS):
            raise bad_operator(operator, LIST_OPS)
        return clause(attribute.path, operator, value)
    allowed = NUMBER_OPS if name.kind == "metric" else NULLABLE_OPS
    if operator not in allowed:
        raise bad_operator(operator, allowed)
    return clause(Path(fields.maps[name.kind], name.key), operator, value)


def _read_experiment(fields: Fields, name: Name, comparison: grammar.Comparison) -> Clause:
    operator = comparison.operator
    value = None if comparison.value is None else fields.value(name, comparison.value)
    if name.kind == "tag":
        if operator not in NULLABLE_OPS:
            raise invalid(f"Invalid comparator for tag: {operator}")
        return clause(Path("tags", name.key), operator, value)
    return _experiment_attribute(fields.attributes[name.key], name.key, comparison, value)


def _experiment_attribute(
    attribute: Attribute, key: str, comparison: grammar.Comparison, value: Any
) -> Clause:
    operator = comparison.operator
    if key == "experiment_id":
        if operator not in ("=", "!=", "IN", "NOT IN"):
            raise invalid(f"Invalid comparator for experiment_id: {operator}")
        number = tuple(map(_number, value)) if isinstance(value, tuple) else _number(value)
        return clause(attribute.path, operator, number)
    if attribute.number:
        if operator not in NUMBER_OPS:
            raise bad_operator(operator, LIST_OPS)
        if isinstance(value, float) and comparison.value is not None and comparison.value.kind == "float":
            raise invalid(f"Invalid value for numeric attribute '{key}': {str(value)!r}")
        return clause(attribute.path, operator, value)
    if operator not in LIST_OPS:
        raise bad_operator(operator, LIST_OPS)
    if operator not in TEXT_OPS:
        raise invalid(f"Invalid comparator for string attribute: {operator}")
    return clause(attribute.path, operator, value)


def _integer(text: str) -> int | float:
    """The number in ``text``; as a finite float when no database has integers that large."""
    if len(text) <= MAX_DIGITS and -(2**63) <= int(text) < 2**63:
        return int(text)
    return max(-LARGEST, min(LARGEST, float(text)))


def _number(experiment_id: Any) -> int | float:
    try:
        return _integer(experiment_id)
    except ValueError:
        raise invalid(
            f"Invalid experiment ID '{experiment_id}'. Experiment ID must be a valid integer."
        ) from None


RUN_NAME = Path("tags", "mlflow.runName")
START = Attribute(Path("start_time"), number=True)
NAME = Attribute(RUN_NAME, sorts=False)

RUNS = Fields(
    prefixes={
        "metric": "metric",
        "metrics": "metric",
        "parameter": "parameter",
        "parameters": "parameter",
        "param": "parameter",
        "params": "parameter",
        "tag": "tag",
        "tags": "tag",
        "attribute": "attribute",
        "attributes": "attribute",
        "attr": "attribute",
        "run": "attribute",
        "dataset": "dataset",
        "datasets": "dataset",
    },
    attributes={
        "run_id": Attribute(Path("run_id"), lists=True),
        "run_name": Attribute(RUN_NAME),
        "run name": NAME,
        "Run name": NAME,
        "Run Name": NAME,
        "status": Attribute(Path("status")),
        "artifact_uri": Attribute(Path("artifact_uri")),
        "user_id": Attribute(Path("user_id")),
        "start_time": START,
        "created": START,
        "Created": START,
        "end_time": Attribute(Path("end_time"), number=True),
    },
    maps={"metric": "metrics", "parameter": "params", "tag": "tags"},
    members={"dataset": ("name", "digest", "context")},
    unknown_prefix=(
        "Invalid entity type '{}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']"
    ),
    read=_read_run,
    sortable=("attribute", "metric", "parameter", "tag"),
    unsortable="Invalid identifier type '{}'",
    sorts_once=True,
    nullable=("tag", "parameter"),
    refuses_null="IS NULL / IS NOT NULL is only supported for tags and params, not for '{kind}' '{key}'",
)

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
    read=_read_experiment,
    quote="",
    refuses_null="IS NULL / IS NOT NULL is only supported for tags, not for attribute '{key}'",
)
