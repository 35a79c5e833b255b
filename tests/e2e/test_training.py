"""What a user's first script does: scikit-learn with autologging, then a look at the run."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
import sklearn.metrics
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus, Run
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from tests.e2e.clients import CLIENT, stock_client
from tests.servers import Server
from tests.servers.serve import genesis_environment

pytestmark = [
    # Raised by what MLflow calls; as errors they would make autologging leave things out, silently.
    pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0"),
    pytest.mark.filterwarnings("ignore:`y_pred` was renamed:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]

SCRIPT = """
import mlflow

mlflow.set_experiment("from a script")
with mlflow.start_run(run_name="scripted") as run:
    mlflow.log_param("alpha", 0.5)
    mlflow.log_metric("loss", 0.25)
    mlflow.log_text("hello", "greeting.txt")
print(run.info.run_id)
"""


@pytest.fixture(scope="module")
def trained(server: Server) -> Iterator[Run]:
    """The finished run of an autologged fit."""
    with stock_client(server) as client:
        mlflow.set_experiment(f"training {uuid.uuid4().hex}")
        mlflow.sklearn.autolog(silent=True)
        try:
            features, target = load_iris(return_X_y=True, as_frame=True)
            with mlflow.start_run(run_name="iris") as run:
                model = LogisticRegression(max_iter=150, C=0.5).fit(features, target)
                # By this name, for autologging replaces it there.
                sklearn.metrics.accuracy_score(target, model.predict(features))
        finally:
            mlflow.sklearn.autolog(disable=True)
        yield client.get_run(run.info.run_id)


def test_a_training_session_ends_as_a_finished_run_with_its_name(trained: Run) -> None:
    assert (trained.info.status, trained.info.run_name) == ("FINISHED", "iris")
    assert trained.info.start_time <= trained.info.end_time


def test_a_training_session_logs_the_estimators_parameters(trained: Run) -> None:
    assert trained.data.params["max_iter"] == "150"
    assert trained.data.params["C"] == "0.5"


def test_a_training_session_logs_the_scores_on_the_training_data(trained: Run) -> None:
    assert 0.9 < trained.data.metrics["training_accuracy_score"] <= 1
    assert trained.data.metrics["accuracy_score_features"] == trained.data.metrics["training_score"]


def test_a_training_session_tags_the_estimator(trained: Run) -> None:
    assert trained.data.tags["estimator_name"] == "LogisticRegression"


def test_a_training_session_records_the_data_it_was_trained_on(trained: Run) -> None:
    (given,) = trained.inputs.dataset_inputs
    assert [(tag.key, tag.value) for tag in given.tags] == [("mlflow.data.context", "train")]
    assert "sepal length (cm)" in given.dataset.schema
    assert json.loads(given.dataset.profile)["num_rows"] == 150


def test_a_training_session_leaves_artifacts_that_can_be_read(trained: Run, client: MlflowClient) -> None:
    names = {artifact.path for artifact in client.list_artifacts(trained.info.run_id)}
    assert {"estimator.html", "metric_info.json", "training_confusion_matrix.png"} <= names
    html = mlflow.artifacts.load_text(f"{trained.info.artifact_uri}/estimator.html")
    assert "LogisticRegression" in html
    calls = mlflow.artifacts.load_dict(f"{trained.info.artifact_uri}/metric_info.json")
    assert list(calls) == ["accuracy_score_features"]


def test_a_training_session_leaves_the_model_that_it_trained(trained: Run, client: MlflowClient) -> None:
    (output,) = trained.outputs.model_outputs
    model = client.get_logged_model(output.model_id)

    assert (model.source_run_id, model.status) == (trained.info.run_id, LoggedModelStatus.READY)
    assert model.params["C"] == "0.5"
    scores = {metric.key: metric.value for metric in model.metrics}
    assert scores["training_score"] == trained.data.metrics["training_score"]
    loaded = mlflow.sklearn.load_model(f"models:/{output.model_id}")
    assert loaded.score(*load_iris(return_X_y=True, as_frame=True)) == scores["training_score"]
    found = client.search_logged_models([trained.info.experiment_id], "metrics.training_score > 0.9")
    assert [found_model.model_id for found_model in found] == [output.model_id]


def test_a_training_session_is_found_by_what_it_logged(trained: Run, client: MlflowClient) -> None:
    which = "params.C = '0.5' and metrics.training_score > 0.9 and dataset.context = 'train'"
    found = client.search_runs([trained.info.experiment_id], which)
    assert [run.info.run_id for run in found] == [trained.info.run_id]


def test_a_script_needs_nothing_but_the_servers_url(server: Server, tmp_path: Path) -> None:
    environment = genesis_environment({**CLIENT, "MLFLOW_TRACKING_URI": server.url})
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    run_id = done.stdout.split()[-1]
    with stock_client(server) as client:
        assert client.get_run(run_id).data.metrics == {"loss": 0.25}
        assert mlflow.artifacts.load_text(f"runs:/{run_id}/greeting.txt") == "hello"
    # Nothing was written where the script ran.
    assert list(tmp_path.iterdir()) == []
