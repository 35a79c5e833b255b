"""Every row of the route table under values that no client of good will sends: none of them may fail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from types import NoneType
from typing import Any, get_args
from urllib.parse import quote, urlencode

import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.routes import ROUTES, UNSERVED, Route
from genesis.wire.base import Message
from tests.e2e.answers import refusal_of
from tests.e2e.rest import Rest
from tests.servers import Server
from tests.servers.serve import genesis_serve

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")

NASTY: list[Any] = [
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    10**40,
    1.5,
    1e308,
    "",
    " ",
    "0",
    "-1",
    "NaN",
    "x" * 9000,
    "a\0b",
    "\ud800",
    "../../etc/passwd",
    "%2e%2e%2f",
    "' OR 1=1 --",
    "$where",
    "a.b.$c",
    [],
    [None],
    [[[]]],
    [{}],
    ["x"] * 2000,
    {},
    {"$ne": None},
    {"key": "k", "value": {"deep": [1]}},
]


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def server(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("every-route")
    with genesis_serve(data, database_uri=new_database(request.param)) as serving:
        yield serving


@pytest.fixture(scope="module")
def rest(server: Server) -> Rest:
    return Rest(server.url)


@pytest.fixture
def usual(rest: Rest) -> Iterator[dict[str, Any]]:
    """A value for each name of a field with which most requests get as far as the store.

    Whatever a test writes with them, it can be read afterwards.
    """
    experiment_id = rest.new_experiment()
    run_id = rest.new_run(experiment_id)
    yield {
        "experiment_id": experiment_id,
        "experiment_ids": [experiment_id],
        "run_id": run_id,
        "run_ids": [run_id],
        "key": "k",
        "value": "1",
        "timestamp": 1,
        "step": 1,
        "metric_key": "k",
        "max_results": 5,
        "filter": "params.k = '1'",
        "order_by": ["metrics.k"],
        "metrics": [{"key": "k", "value": 1, "timestamp": 1, "step": 1}],
        "params": [{"key": "p", "value": "1"}],
        "tags": [{"key": "t", "value": "1"}],
        "datasets": [{"dataset": {"name": "d", "digest": "1", "source_type": "s", "source": "x"}}],
        "path": "folder/file.txt",
        "artifact_path": "folder",
        "num_parts": 2,
        "expiration": 60,
        "uploads": [{"path": "folder/file.txt", "upload_id": "u", "parts": 2}],
        "downloads": ["folder/file.txt"],
    }

    refusal_of(rest.get("runs/get", run_id=run_id))
    refusal_of(rest.get("metrics/get-history", run_id=run_id, metric_key="k"))
    refusal_of(rest.get("experiments/get", experiment_id=experiment_id))
    refusal_of(rest.post("runs/search", experiment_ids=[experiment_id], run_view_type="ALL"))
    refusal_of(rest.post("experiments/search", max_results=1000, view_type="ALL"))


def fields_of(route: Route) -> dict[str, Any]:
    """Names and annotations of the fields of a route's request; none for what is no message."""
    if not issubclass(route.request, Message):
        return {}
    return {name: info.annotation for name, info in route.request.model_fields.items()}


def usual_of(fields: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    """Fields with which the request is likely to be taken."""
    known = {name: usual[name] for name in fields if name in usual}
    return {name: "x" for name, kind in fields.items() if kind is str} | known


def send(rest: Rest, route: Route, fields: dict[str, Any]) -> urllib3.BaseHTTPResponse:
    """The reply to a request with these fields: in the path, the query or the body, as the route has them."""
    path = next(iter(route.paths()))
    for name in re.findall(r"{(\w+)\*?}", path):
        part = quote(text(fields.get(name, "x")).encode("utf-8", "surrogatepass"))
        path = re.sub(rf"{{{name}\*?}}", lambda _, part=part: part or "x", path)
    if route.method in ("GET", "DELETE"):
        query = {name: [text(value) for value in listed(values)] for name, values in fields.items()}
        return rest.send(route.method, f"{path}?{urlencode(query, doseq=True, errors='replace')}")
    return rest.send(
        route.method, path, body=json.dumps(fields).encode(), headers={"Content-Type": "application/json"}
    )


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def listed(values: Any) -> list[Any]:
    """What of a field fits in a query string, which a server limits to 64 KB."""
    return values[:50] if isinstance(values, list) else [values]


@each_route
def test_no_value_of_a_field_makes_it_fail(rest: Rest, usual: dict[str, Any], route: Route) -> None:
    fields = fields_of(route) or {"path": str, "run_id": str, "artifact_path": str}
    base = usual_of(fields, usual)

    for name in fields:
        for value in NASTY:
            refusal_of(send(rest, route, {**base, name: value}))


@each_route
def test_no_missing_field_makes_it_fail(rest: Rest, usual: dict[str, Any], route: Route) -> None:
    base = usual_of(fields_of(route), usual)

    refusal_of(send(rest, route, {}))
    for name in base:
        refusal_of(send(rest, route, {key: value for key, value in base.items() if key != name}))
        refusal_of(send(rest, route, {name: base[name]}))


@each_route
def test_another_method_is_refused(rest: Rest, route: Route) -> None:
    path = re.sub(r"{\w+\*?}", "x", next(iter(route.paths())))
    taken = {other.method for other in ROUTES if other.path == route.path}

    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - taken:
        reply = rest.send(method, path, body=b"{}", headers={"Content-Type": "application/json"})
        if UNSERVED.fullmatch(path):
            assert refusal_of(reply) == 501
        else:
            assert refusal_of(reply) == 405
            assert route.method in reply.headers["Allow"]


def values_for(annotation: Any, usual: Any) -> st.SearchStrategy[Any]:
    """Mostly what a field of this type may hold, and now and then anything."""
    choices: list[st.SearchStrategy[Any]] = [st.sampled_from(NASTY), odd_text()]
    if usual is not None:
        choices += [st.just(usual)] * 3
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, Message):
            nested = {name: values_for(info.annotation, None) for name, info in part.model_fields.items()}
            message = st.fixed_dictionaries({}, optional=nested)
            choices += [message, st.lists(message, max_size=4)]
        elif part in (int, float):
            choices += [st.integers(), st.floats(allow_nan=False, allow_infinity=False)]
        elif part not in (NoneType, bool):
            choices.append(st.lists(odd_text(), max_size=3))
    return st.one_of(choices)


def odd_text() -> st.SearchStrategy[str]:
    """Any characters at all, and pieces of filters, orders and paths in any order."""
    pieces = "metrics. params. tags. attributes. dataset. k ` ' \" = != > <= LIKE ILIKE IN IS NULL AND ( ) ,"
    pieces += " 1 -1e9 'x' '%' ASC DESC .. / \\ # %00 ; $ ~ \x7f"
    written = st.lists(st.sampled_from(pieces.split()), max_size=8)
    return st.one_of(st.text(max_size=30), written.map(" ".join), written.map("".join))


@each_route
def test_no_mixture_of_values_makes_it_fail(rest: Rest, usual: dict[str, Any], route: Route) -> None:
    fields = fields_of(route)
    if not fields:
        pytest.skip("takes no fields")
    mixtures = st.fixed_dictionaries(
        {}, optional={name: values_for(kind, usual.get(name)) for name, kind in fields.items()}
    )

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(mixtures)
    def check(mixture: dict[str, Any]) -> None:
        refusal_of(send(rest, route, mixture))

    check()
