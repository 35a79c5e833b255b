"""What is answered about features that are not served, and to pages that would write them."""

from __future__ import annotations

import pytest

from genesis.errors import Code, GenesisError
from genesis.routes import match


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
