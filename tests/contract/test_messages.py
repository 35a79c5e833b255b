"""Each row's request and reply has the fields of MLflow's message, in MLflow's types."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import BeforeValidator

from genesis.routes import ROUTES, Route
from genesis.wire.base import Message, Raw
from tests.contract.descriptors import endpoints, kind, response_of

LACKING = {
    ("ListArtifacts.Response", "next_page_token"): "MLflow's server never pages listings of artifacts",
    ("Experiment", "effective_trace_archival_retention"): "traces are not served yet",
    ("ListLoggedModelArtifacts.Response", "next_page_token"): "MLflow's server never pages them either",
    **{
        ("Metric", name): "MLflow's server fills it in replies about logged models only"
        for name in ("model_id", "dataset_name", "dataset_digest", "run_id")
    },
    **{
        ("LoggedModelInfo", name): "MLflow's server never fills it"
        for name in ("creator_id", "registrations")
    },
    **{
        (message, "deployment_job_id"): "only Databricks has such jobs"
        for message in ("RegisteredModel", "CreateRegisteredModel", "UpdateRegisteredModel")
    },
    ("RegisteredModel", "deployment_job_state"): "only Databricks has such jobs",
    ("RegisteredModel", "user_id"): "MLflow's server never fills it",
    **{
        ("ModelVersion", name): "MLflow's server never fills it"
        for name in ("user_id", "status_message", "model_id", "model_params", "model_metrics")
    },
    ("ModelVersion", "deployment_job_state"): "only Databricks has such jobs",
}
"""Fields of MLflow's that ours lack, and why."""

OURS_ALONE = {
    "artifact_path": "part of the path",
    "allow_deleted": "MLflow's handler reads it from the query, beside the message",
}

ROWS = {(r.method, r.path.replace("{artifact_path*}", "<path:artifact_path>"), r.since): r for r in ROUTES}


def known() -> Iterator[tuple[Route, Any]]:
    described = endpoints()
    for key, route in ROWS.items():
        for variant in (key, (key[0], route.path, key[2])):
            if variant in described:
                yield route, described[variant]
                break


def simplified(hint: Any) -> Any:
    """A hint without Annotated, NotRequired and ``| None``."""
    while get_origin(hint) in (Annotated, NotRequired):
        hint = get_args(hint)[0]
    if get_origin(hint) in (types.UnionType, Union):
        inner = [a for a in get_args(hint) if a is not type(None)]
        return simplified(inner[0])
    return hint


def is_enum(hint: Any) -> bool:
    return any(
        isinstance(m, BeforeValidator) and "name_of" in getattr(m.func, "__name__", "")
        for part in (hint, *get_args(hint))
        for m in getattr(part, "__metadata__", ())
    )


def our_kind(hint: Any) -> tuple[str, bool]:
    plain = simplified(hint)
    if get_origin(plain) is list:
        return our_kind(get_args(plain)[0])[0], True
    if get_origin(plain) is dict:
        return "map", False
    if is_enum(hint):
        return "enum", False
    names = {str: "string", int: "integer", float: "double", bool: "boolean"}
    return names.get(plain, "message"), False


def fields_of(message: type) -> dict[str, Any]:
    hints = get_type_hints(message, include_extras=True)
    if issubclass(message, Message):
        return {
            info.alias if name.endswith("_") else name: hints[name]
            for name, info in message.model_fields.items()
        }
    return hints


def check(message: type, described: Any, seen: set[tuple[type, str]], *, reply: bool) -> list[str]:
    if (message, described.full_name) in seen:
        return []
    seen.add((message, described.full_name))
    ours = fields_of(message)
    wrong: list[str] = []
    short = described.full_name.removeprefix("mlflow.").removeprefix("artifacts.")
    for field in described.fields:
        if field.name not in ours:
            if (short, field.name) not in LACKING:
                wrong.append(f"{message.__name__} lacks {field.name} of {short}")
            continue
        theirs, mine = kind(field), our_kind(ours[field.name])
        enum_as_text = reply and theirs[0] == "enum" and mine[0] == "string"
        if mine != theirs and not enum_as_text and (short, field.name) not in LACKING:
            wrong.append(f"{message.__name__}.{field.name} is {mine}, but {theirs} in {short}")
        elif theirs[0] == "message" and (short, field.name) not in LACKING:
            inner = simplified(ours[field.name])
            inner = simplified(get_args(inner)[0]) if get_origin(inner) is list else inner
            if inner is not Any:
                wrong += check(inner, field.message_type, seen, reply=reply)
    unknown = ours.keys() - {f.name for f in described.fields} - OURS_ALONE.keys()
    return wrong + [f"{message.__name__} has {name}, which {short} has not" for name in sorted(unknown)]


PAIRS = list(known())


def test_the_rows_of_mlflow_s_services_are_found() -> None:
    assert len(PAIRS) >= 35


@pytest.mark.parametrize(("route", "described"), PAIRS, ids=[f"{r.method} {r.path}" for r, _ in PAIRS])
def test_a_request_has_the_fields_of_mlflow_s(route: Route, described: Any) -> None:
    if not issubclass(route.request, Message):
        assert not [f for f in described.fields if f.name != "artifact_path"], (
            "a message with fields must be read as one"
        )
        return
    assert check(route.request, described, set(), reply=False) == []


@pytest.mark.parametrize(("route", "described"), PAIRS, ids=[f"{r.method} {r.path}" for r, _ in PAIRS])
def test_a_reply_has_the_fields_of_mlflow_s(route: Route, described: Any) -> None:
    reply = get_type_hints(route.handler)["return"]
    if reply is Raw:
        return
    response = response_of(described)
    if get_origin(reply) is types.UnionType:
        assert not response.fields
        return
    assert check(reply, response, set(), reply=True) == []


@pytest.mark.parametrize("key", LACKING, ids=lambda key: ".".join(key))
def test_the_table_of_missing_fields_has_no_stale_line(key: tuple[str, str]) -> None:
    names: set[tuple[str, str]] = set()

    def walk(described: Any, seen: set[str]) -> None:
        if described.full_name in seen:
            return
        seen.add(described.full_name)
        short = described.full_name.removeprefix("mlflow.").removeprefix("artifacts.")
        for field in described.fields:
            names.add((short, field.name))
            if field.message_type is not None:
                walk(field.message_type, seen)

    seen: set[str] = set()
    for _, described in PAIRS:
        walk(described, seen)
        walk(response_of(described), seen)
    assert key in names


def test_required_fields_are_those_that_mlflow_checks() -> None:
    """A message never demands a field that MLflow's has not."""
    for route, described in PAIRS:
        required: Mapping[str, Any] = dict.fromkeys(getattr(route.request, "REQUIRED", ()))
        assert required.keys() <= {f.name for f in described.fields}
