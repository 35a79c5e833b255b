"""What the fields of GraphQL's schema answer: REST's replies, and MLflow's values for what those lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from pydantic.alias_generators import to_snake

from genesis.api import artifacts, experiments, metrics, model_versions, runs
from genesis.errors import invalid
from genesis.scope import Scope
from genesis.wire import artifacts as wa
from genesis.wire import experiments as we
from genesis.wire import metrics as wm
from genesis.wire import model_versions as wv
from genesis.wire import runs as wr
from genesis.wire.base import Message, Reply, encode
from genesis.wire.graphql_schema import SCHEMA

if TYPE_CHECKING:
    from graphql import GraphQLField, GraphQLNamedType, GraphQLResolveInfo, GraphQLSchema

MAX_RUNS = 1_000
"""Runs of one page: a field takes longer in GraphQL than a run in REST, where pages have 50,000."""
AT_ONCE = 500
"""Runs whose model versions one search finds: the ids are in its filter."""

Found = dict[str, Any]


@dataclass
class Asked:
    """One request: its reach, and what has been read for it already."""

    scope: Scope
    run_ids: list[str] = field(default_factory=list)
    """Of the runs on their way to the client."""
    experiments: dict[str, Found] = field(default_factory=dict)
    versions: dict[str, list[Found]] = field(default_factory=dict)
    """By run."""


class Root(NamedTuple):
    """A field of a query: the message in its ``input``, and REST's verb."""

    message: type[Message]
    verb: Callable[[Any, Scope], Reply]


ROOTS = {
    "mlflowGetExperiment": Root(we.GetExperiment, experiments.get),
    "mlflowGetMetricHistoryBulkInterval": Root(
        wm.GetMetricHistoryBulkInterval, metrics.get_history_bulk_interval
    ),
    "mlflowGetRun": Root(wr.GetRun, runs.get),
    "mlflowListArtifacts": Root(wa.ListArtifacts, artifacts.list_of_run),
    "mlflowSearchModelVersions": Root(wv.SearchModelVersions, model_versions.search),
    "mlflowSearchDatasets": Root(we.SearchDatasets, experiments.search_datasets),
    "mlflowSearchRuns": Root(wr.SearchRuns, runs.search),
}


@cache
def schema() -> GraphQLSchema:
    """Built once: it takes 30 ms."""
    from graphql import GraphQLObjectType, GraphQLScalarType, GraphQLSchema, build_schema

    built = build_schema(SCHEMA)
    # MLflow has no other directives, not even those that all have.
    directives = [d for d in built.directives if d.name == "component"]
    for kind in built.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, one in kind.fields.items():
                one.resolve = _resolver(kind.name, name, one)
        elif isinstance(kind, GraphQLScalarType) and kind.name == "LongString":
            setattr(kind, "serialize", str)  # noqa: B010 - a method, to the type checker
    return GraphQLSchema(built.query_type, built.mutation_type, directives=directives)


def _resolver(kind: str, name: str, declared: GraphQLField) -> Callable[..., Any]:
    if name in ROOTS:
        return _root
    if name in OWN.get(kind, {}):
        return OWN[kind][name]
    key, absent = to_snake(name), _absent(declared)

    def resolve(source: Mapping[str, Any] | None, info: GraphQLResolveInfo, **_: Any) -> Any:
        value = (source or {}).get(key, absent)
        # As protobuf's JSON writes it; here it is a number that cannot be written.
        return float("nan") if value == "NaN" and name == "value" else value

    return resolve


def _absent(declared: GraphQLField) -> Any:
    """The value of a field that a message of protobuf's lacks."""
    from graphql import GraphQLEnumType, GraphQLList, get_named_type

    named: GraphQLNamedType = get_named_type(declared.type)
    if isinstance(declared.type, GraphQLList):
        return []
    # An error is told beside the data; the states are those of Databricks' jobs.
    if named.name == "ApiError" or isinstance(named, GraphQLEnumType):
        return None
    return {"String": "", "LongString": 0, "Boolean": False, "Float": 0.0}.get(named.name, {})


def _root(source: None, info: GraphQLResolveInfo, **given: Any) -> Found:
    root, asked = ROOTS[info.field_name], info.context
    message = root.message.parse(
        {to_snake(name): value for name, value in (given.get("input") or {}).items()}
    )
    if isinstance(message, wr.SearchRuns) and message.max_results > MAX_RUNS:
        raise invalid(
            f"A page of runs may have {MAX_RUNS} runs in GraphQL, not {message.max_results}; ask for the "
            "next one by pageToken."
        )
    found = _answered(root.verb, message, asked.scope)
    asked.run_ids += [run["info"]["run_id"] for run in _runs_of(found)]
    return found


def _answered(verb: Callable[[Any, Scope], Reply], message: Message, scope: Scope) -> Found:
    """The reply as REST's clients read it, since parts of one may be JSON before they are sent."""
    found: Found = orjson.loads(encode(verb(message, scope)).whole())
    return found


def _runs_of(found: Found) -> Iterator[Found]:
    yield from found.get("runs", [])
    if "run" in found:
        yield found["run"]


def _experiment(run: Found, info: GraphQLResolveInfo) -> Found:
    asked: Asked = info.context
    id = run["info"]["experiment_id"]
    if id not in asked.experiments:
        message = we.GetExperiment(experiment_id=id)
        asked.experiments[id] = _answered(experiments.get, message, asked.scope)["experiment"]
    return asked.experiments[id]


def _versions(run: Found, info: GraphQLResolveInfo) -> list[Found]:
    """Of all runs at once when the first one is asked: each alone would be a search."""
    asked: Asked = info.context
    id = run["info"]["run_id"]
    if id not in asked.versions:
        unread = [one for one in dict.fromkeys(asked.run_ids) if one not in asked.versions]
        for start in range(0, len(unread), AT_ONCE):
            _read_versions(unread[start : start + AT_ONCE], asked)
    return asked.versions[id]


def _read_versions(run_ids: list[str], asked: Asked) -> None:
    asked.versions |= {id: [] for id in run_ids}
    listed = ", ".join(f"'{id}'" for id in run_ids)
    message = wv.SearchModelVersions(filter=f"run_id IN ({listed})")
    for version in _answered(model_versions.search, message, asked.scope).get("model_versions", []):
        asked.versions[version["run_id"]].append(version)


def _value(metric: Found, info: GraphQLResolveInfo) -> float | None:
    """MLflow shows none where it is no number, of a run's own metrics only."""
    value: float | str = metric["value"]
    return None if isinstance(value, str) else value


def _echo(source: None, info: GraphQLResolveInfo, **given: Any) -> Found:
    return {"output": given.get("inputString") or ""}


OWN: dict[str, dict[str, Callable[..., Any]]] = {
    "Query": {"test": _echo},
    "Mutation": {"testMutation": lambda *_, **__: None},
    "MlflowRunExtension": {"experiment": _experiment, "modelVersions": _versions},
    "MlflowMetricExtension": {"value": _value},
}
"""Fields, by type, that are more than what a message has under their name."""
