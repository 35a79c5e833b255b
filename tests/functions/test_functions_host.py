"""What a stock MLflow client and plain HTTP get from the app through Microsoft's worker library."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import pytest
from mlflow import MlflowClient, MlflowException
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag

from tests.servers import Server

PROXIED = "/api/2.0/mlflow-artifacts/artifacts"
ARTIFACTS = {
    "notes.txt": "für später\n".encode(),
    "empty.bin": b"",
    "deep/er/weights.bin": bytes(range(256)) * 20_000,
    "with space/größe 1+1=2 & 50%.txt": b"odd name",
}


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(server: Server, method: str, path: str, body: bytes | Iterator[bytes] | None = None) -> Reply:
    """One raw request, in chunks if its body is an iterator; the reply's headers are in lower case."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        reply = connection.getresponse()
        headers = {name.lower(): value for name, value in reply.getheaders()}
        return Reply(reply.status, headers, reply.read())
    finally:
        connection.close()


def examples(profile: str | None = None) -> DatasetInput:
    """A dataset as a run's input."""
    dataset = Dataset("examples", "d1", "local", "{}", schema="{}", profile=profile)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def datasets(run: Run) -> list[Dataset]:
    """The datasets that went into ``run``."""
    return [given.dataset for given in run.inputs.dataset_inputs] if run.inputs else []


def test_a_training_session_reads_back_as_it_was_logged(client: MlflowClient) -> None:
    experiment = mlflow.set_experiment("a training session")
    with mlflow.start_run(run_name="first try", tags={"team": "größe"}) as active:
        mlflow.log_params({"rate": 0.1, "layers": 3})
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_metrics({"accuracy": 0.9, "f1": 0.8}, step=2)
        mlflow.set_tag("stage", "draft")
        client.log_inputs(active.info.run_id, [examples()])

    run = client.get_run(active.info.run_id)
    assert (run.info.experiment_id, run.info.status) == (experiment.experiment_id, "FINISHED")
    assert run.info.run_name == "first try"
    assert run.data.params == {"rate": "0.1", "layers": "3"}
    assert run.data.metrics == {"loss": 0.5, "accuracy": 0.9, "f1": 0.8}
    assert {"team": "größe", "stage": "draft"}.items() <= run.data.tags.items()
    assert datasets(run) == [examples().dataset]


def test_a_batch_is_logged_whole(client: MlflowClient, run_id: str) -> None:
    metrics = [Metric("loss", 1 / (step + 1), 1_700_000_000_000 + step, step) for step in range(900)]
    params = [Param(f"p{i}", "v" * 100) for i in range(100)]
    client.log_batch(run_id, metrics, params, [RunTag(f"t{i}", "ü") for i in range(50)])

    history = client.get_metric_history(run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(m.step, m.value) for m in metrics]
    assert len(client.get_run(run_id).data.params) == 100


def test_a_nested_run_names_its_parent(client: MlflowClient) -> None:
    mlflow.set_experiment("nested runs")
    with mlflow.start_run() as parent, mlflow.start_run(nested=True) as child:
        mlflow.log_metric("loss", 1.0)

    found = client.get_parent_run(child.info.run_id)
    assert found is not None
    assert found.info.run_id == parent.info.run_id


def test_search_finds_runs_by_what_was_logged(client: MlflowClient) -> None:
    experiment_id = client.create_experiment("search")
    for rate in (0.1, 0.2, 0.3):
        run = client.create_run(experiment_id)
        client.log_param(run.info.run_id, "rate", rate)
        client.log_metric(run.info.run_id, "loss", rate * 2)

    found = client.search_runs([experiment_id], "metrics.loss > 0.3", order_by=["metrics.loss DESC"])
    assert [run.data.params["rate"] for run in found] == ["0.3", "0.2"]


@pytest.mark.parametrize("path", ARTIFACTS)
def test_an_artifact_comes_back_byte_for_byte(
    client: MlflowClient, run_id: str, tmp_path: Path, path: str
) -> None:
    file = tmp_path / Path(path).name
    file.write_bytes(ARTIFACTS[path])
    folder = str(Path(path).parent)
    client.log_artifact(run_id, str(file), None if folder == "." else folder)

    (tmp_path / "back").mkdir()
    back = Path(client.download_artifacts(run_id, path, str(tmp_path / "back")))
    assert back.read_bytes() == ARTIFACTS[path]


def test_artifacts_are_listed_folder_by_folder(client: MlflowClient, run_id: str) -> None:
    client.log_text(run_id, "one", "one.txt")
    client.log_text(run_id, "two", "plots ü/two.txt")

    top = {(file.path, file.is_dir, file.file_size) for file in client.list_artifacts(run_id)}
    assert top == {("one.txt", False, 3), ("plots ü", True, None)}
    assert [file.path for file in client.list_artifacts(run_id, "plots ü")] == ["plots ü/two.txt"]


def test_a_run_that_does_not_exist_is_an_mlflow_error(client: MlflowClient) -> None:
    with pytest.raises(MlflowException, match="not found") as refused:
        client.get_run("0" * 32)
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_changing_a_parameter_is_an_mlflow_error(client: MlflowClient, run_id: str) -> None:
    client.log_param(run_id, "rate", "0.1")
    with pytest.raises(MlflowException) as refused:
        client.log_batch(run_id, params=[Param("rate", "0.2")])
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    assert client.get_run(run_id).data.params == {"rate": "0.1"}


def test_a_filter_that_makes_no_sense_is_an_mlflow_error(client: MlflowClient) -> None:
    with pytest.raises(MlflowException) as refused:
        client.search_runs(["0"], "metrics.loss LIKE OR")
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_an_artifact_that_does_not_exist_is_an_mlflow_error(
    client: MlflowClient, run_id: str, tmp_path: Path
) -> None:
    with pytest.raises(MlflowException):
        client.download_artifacts(run_id, "never/logged.txt", str(tmp_path))


@pytest.mark.parametrize("path", ["/health", "/version"])
def test_the_probes_answer_in_plain_text(host: Server, path: str) -> None:
    reply = ask(host, "GET", path)
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/")
    assert reply.body


def test_a_head_request_gets_headers_and_no_body(host: Server) -> None:
    reply = ask(host, "HEAD", "/health")
    assert (reply.status, reply.body) == (200, b"")


def test_a_head_request_of_an_artifact_tells_its_length(host: Server) -> None:
    path = f"{PROXIED}/asked/for/its/head.bin"
    assert ask(host, "PUT", path, b"x" * 1000).status == 200

    reply = ask(host, "HEAD", path)
    assert (reply.status, reply.headers["content-length"], reply.body) == (200, "1000", b"")


def test_an_upload_of_which_the_host_drops_the_body_is_refused(host: Server) -> None:
    path = f"{PROXIED}/sent/in/chunks.bin"
    assert ask(host, "PUT", path, b"as it was").status == 200

    reply = ask(host, "PUT", path, iter([b"as it ", b"should be"]))

    assert (reply.status, reply.json()["error_code"]) == (411, "INVALID_PARAMETER_VALUE")
    assert "Content-Length" in reply.json()["message"]
    assert ask(host, "GET", path).body == b"as it was"


@pytest.mark.parametrize("path", ["/api/2.0/mlflow/no-such-thing", "/api/2.0/no%20such/gr%C3%B6%C3%9Fe"])
def test_an_unknown_path_is_refused_in_json(host: Server, path: str) -> None:
    reply = ask(host, "GET", path)
    assert reply.status == 404
    assert reply.headers["content-type"].startswith("application/json")
    assert reply.json()["error_code"] == "ENDPOINT_NOT_FOUND"


def test_a_body_that_is_no_json_is_refused_in_json(host: Server) -> None:
    reply = ask(host, "POST", "/api/2.0/mlflow/experiments/create", b"{not json")
    assert reply.status == 400
    assert "error_code" in reply.json()


def test_repeated_query_parameters_all_arrive(client: MlflowClient, host: Server, run_id: str) -> None:
    second = client.create_run(client.get_run(run_id).info.experiment_id).info.run_id
    for each in (run_id, second):
        client.log_metric(each, "loss", 1.0)

    query = f"run_ids={run_id}&run_ids={second}&metric_key=loss&max_results=10"
    reply = ask(host, "GET", f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{query}")
    assert reply.status == 200
    assert {point["run_id"] for point in reply.json()["metrics"]} == {run_id, second}


def test_query_values_are_decoded_once(client: MlflowClient, host: Server) -> None:
    experiment_id = client.create_experiment("größe 100%2B")
    query = "experiment_name=gr%C3%B6%C3%9Fe+100%252B"
    reply = ask(host, "GET", f"/api/2.0/mlflow/experiments/get-by-name?{query}")
    assert reply.status == 200
    assert reply.json()["experiment"]["experiment_id"] == experiment_id


def test_a_json_body_of_more_than_a_megabyte_arrives_whole(client: MlflowClient, run_id: str) -> None:
    profile = "ü" * 700_000
    client.log_inputs(run_id, [examples(profile)])
    assert [dataset.profile for dataset in datasets(client.get_run(run_id))] == [profile]
