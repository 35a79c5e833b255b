"""GraphQL over the REST verbs: what is told within a reply and what is one of its own, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from genesis.api import graphql_resolvers
from genesis.api.graphql_resolvers import ROOTS, Root
from genesis.app import App
from genesis.errors import invalid, unavailable
from genesis.http import BytesBody, Request, Response
from genesis.settings import Settings
from genesis.wire import runs as wr

API = "/api/2.0/mlflow/"
JSON = {"content-type": "application/json"}
SEARCH = """query Q($data: MlflowSearchRunsInput) { mlflowSearchRuns(input: $data) {
  runs { info { runId } experiment { name } modelVersions { name version } }
} }"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with closing(App(Settings(data=str(tmp_path)))) as opened:
        yield opened


def send(app: App, path: str, body: dict[str, Any]) -> Response:
    return app.handle(Request("POST", path, "", JSON, BytesBody(orjson.dumps(body))))


def post(app: App, path: str, **body: Any) -> Any:
    response = send(app, API + path, body)
    assert response.status == 200, response.whole()
    return orjson.loads(response.whole())


def ask(app: App, query: str, **data: Any) -> Any:
    response = send(app, "/graphql", {"query": query, "variables": {"data": data}})
    assert response.status == 200, response.whole()
    return orjson.loads(response.whole())


def new_run(app: App, experiment: str = "0") -> str:
    id: str = post(app, "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    return id


def test_versions_and_experiments_of_many_runs_are_read_once(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphql_resolvers, "AT_ONCE", 2)
    post(app, "registered-models/create", name="m")
    runs = [new_run(app) for _ in range(5)]
    for run in runs[:3] * 2:
        post(
            app,
            "model-versions/create",
            name="m",
            source=f"mlflow-artifacts:/0/{run}/artifacts/m",
            run_id=run,
        )
    asked: list[str] = []
    verb = graphql_resolvers._answered

    def counted(*args: Any) -> Any:
        asked.append(type(args[1]).__name__)
        return verb(*args)

    monkeypatch.setattr(graphql_resolvers, "_answered", counted)

    found = ask(app, SEARCH, experimentIds=["0"])["data"]["mlflowSearchRuns"]["runs"]

    versions = {run["info"]["runId"]: [v["version"] for v in run["modelVersions"]] for run in found}
    assert versions == {
        runs[0]: ["4", "1"], runs[1]: ["5", "2"], runs[2]: ["6", "3"], runs[3]: [], runs[4]: []
    }  # fmt: skip
    assert {run["experiment"]["name"] for run in found} == {"Default"}
    assert asked == ["SearchRuns", "GetExperiment", *["SearchModelVersions"] * 3]


def test_runs_of_several_fields_have_their_own_versions(app: App) -> None:
    post(app, "registered-models/create", name="m")
    one, other = new_run(app), new_run(app)
    source = f"mlflow-artifacts:/0/{other}/artifacts/m"
    post(app, "model-versions/create", name="m", source=source, run_id=other)
    wanted = "{ run { modelVersions { version } } }"
    found = ask(
        app,
        f'{{ a: mlflowGetRun(input: {{runId: "{one}"}}) {wanted}'
        f' b: mlflowGetRun(input: {{runId: "{other}"}}) {wanted} }}',
    )["data"]
    assert found["a"]["run"]["modelVersions"] == []
    assert found["b"]["run"]["modelVersions"] == [{"version": "1"}]


def failing(error: Exception) -> Root:
    def verb(*_: Any) -> Any:
        raise error

    return Root(wr.GetRun, verb)


GET = 'query { mlflowGetRun(input: {runId: "x"}) { run { info { runId } } } }'


def test_a_client_s_mistake_is_told_within_the_reply(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROOTS, "mlflowGetRun", failing(invalid("No.")))
    assert ask(app, GET) == {"data": {"mlflowGetRun": None}, "errors": ["No."]}


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_again(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROOTS, "mlflowGetRun", failing(unavailable("Away.", 7)))
    response = send(app, "/graphql", {"query": GET})
    assert (response.status, response.headers["Retry-After"]) == (503, "7")
    assert orjson.loads(response.whole())["error_code"] == "TEMPORARILY_UNAVAILABLE"


def test_a_defect_is_a_500_that_tells_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROOTS, "mlflowGetRun", failing(RuntimeError("secret")))
    response = send(app, "/graphql", {"query": GET})
    assert response.status == 500
    assert b"secret" not in response.whole()


def test_int64_is_text_and_what_is_no_number_is_null(app: App) -> None:
    run = new_run(app)
    metric = {"run_id": run, "key": "k", "value": "NaN", "timestamp": 2**53 + 1, "step": -(2**63)}
    post(app, "runs/log-metric", **metric)
    wanted = "run { data { metrics { value step timestamp } } }"
    query = f"query Q($data: MlflowGetRunInput) {{ mlflowGetRun(input: $data) {{ {wanted} }} }}"
    found = ask(app, query, runId=run)
    metrics = found["data"]["mlflowGetRun"]["run"]["data"]["metrics"]
    assert metrics == [{"value": None, "step": str(-(2**63)), "timestamp": str(2**53 + 1)}]
    assert found["errors"] is None


def test_the_answer_stays_within_the_workspace(app: App) -> None:
    run = new_run(app)
    elsewhere = {**JSON, "x-mlflow-workspace": "other"}
    body = orjson.dumps({"query": GET.replace('"x"', f'"{run}"')})
    response = app.handle(Request("POST", "/graphql", "", elsewhere, BytesBody(body)))
    assert orjson.loads(response.whole())["errors"] == [f"Run with id={run} not found"]
