"""Logged models as a data scientist uses them: made, measured on data sets, compared, loaded, thrown away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.data.pandas_dataset import PandasDataset
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.store.entities import PagedList
from sklearn.dummy import DummyClassifier

from tests.e2e.clients import stock_client
from tests.servers import Server

pytestmark = [
    # Of pandas where MLflow calls it, and of MLflow where it loads its own.
    pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]

ACCURACIES = {"tree": (0.9, 0.6), "forest": (0.8, 0.7), "linear": (0.7, 0.8)}
"""Of each kind of model, on the data sets train and test."""


@pytest.fixture
def experiment_id(client: MlflowClient) -> str:
    """A new experiment, which the fluent functions use as well."""
    new: str = mlflow.set_experiment(f"logged models {uuid.uuid4().hex}").experiment_id
    return new


@pytest.fixture
def run_id(experiment_id: str) -> Iterator[str]:
    """A run that goes on."""
    with mlflow.start_run() as run:
        yield run.info.run_id


@pytest.fixture
def model(run_id: str) -> LoggedModel:
    """A model of the run whose artifacts are still to come."""
    return mlflow.initialize_logged_model(
        "classifier", tags={"team": "botany"}, params={"depth": "3"}, model_type="tree"
    )


def dataset(name: str) -> PandasDataset:
    return mlflow.data.from_pandas(pd.DataFrame({name: [0.5, 1.5]}), source="s3://bucket/data", name=name)


@dataclass(frozen=True)
class Compared:
    """Models by kind, each measured in a run of its own on the same two data sets."""

    experiment_id: str
    models: dict[str, LoggedModel]

    def kinds(self, filter_string: str | None = None, **search: object) -> list[str]:
        """Of the models a search finds, in its order."""
        found = mlflow.search_logged_models(
            [self.experiment_id], filter_string, output_format="list", **search
        )
        return [model.name for model in found]


@pytest.fixture(scope="module")
def compared(server: Server) -> Iterator[Compared]:
    with stock_client(server):
        yield compare()


def compare() -> Compared:
    """A new experiment."""
    experiment = mlflow.set_experiment(f"compared {uuid.uuid4().hex}")
    sets = {name: dataset(name) for name in ("train", "test")}
    models = {}
    for kind, accuracies in ACCURACIES.items():
        with mlflow.start_run():
            models[kind] = mlflow.create_external_model(
                kind, tags={"reviewed": str(kind != "linear")}, params={"kind": kind, "seed": "7"}
            )
            for (name, data), accuracy in zip(sets.items(), accuracies, strict=True):
                for key in ("accuracy", f"only {name}"):
                    mlflow.log_metric(key, accuracy, model_id=models[kind].model_id, dataset=data)
    return Compared(experiment.experiment_id, models)


def test_a_model_is_pending_until_it_is_finalized(
    client: MlflowClient, model: LoggedModel, tmp_path: Path
) -> None:
    assert model.status is LoggedModelStatus.PENDING
    (tmp_path / "weights.txt").write_text("0.25")
    client.log_model_artifacts(model.model_id, str(tmp_path))

    mlflow.finalize_logged_model(model.model_id, "READY")

    kept = mlflow.get_logged_model(model.model_id)
    assert kept.status is LoggedModelStatus.READY
    assert kept.last_updated_timestamp >= kept.creation_timestamp
    (artifact,) = client.list_logged_model_artifacts(model.model_id)
    assert (artifact.path, artifact.file_size) == ("weights.txt", 4)
    assert mlflow.artifacts.load_text(f"{kept.artifact_location}/weights.txt") == "0.25"


def test_a_model_whose_upload_failed_says_so(model: LoggedModel) -> None:
    mlflow.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)

    assert mlflow.get_logged_model(model.model_id).status is LoggedModelStatus.FAILED


def test_a_model_keeps_what_it_was_made_with(experiment_id: str, run_id: str, model: LoggedModel) -> None:
    kept = mlflow.get_logged_model(model.model_id)

    assert (kept.name, kept.model_type, kept.params) == ("classifier", "tree", {"depth": "3"})
    assert (kept.experiment_id, kept.source_run_id) == (experiment_id, run_id)
    assert kept.tags["team"] == "botany"
    assert model.model_id in kept.artifact_location


def test_a_model_whose_artifacts_are_elsewhere_is_ready_at_once(
    client: MlflowClient, experiment_id: str
) -> None:
    model = mlflow.create_external_model("agent", model_type="agent", experiment_id=experiment_id)

    kept = mlflow.get_logged_model(model.model_id)
    assert (kept.status, kept.model_type) == (LoggedModelStatus.READY, "agent")
    assert not kept.source_run_id
    assert [artifact.path for artifact in client.list_logged_model_artifacts(model.model_id)] == ["MLmodel"]
    assert mlflow.last_logged_model().model_id == model.model_id


def test_parameters_and_tags_are_added_to_a_model(model: LoggedModel) -> None:
    mlflow.log_model_params({"seed": "7", "loss": "gini"}, model.model_id)
    mlflow.set_logged_model_tags(model.model_id, {"team": "zoology", "reviewed": "yes"})
    mlflow.delete_logged_model_tag(model.model_id, "reviewed")

    kept = mlflow.get_logged_model(model.model_id)
    assert kept.params == {"depth": "3", "seed": "7", "loss": "gini"}
    assert (kept.tags["team"], "reviewed" in kept.tags) == ("zoology", False)


def test_a_tag_that_a_model_does_not_have_cannot_be_deleted(model: LoggedModel) -> None:
    with pytest.raises(MlflowException, match="No tag with key 'absent'") as refused:
        mlflow.delete_logged_model_tag(model.model_id, "absent")

    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_metric_of_a_model_is_also_its_runs_and_names_the_data_set(
    client: MlflowClient, run_id: str, model: LoggedModel
) -> None:
    data = dataset("validation")
    for step, value in enumerate((0.5, 0.75)):
        mlflow.log_metric("accuracy", value, step=step, model_id=model.model_id, dataset=data)
    mlflow.log_metrics({"loss": 0.25}, model_id=model.model_id)

    metrics = mlflow.get_logged_model(model.model_id).metrics
    told = {(m.key, m.step): (m.value, m.run_id, m.dataset_name, m.dataset_digest) for m in metrics}
    assert told["accuracy", 1] == (0.75, run_id, "validation", data.digest)
    assert told["loss", 0] == (0.25, run_id, None, None)
    run = client.get_run(run_id)
    assert run.data.metrics == {"accuracy": 0.75, "loss": 0.25}
    assert [given.dataset.name for given in run.inputs.dataset_inputs] == ["validation"]


def test_a_metric_goes_to_the_active_model(experiment_id: str) -> None:
    model = mlflow.set_active_model(name="agent")
    try:
        with mlflow.start_run():
            mlflow.log_metric("relevance", 0.5)
    finally:
        mlflow.clear_active_model()

    (metric,) = mlflow.get_logged_model(model.model_id).metrics
    assert (metric.key, metric.value) == ("relevance", 0.5)


def test_a_run_shows_the_models_that_came_out_of_it(
    client: MlflowClient, run_id: str, model: LoggedModel
) -> None:
    other = mlflow.initialize_logged_model("checkpoint", source_run_id=run_id)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 1), LoggedModelOutput(other.model_id, 5)])

    outputs = client.get_run(run_id).outputs.model_outputs
    assert {(given.model_id, given.step) for given in outputs} == {(model.model_id, 1), (other.model_id, 5)}


def test_an_estimator_is_loaded_by_the_id_of_its_model(client: MlflowClient, experiment_id: str) -> None:
    estimator = DummyClassifier(strategy="constant", constant=3).fit([[0], [1]], [3, 4])
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 0.5, step=2)
        info = mlflow.sklearn.log_model(
            estimator, name="constant", pip_requirements=["scikit-learn"], params={"of": "it"}, step=2
        )

    kept = mlflow.last_logged_model()
    assert (kept.model_id, kept.status, kept.params) == (info.model_id, LoggedModelStatus.READY, {"of": "it"})
    # What the run had measured at that step is the model's, too.
    assert [(metric.key, metric.value) for metric in kept.metrics] == [("loss", 0.5)]
    (output,) = client.get_run(run.info.run_id).outputs.model_outputs
    assert (output.model_id, output.step) == (info.model_id, 2)
    for loaded in (
        mlflow.sklearn.load_model(f"models:/{info.model_id}"),
        mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/constant"),
    ):
        assert list(loaded.predict([[0], [7]])) == [3, 3]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("which", "found"),
    [
        ("name = 'tree'", {"tree"}),
        ("params.kind != 'tree'", {"forest", "linear"}),
        ("params.kind IN ('tree', 'linear') AND tags.reviewed = 'True'", {"tree"}),
        ("metrics.accuracy > 0.75", {"tree", "forest", "linear"}),
        ("metrics.`only test` >= 0.7 AND params.seed = '7'", {"forest", "linear"}),
        ("creation_time > 0 AND name LIKE '%e%'", {"tree", "forest", "linear"}),
        ("name ILIKE 'TREE' AND metrics.accuracy > 0.95", set()),
    ],
)
def test_a_filter_finds_the_models_that_match(compared: Compared, which: str, found: set[str]) -> None:
    assert set(compared.kinds(which)) == found


@pytest.mark.usefixtures("client")
def test_a_filter_of_metrics_may_be_for_some_data_sets_only(compared: Compared) -> None:
    train, test, other = (
        {"dataset_name": name, "dataset_digest": dataset(name).digest} for name in ("train", "test", "other")
    )

    def good(*on: dict[str, str]) -> set[str]:
        return set(compared.kinds("metrics.accuracy > 0.75", datasets=list(on)))

    assert good(train) == {"tree", "forest"}
    assert good(test) == {"linear"}
    assert good(train, test) == {"tree", "forest", "linear"}
    assert good(other) == good({**train, "dataset_digest": test["dataset_digest"]}) == set()


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("name", "ascending", "ordered"),
    [
        ("train", True, ["linear", "forest", "tree"]),
        ("train", False, ["tree", "forest", "linear"]),
        ("test", True, ["tree", "forest", "linear"]),
    ],
)
def test_models_are_ordered_by_a_metric_on_a_data_set(
    compared: Compared, name: str, ascending: bool, ordered: list[str]
) -> None:
    order = {"field_name": "metrics.accuracy", "ascending": ascending, "dataset_name": name}

    assert compared.kinds(order_by=[order]) == ordered


@pytest.mark.usefixtures("client")
def test_without_an_order_the_youngest_model_comes_first(compared: Compared) -> None:
    oldest_first = {"field_name": "creation_time", "ascending": True}

    assert compared.kinds() == ["linear", "forest", "tree"]
    assert compared.kinds(order_by=[oldest_first]) == ["tree", "forest", "linear"]


@pytest.mark.usefixtures("client")
def test_a_search_fills_a_data_frame(compared: Compared) -> None:
    frame = mlflow.search_logged_models(
        [compared.experiment_id],
        "params.seed = '7'",
        order_by=[{"field_name": "name", "ascending": True}],
    )

    assert frame["name"].tolist() == ["forest", "linear", "tree"]
    assert frame["model_id"].tolist() == [compared.models[kind].model_id for kind in frame["name"]]
    assert set(frame["experiment_id"]) == {compared.experiment_id}
    assert [params["kind"] for params in frame["params"]] == frame["name"].tolist()


def test_pages_show_every_model_once(client: MlflowClient, experiment_id: str) -> None:
    for number in range(7):
        client.create_logged_model(experiment_id, f"model {number}", params={"parity": str(number % 2)})

    def page(token: str | None = None) -> PagedList[LoggedModel]:
        order = [{"field_name": "name", "ascending": False}]
        return client.search_logged_models([experiment_id], "params.parity = '0'", None, 3, order, token)

    first = page()
    last = page(first.token)

    assert [model.name for model in first] == ["model 6", "model 4", "model 2"]
    assert [model.name for model in last] == ["model 0"]
    assert not last.token


def test_a_deleted_model_is_not_found_any_more(client: MlflowClient) -> None:
    compared = compare()
    gone = compared.models["forest"].model_id

    client.delete_logged_model(gone)

    assert compared.kinds() == ["linear", "tree"]
    assert compared.kinds("metrics.accuracy > 0.75") == ["linear", "tree"]
    for missing in (
        lambda: mlflow.get_logged_model(gone),
        lambda: mlflow.pyfunc.load_model(f"models:/{gone}"),
    ):
        with pytest.raises(MlflowException, match=gone) as refused:
            missing()
        assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    with pytest.raises(MlflowException, match="may have been deleted"):
        mlflow.log_model_params({"late": "yes"}, gone)


def test_a_deleted_run_leaves_its_models(client: MlflowClient) -> None:
    compared = compare()

    client.delete_run(compared.models["tree"].source_run_id)

    assert mlflow.get_logged_model(compared.models["tree"].model_id).name == "tree"
    assert compared.kinds("name = 'tree'") == ["tree"]
