"""What runs are searched and sorted by."""

from __future__ import annotations

from genesis.errors import invalid
from genesis.search.clauses import Clause, Path
from genesis.search.fields import (
    LIST_OPS,
    NULLABLE_OPS,
    NUMBER_OPS,
    Attribute,
    Fields,
    Term,
    attribute_value,
    bad_operator,
    clause,
)

RUN_NAME = Path("tags", "mlflow.runName")
START = Attribute(Path("start_time"), number=True)
NAME = Attribute(RUN_NAME, sorts=False)


def _read(fields: Fields, term: Term) -> Clause:
    name, operator, value = term
    operator = operator.upper()
    if name.kind in fields.members:
        if operator not in LIST_OPS:
            raise bad_operator(operator, LIST_OPS)
        return clause(Path("inputs", name.key), operator, value)
    if name.kind == "attribute":
        if operator not in (NUMBER_OPS if fields.attributes[name.key].number else LIST_OPS):
            raise bad_operator(operator, LIST_OPS)
        return clause(fields.path(name), operator, value)
    allowed = NUMBER_OPS if name.kind == "metric" else NULLABLE_OPS
    if operator not in allowed:
        raise bad_operator(operator, allowed)
    return clause(fields.path(name), operator, value)


def _place(fields: Fields, identifier: str) -> Path:
    name = fields.name(identifier, [key for key, attribute in fields.attributes.items() if attribute.sorts])
    if name.kind in fields.members:
        raise invalid(f"Invalid identifier type '{name.kind}'")
    return fields.path(name)


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
    read=_read,
    place=_place,
    attribute_value=attribute_value,
    quoted_prefixes=True,
    nullable=("tag", "parameter"),
    refuses_null="IS NULL / IS NOT NULL is only supported for tags and params, not for '{kind}' '{key}'",
)
