"""A call of every endpoint, and more than one where what it costs depends on what is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson

from bench.operations import STARTED, filling, points
from genesis.app import App
from genesis.http import BytesBody, Request, Response

API = "/api/2.0/mlflow"
Message = dict[str, Any]
RUNS = 20
"""Filled runs of the experiment that is searched."""
POINTS = 1000
DATASET = {"name": "data", "digest": "d1", "source_type": "local", "source": "s3://data", "schema": "{}"}
FILE = "models/model.pkl"
MODEL_JSON = json.dumps(
    {"artifact_path": "model", "flavors": {}, "utc_time_created": "2026-11-27 00:00:00", "model_uuid": "u"}
)


class Call(NamedTuple):
    """One request; ``note`` says what is asked where the endpoint alone does not."""

    method: str
    path: str
    message: Message = {}
    note: str = ""
    body: bytes | None = None
    query: Message = {}
    """Beside the body."""
    is_refused: bool = False
    """Answered with a failure: what it would need is another client's part."""

    def request(self) -> Request:
        """As a client sends it."""
        headers = {"content-type": "application/json"}
        if self.method == "GET" or self.body is not None:
            headers["content-length"] = str(len(self.body or b""))
            query = urlencode({**self.message, **self.query}, doseq=True)
            return Request(self.method, self.path, query, headers, BytesBody(self.body or b""))
        return Request(self.method, self.path, "", headers, BytesBody(orjson.dumps(self.message)))


class Failed(Exception):
    """A call that should have been answered was not."""


def answered(app: App, call: Call) -> Response:
    """The reply; raises Failed for one that is not as it should be."""
    response = app.handle(call.request())
    if (response.status >= 400) is not call.is_refused:
        raise Failed(f"{call.method} {call.path}: {response.status} {response.whole()[:300]!r}")
    return response


class Ground:
    """What is there before the first call that counts, and the ids of it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.experiment = self.post("experiments/create", name="costs")["experiment_id"]
        self.runs = [self.new_run(i) for i in range(RUNS)]
        for i, run in enumerate(self.runs):
            self.post("runs/log-batch", **filling(run, i))
        self.run, self.curve = self.runs[0], self.new_run(RUNS)
        self.post("runs/log-batch", **points(self.curve, "loss", 0, POINTS))
        self.doomed = self.post("experiments/create", name="doomed")["experiment_id"]
        for i in range(RUNS):
            self.new_run(i, self.doomed)
        uri = self.get("runs/get", run_id=self.run)["run"]["info"]["artifact_uri"]
        self.folder = uri.partition("mlflow-artifacts:/")[2].strip("/")
        self.source = f"{uri}/models"
        put = f"/api/2.0/mlflow-artifacts/artifacts/{self.folder}/{FILE}"
        answered(app, Call("PUT", put, body=b"model"))
        self._register()

    def _register(self) -> None:
        self.post("registered-models/create", name="model", description="what it is")
        for _ in range(3):
            self.post("model-versions/create", name="model", source=self.source, run_id=self.run)
        self.post("registered-models/alias", name="model", alias="champion", version="1")
        made = {"experiment_id": self.experiment, "name": "lm", "source_run_id": self.run}
        params = [{"key": f"p{i}", "value": "v"} for i in range(20)]
        self.model: str = self.post("logged-models", **made, params=params)["model"]["info"]["model_id"]

    def new_run(self, i: int, experiment: str = "") -> str:
        made = self.post("runs/create", **starting(i, experiment or self.experiment))
        id: str = made["run"]["info"]["run_id"]
        return id

    def post(self, path: str, **message: Any) -> Any:
        return orjson.loads(answered(self.app, Call("POST", f"{API}/{path}", message)).whole())

    def get(self, path: str, **message: Any) -> Any:
        return orjson.loads(answered(self.app, Call("GET", f"{API}/{path}", message)).whole())


def starting(i: int, experiment: str) -> Message:
    tags = {"mlflow.user": "bench", "mlflow.source.name": "train.py", "mlflow.source.type": "LOCAL"}
    return {
        "experiment_id": experiment,
        "run_name": f"run-{i}",
        "start_time": STARTED + i,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }


def calls(ground: Ground) -> Iterator[Call]:
    """In an order in which each finds what it needs."""
    parts = (_server, _experiments, _runs, _searches, _histories, _models, _versions, _logged, _files, _pages)
    for part in parts:
        yield from part(ground)
    yield from _ends(ground)


def _server(ground: Ground) -> Iterator[Call]:
    for path in ("/health", "/health/live", "/health/ready", "/version"):
        yield Call("GET", path)
    yield Call("GET", "/api/3.0/mlflow/server-info")
    # The UI's build is not here; where it is, its files are read and nothing else.
    yield Call("GET", "/", is_refused=True)
    yield Call("GET", "/static-files/main.js", is_refused=True)


def _experiments(ground: Ground) -> Iterator[Call]:
    id = {"experiment_id": ground.experiment}
    yield Call("POST", f"{API}/experiments/create", {"name": "another"})
    yield Call("GET", f"{API}/experiments/get", id)
    yield Call("GET", f"{API}/experiments/get-by-name", {"experiment_name": "costs"})
    yield Call("POST", f"{API}/experiments/search", {"max_results": 50})
    yield Call("GET", f"{API}/experiments/search", {"max_results": 50})
    yield Call("POST", f"{API}/experiments/update", {**id, "new_name": "renamed"})
    yield Call("POST", f"{API}/experiments/set-experiment-tag", {**id, "key": "t", "value": "v"})
    yield Call("POST", f"{API}/experiments/delete-experiment-tag", {**id, "key": "t"})


def _runs(ground: Ground) -> Iterator[Call]:
    id, metric = {"run_id": ground.run}, {"key": "m1", "value": 0.5, "timestamp": STARTED, "step": 7}
    yield Call("POST", f"{API}/runs/create", starting(99, ground.experiment))
    yield Call("GET", f"{API}/runs/get", id)
    yield Call("POST", f"{API}/runs/log-metric", {**id, **metric})
    yield Call("POST", f"{API}/runs/log-parameter", {**id, "key": "q", "value": "v"})
    yield Call(
        "POST", f"{API}/runs/log-batch", filling(ground.new_run(98), 98), "30 metrics, 20 params, 5 tags"
    )
    five = {"metrics": [{**metric, "key": f"m{i}", "step": 8} for i in range(5)]}
    yield Call("POST", f"{API}/runs/log-batch", {**id, **five}, "5 metrics of a step")
    ten = [m for i in range(10) for m in points(ground.curve, f"c{i}", 0, 100)["metrics"]]
    yield Call(
        "POST",
        f"{API}/runs/log-batch",
        {"run_id": ground.curve, "metrics": ten},
        "10 metrics, 100 steps of each",
    )
    yield Call("POST", f"{API}/runs/set-tag", {**id, "key": "t", "value": "v"})
    yield Call("POST", f"{API}/runs/delete-tag", {**id, "key": "t"})
    yield Call("POST", f"{API}/runs/log-inputs", {**id, "datasets": [{"dataset": DATASET}]})
    yield Call("POST", f"{API}/runs/outputs", {**id, "models": [{"model_id": ground.model, "step": 1}]})
    model = {**orjson.loads(MODEL_JSON), "run_id": ground.run}
    yield Call("POST", f"{API}/runs/log-model", {**id, "model_json": json.dumps(model)})
    yield Call("POST", f"{API}/runs/update", {**id, "status": "FINISHED", "end_time": STARTED + 9})


def _searches(ground: Ground) -> Iterator[Call]:
    ids = {"experiment_ids": [ground.experiment]}
    yield Call("POST", f"{API}/runs/search", {**ids, "max_results": 10}, "newest 10")
    by_param = {"filter": "params.lr = '1' and metrics.m0 > 0", "max_results": 10}
    yield Call("POST", f"{API}/runs/search", {**ids, **by_param}, "filtered, of 23 runs")
    by_metric = {"order_by": ["metrics.m0 DESC"], "max_results": 10}
    yield Call("POST", f"{API}/runs/search", {**ids, **by_metric}, "best 10 of 23 runs")
    yield Call("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", ids)


def _histories(ground: Ground) -> Iterator[Call]:
    loss, m0 = (
        {"metric_key": "loss", "run_id": ground.curve},
        {"metric_key": "m0", "run_id": ground.runs[:10]},
    )
    yield Call("GET", f"{API}/metrics/get-history", loss, "1,000 points logged at once")
    yield Call("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk", m0, "of 10 runs")
    several = {"metric_key": "m0", "run_ids": ground.runs[:10]}
    yield Call("GET", f"{API}/metrics/get-history-bulk-interval", several, "of 10 runs")


def _models(ground: Ground) -> Iterator[Call]:
    at, name, alias = f"{API}/registered-models", {"name": "model"}, {"name": "model", "alias": "best"}
    yield Call("POST", f"{at}/create", {"name": "other"})
    yield Call("GET", f"{at}/get", name)
    yield Call("PATCH", f"{at}/update", {**name, "description": "new"})
    yield Call("GET", f"{at}/search", {"max_results": 50})
    yield Call("POST", f"{at}/get-latest-versions", name)
    yield Call("GET", f"{at}/get-latest-versions", name)
    yield Call("POST", f"{at}/set-tag", {**name, "key": "t", "value": "v"})
    yield Call("DELETE", f"{at}/delete-tag", {**name, "key": "t"})
    yield Call("POST", f"{at}/alias", {**alias, "version": "2"})
    yield Call("GET", f"{at}/alias", alias)
    yield Call("DELETE", f"{at}/alias", alias)


def _versions(ground: Ground) -> Iterator[Call]:
    at, name = f"{API}/model-versions", {"name": "model", "version": "2"}
    new = {"name": "model", "source": ground.source, "run_id": ground.run}
    yield Call("POST", f"{at}/create", new)
    yield Call("GET", f"{at}/get", name)
    yield Call("PATCH", f"{at}/update", {**name, "description": "new"})
    yield Call("POST", f"{at}/transition-stage", {**name, "stage": "Production"})
    yield Call("GET", f"{at}/search", {"filter": "name = 'model'", "max_results": 50})
    yield Call("GET", f"{at}/get-download-uri", name)
    yield Call("POST", f"{at}/set-tag", {**name, "key": "t", "value": "v"})
    yield Call("DELETE", f"{at}/delete-tag", {**name, "key": "t"})
    yield Call("GET", "/model-versions/get-artifact", {**name, "path": "model.pkl"})


def _logged(ground: Ground) -> Iterator[Call]:
    at, id = f"{API}/logged-models", {"model_id": ground.model}
    yield Call("POST", at, {"experiment_id": ground.experiment, "name": "new"})
    yield Call("POST", f"{at}/search", {"experiment_ids": [ground.experiment]})
    at = f"{at}/{ground.model}"
    yield Call("GET", at)
    yield Call("PATCH", at, {**id, "status": "LOGGED_MODEL_READY"})
    yield Call("PATCH", f"{at}/tags", {"tags": [{"key": "t", "value": "v"}]})
    yield Call("DELETE", f"{at}/tags/t")
    yield Call("POST", f"{at}/params", {**id, "params": [{"key": "new", "value": "v"}]})
    yield Call("GET", f"{at}/artifacts/directories")
    files = f"{at}/artifacts/files".replace("/api/", "/ajax-api/")
    yield Call("GET", files, {"artifact_file_path": "none"}, is_refused=True)
    measured = {"key": "m", "value": 1, "timestamp": STARTED, "step": 1, "model_id": ground.model}
    yield Call("POST", f"{API}/runs/log-metric", {"run_id": ground.runs[1], **measured}, "of a logged model")


def _files(ground: Ground) -> Iterator[Call]:
    yield Call("GET", f"{API}/artifacts/list", {"run_id": ground.run})
    yield Call("GET", "/get-artifact", {"run_id": ground.run, "path": FILE})
    new = {"run_id": ground.run, "path": "new.bin"}
    yield Call("POST", f"{API}/artifacts/presigned-upload-url", new)
    yield Call("POST", f"{API}/artifacts/presigned-download-url", {"run_id": ground.run, "path": FILE})
    yield from _direct(ground)


def _direct(ground: Ground) -> Iterator[Call]:
    """Those that know a path and no run: they ask the artifact store alone."""
    at, file = "/api/2.0/mlflow-artifacts", f"{ground.folder}/{FILE}"
    yield Call("GET", f"{at}/artifacts", {"path": ground.folder})
    yield Call("GET", f"{at}/artifacts/{file}")
    yield Call("PUT", f"{at}/artifacts/{ground.folder}/other.bin", body=b"x")
    yield Call("DELETE", f"{at}/artifacts/{ground.folder}/other.bin")
    yield Call("GET", f"{at}/presigned/{file}")
    yield Call("POST", f"{at}/mpu/create/{file}", {"path": "new.bin", "num_parts": 1})
    upload = {"path": "new.bin", "upload_id": "none"}
    yield Call("POST", f"{at}/mpu/complete/{file}", upload, is_refused=True)
    yield Call("POST", f"{at}/mpu/abort/{file}", upload)
    yield Call("GET", "/api/2.0/genesis/artifacts")
    yield Call("POST", "/api/2.0/genesis/artifacts/sign", {"folder": ground.folder, "downloads": [FILE]})
    commit = {"uploads": [{"path": f"{ground.folder}/new.bin", "upload_id": "none"}]}
    yield Call("POST", "/api/2.0/genesis/artifacts/commit", commit, is_refused=True)
    yield Call("GET", f"/signed/{file}", is_refused=True)
    yield Call("PUT", f"/signed/{file}", body=b"x", is_refused=True)


RUN_PAGE = """query GetRun($data: MlflowGetRunInput!) { mlflowGetRun(input: $data) { run {
  info { runName } experiment { name } modelVersions { name version } data { metrics { key value } }
} } }"""
RUNS_PAGE = """query SearchRuns($data: MlflowSearchRunsInput!) { mlflowSearchRuns(input: $data) { runs {
  info { runName } experiment { name } modelVersions { name version }
} } }"""


def _pages(ground: Ground) -> Iterator[Call]:
    """What MLflow's UI asks beside the others."""
    v2, v3 = "/ajax-api/2.0/mlflow", "/ajax-api/3.0/mlflow"
    run, runs = {"runId": ground.run}, {"experimentIds": [ground.experiment], "maxResults": 20}
    yield Call("POST", "/graphql", {"query": RUN_PAGE, "variables": {"data": run}}, "a run's page")
    yield Call("POST", "/graphql", {"query": RUNS_PAGE, "variables": {"data": runs}}, "20 runs with versions")
    yield Call("GET", "/graphql", is_refused=True)
    written = {"run_uuid": ground.run, "path": "table.json"}
    yield Call("POST", f"{v2}/upload-artifact", body=b"{}", query=written)
    for path in ("ui-telemetry", "gateway/secrets/config", "assistant/config", "assistant/providers"):
        yield Call("GET", f"{v3}/{path}")
    yield Call("POST", f"{v3}/ui-telemetry")
    yield Call("GET", f"{v2}/gateway-proxy")
    yield Call("POST", f"{v2}/gateway-proxy")
    ids = {"experiment_ids": [ground.experiment]}
    counted = {"view_type": "TRACES", "metric_name": "trace_count"}
    yield Call("POST", f"{v3}/traces/search", {"locations": [{}]})
    yield Call("POST", f"{v3}/traces/metrics", {**ids, **counted, "aggregations": [{"aggregation_type": 1}]})
    yield Call("POST", f"{v3}/datasets/search", ids)
    yield Call("GET", f"{v3}/datasets/search", ids)
    yield Call("GET", f"{v3}/scorers/list", {"experiment_id": ground.experiment})
    for what in ("secrets", "model-definitions", "endpoints", "endpoints/bindings"):
        yield Call("GET", f"{v3}/gateway/{what}/list")
    yield Call("POST", f"{v3}/issues/search", {"experiment_id": ground.experiment})
    yield Call("GET", f"{v2}/webhooks")


def _ends(ground: Ground) -> Iterator[Call]:
    run, doomed = {"run_id": ground.runs[2]}, {"experiment_id": ground.doomed}
    yield Call("POST", f"{API}/runs/delete", run)
    yield Call("POST", f"{API}/runs/restore", run)
    yield Call("POST", f"{API}/experiments/delete", doomed, f"of {RUNS} runs")
    yield Call("POST", f"{API}/experiments/restore", doomed, f"of {RUNS} runs")
    yield Call("DELETE", f"{API}/logged-models/{ground.model}")
    yield Call(
        "POST", f"{API}/registered-models/rename", {"name": "model", "new_name": "m2"}, "of 4 versions"
    )
    yield Call("DELETE", f"{API}/model-versions/delete", {"name": "m2", "version": "1"})
    yield Call("DELETE", f"{API}/registered-models/delete", {"name": "m2"}, "of 3 versions")
