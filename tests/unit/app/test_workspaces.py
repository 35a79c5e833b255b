"""What a workspace holds, no other sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from genesis.app import App
from genesis.http import BytesBody, Request, Response
from tests.unit.app.asking import GET, body


@pytest.mark.parametrize("name", ["a", "A-b", "a_b", "-ab", "ab-", "x" * 64, "api", "a/b", "a|b", "ü-x"])
def test_a_workspace_must_have_a_name_that_mlflow_allows(app: App, name: str) -> None:
    response = app.handle(Request("GET", GET, "experiment_id=0", {"x-mlflow-workspace": name}))
    assert (response.status, body(response)["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_a_workspace_sees_only_its_own(app: App) -> None:
    def call(workspace: str, verb: str, fields: dict[str, Any]) -> Any:
        headers = {"content-type": "application/json", "x-mlflow-workspace": workspace}
        request = Request(
            "POST", f"/api/2.0/mlflow/{verb}", headers=headers, body=BytesBody(json.dumps(fields).encode())
        )
        return body(app.handle(request))

    created = call("team-a", "experiments/create", {"name": "mine"})
    assert call("team-b", "experiments/create", {"name": "mine"})["experiment_id"] == created["experiment_id"]
    run = call("team-a", "runs/create", {"experiment_id": "1"})["run"]["info"]
    assert run["artifact_uri"].startswith("mlflow-artifacts:/workspaces/team-a/1/")
    metric = {"run_id": run["run_id"], "key": "m", "value": 1, "timestamp": 1}
    assert call("team-a", "runs/log-metric", metric) == {}
    assert call("team-b", "runs/log-metric", metric)["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert call("team-b", "runs/search", {"experiment_ids": ["0", "1"]}) == {}
    assert len(call("team-a", "runs/search", {"experiment_ids": ["0", "1"]})["runs"]) == 1


def test_reading_an_unknown_workspace_leaves_nothing_in_it(app: App) -> None:
    team = {"x-mlflow-workspace": "team-x"}
    assert app.handle(Request("GET", GET, "experiment_id=0", team)).status == 404
    search = "/api/2.0/mlflow/experiments/search"
    assert body(app.handle(Request("GET", search, "max_results=5", team))) == {}


def test_a_workspace_s_artifacts_are_out_of_the_others_reach(app: App) -> None:
    def send(method: str, workspace: str, path: str, content: bytes = b"") -> Response:
        return app.handle(
            Request(
                method,
                f"/api/2.0/mlflow-artifacts/artifacts/{path}",
                headers={"x-mlflow-workspace": workspace},
                body=BytesBody(content),
            )
        )

    assert send("PUT", "team-a", "1/secret.txt", b"x").status == 200
    assert send("GET", "team-a", "1/secret.txt").whole() == b"x"
    for workspace in ("default", "team-b"):
        assert send("GET", workspace, "1/secret.txt").status == 404
        assert send("GET", workspace, "workspaces/team-a/1/secret.txt").status == 400
        assert send("DELETE", workspace, "workspaces/team-a").status == 400
    assert send("DELETE", "default", "workspaces").status == 400
    assert send("GET", "team-a", "1/secret.txt").status == 200
