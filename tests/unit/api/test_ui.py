"""What is answered about features that are not served, and to pages that would write them."""

from __future__ import annotations

from typing import Any

import pytest

from genesis.api import ui
from genesis.errors import Code, GenesisError
from genesis.routes import match
from genesis.scope import Scope
from genesis.wire import ui as w


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("POST", "/ajax-api/3.0/mlflow/traces", "traces"),
        ("GET", "/ajax-api/3.0/mlflow/traces/tr-1/assessments/a", "traces"),
        ("PATCH", "/ajax-api/4.0/mlflow/traces/x/y/tags", "traces"),
        ("POST", "/ajax-api/3.0/mlflow/datasets/create", "datasets"),
        ("POST", "/ajax-api/3.0/mlflow/scorers/register", "scorers"),
        ("POST", "/ajax-api/3.0/mlflow/scorer/invoke", "scorer"),
        ("POST", "/ajax-api/3.0/mlflow/gateway/endpoints/create", "gateway"),
        ("POST", "/ajax-api/3.0/mlflow/assistant/message", "assistant"),
        ("POST", "/ajax-api/2.0/mlflow/webhooks", "webhooks"),
        ("DELETE", "/ajax-api/2.0/mlflow/webhooks/1", "webhooks"),
        ("POST", "/ajax-api/3.0/mlflow/issues", "issues"),
        ("POST", "/ajax-api/2.0/mlflow/runs/create-promptlab-run", "create-promptlab-run"),
        ("POST", "/ajax-api/3.0/jobs/search", "jobs"),
        ("POST", "/ajax-api/3.0/mlflow/demo/generate", "demo"),
    ],
)
def test_a_page_is_told_what_is_not_served(method: str, path: str, named: str) -> None:
    with pytest.raises(GenesisError) as refused:
        match(method, path)
    assert (refused.value.code, refused.value.status) == (Code.NOT_IMPLEMENTED, 501)
    assert refused.value.message == f"Genesis-Flow does not serve {named} yet."


@pytest.mark.parametrize(
    "path",
    [
        "/api/3.0/mlflow/traces/tr-1",
        "/ajax-api/2.0/mlflow/users/current",
        "/ajax-api/3.0/mlflow/tracesque",
        "/ajax-api/9.0/mlflow/traces",
    ],
)
def test_who_goes_on_without_an_endpoint_is_told_that_there_is_none(path: str) -> None:
    with pytest.raises(GenesisError) as refused:
        match("GET", path)
    assert (refused.value.code, refused.value.status) == (Code.ENDPOINT_NOT_FOUND, 404)


def unopened() -> Any:
    raise AssertionError("the database was asked")


NOWHERE = Scope("default", "mlflow-artifacts:/", unopened, unopened)
COUNT = {"experiment_ids": ["0"], "view_type": "TRACES", "metric_name": "trace_count"}


def measured(*kinds: str, **asked: Any) -> Any:
    aggregations = [{"aggregation_type": kind} for kind in kinds]
    message = w.QueryTraceMetrics.parse({**COUNT, "aggregations": aggregations, **asked})
    return ui.trace_metrics(message, NOWHERE)


def test_a_search_for_traces_nowhere_finds_none_and_asks_no_database() -> None:
    assert ui.search_traces(w.SearchTraces.parse({"locations": []}), NOWHERE) == {}


def test_a_number_of_traces_is_0_and_nothing_else_has_a_value() -> None:
    point = {"metric_name": "trace_count", "values": {"COUNT": 0.0}}
    assert measured("COUNT") == {"data_points": [point]}
    assert measured("COUNT", max_results=0) == {}
    assert measured("COUNT", time_interval_seconds=60) == {}
    assert measured("COUNT", dimensions=["trace_status"]) == {}
    assert measured("AVG", metric_name="latency") == {}
    assert measured("COUNT", view_type="SPANS") == {}
