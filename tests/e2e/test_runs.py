"""The life of a run through the stock client: nested, resumed, deleted, restored; its inputs and tags."""

from __future__ import annotations

import mlflow
import mlflow.data
import pandas
import pytest
from mlflow import MlflowClient
from mlflow.entities import Param, RunTag, ViewType
from mlflow.exceptions import MlflowException


@pytest.fixture
def experiment_id(client: MlflowClient, experiment_name: str) -> str:
    """The experiment that is set, on each engine."""
    active: str = mlflow.set_experiment(experiment_name).experiment_id
    return active


def test_nested_runs_are_found_by_their_parent(experiment_id: str, client: MlflowClient) -> None:
    with mlflow.start_run(run_name="parent") as parent:
        for depth in (2, 4, 8):
            with mlflow.start_run(run_name=f"depth {depth}", nested=True):
                mlflow.log_param("depth", depth)
    with mlflow.start_run(run_name="another"):
        pass

    children = client.search_runs([experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")

    assert {run.info.run_name for run in children} == {"depth 2", "depth 4", "depth 8"}
    assert {run.data.params["depth"] for run in children} == {"2", "4", "8"}


def test_a_resumed_run_goes_on_where_it_ended(experiment_id: str, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 3.0, step=1)
        mlflow.log_param("seed", 7)
    with mlflow.start_run(run_id=run.info.run_id):
        assert client.get_run(run.info.run_id).info.status == "RUNNING"
        mlflow.log_metric("loss", 2.0, step=2)
        mlflow.log_param("seed", 7)

    resumed = client.get_run(run.info.run_id)
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(metric.step, metric.value) for metric in history] == [(1, 3.0), (2, 2.0)]
    assert (resumed.data.metrics, resumed.data.params) == ({"loss": 2.0}, {"seed": "7"})
    assert (resumed.info.status, len(client.search_runs([experiment_id]))) == ("FINISHED", 1)


@pytest.mark.usefixtures("experiment_id")
def test_a_run_that_raises_is_marked_as_failed(client: MlflowClient) -> None:
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as run:
        mlflow.log_metric("ratio", 1 / 0)

    assert client.get_run(run.info.run_id).info.status == "FAILED"


def test_a_deleted_run_leaves_the_search_until_it_is_restored(
    experiment_id: str, client: MlflowClient
) -> None:
    run_id = client.create_run(experiment_id).info.run_id

    client.delete_run(run_id)
    assert client.search_runs([experiment_id]) == []
    (deleted,) = client.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)
    assert (deleted.info.run_id, deleted.info.lifecycle_stage) == (run_id, "deleted")

    client.restore_run(run_id)
    (restored,) = client.search_runs([experiment_id])
    assert (restored.info.run_id, restored.info.lifecycle_stage) == (run_id, "active")


def test_a_deleted_run_takes_no_metric(experiment_id: str, client: MlflowClient) -> None:
    run_id = client.create_run(experiment_id).info.run_id
    client.delete_run(run_id)

    with pytest.raises(MlflowException, match="must be in the 'active' state") as refused:
        client.log_metric(run_id, "loss", 1.0)

    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    client.restore_run(run_id)
    assert client.get_metric_history(run_id, "loss") == []


def test_a_batch_is_logged_as_a_whole(experiment_id: str, client: MlflowClient) -> None:
    run_id = client.create_run(experiment_id).info.run_id
    params = [Param(f"p{i}", str(i)) for i in range(100)]
    tags = [RunTag(f"t.{i}", "ä€😀" * i) for i in range(100)]

    client.log_batch(run_id, params=params, tags=tags)

    data = client.get_run(run_id).data
    assert data.params == {param.key: param.value for param in params}
    assert {tag.key: tag.value for tag in tags}.items() <= data.tags.items()


def test_a_removed_tag_is_gone(experiment_id: str, client: MlflowClient) -> None:
    run_id = client.create_run(experiment_id, tags={"kept": "1", "removed": "2"}).info.run_id

    client.delete_tag(run_id, "removed")

    tags = client.get_run(run_id).data.tags
    assert ("removed" in tags, tags["kept"]) == (False, "1")


def test_the_tag_of_the_runs_name_renames_it(experiment_id: str, client: MlflowClient) -> None:
    run_id = client.create_run(experiment_id, run_name="before").info.run_id

    client.set_tag(run_id, "mlflow.runName", "after")

    assert client.get_run(run_id).info.run_name == "after"
    assert [run.info.run_id for run in client.search_runs([experiment_id], "run_name = 'after'")] == [run_id]


# What MLflow's digest of a data frame raises with pandas 3.
@pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0")
def test_data_sets_are_kept_with_their_context(experiment_id: str, client: MlflowClient) -> None:
    frame = pandas.DataFrame({"x": [1, 2, 3], "y": [0.5, 1.5, 2.5]})
    with mlflow.start_run() as run:
        mlflow.log_input(mlflow.data.from_pandas(frame, name="points", targets="y"), context="training")
        mlflow.log_input(
            mlflow.data.from_pandas(frame * 2, name="others"), context="test", tags={"seen": "no"}
        )

    inputs = client.get_run(run.info.run_id).inputs.dataset_inputs
    found = client.search_runs([experiment_id], "dataset.name = 'points' and dataset.context = 'training'")

    tags = {given.dataset.name: {tag.key: tag.value for tag in given.tags} for given in inputs}
    assert tags == {
        "points": {"mlflow.data.context": "training"},
        "others": {"mlflow.data.context": "test", "seen": "no"},
    }
    assert [run.info.run_id for run in found] == [run.info.run_id]
