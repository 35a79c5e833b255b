"""Experiments through the stock client: set, deleted and restored; and how its users hear of errors."""

from __future__ import annotations

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException


def test_an_experiment_set_twice_is_one_experiment(client: MlflowClient, experiment_name: str) -> None:
    first = mlflow.set_experiment(experiment_name)
    second = mlflow.set_experiment(experiment_name)

    assert first.experiment_id == second.experiment_id
    assert len(client.search_experiments(filter_string=f"name = '{experiment_name}'")) == 1


def test_a_deleted_experiment_takes_its_runs_along_and_brings_them_back(
    client: MlflowClient, experiment_name: str
) -> None:
    experiment_id = client.create_experiment(experiment_name)
    run_id = client.create_run(experiment_id).info.run_id

    client.delete_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"

    client.restore_experiment(experiment_id)
    assert client.get_experiment_by_name(experiment_name).lifecycle_stage == "active"
    assert [run.info.run_id for run in client.search_runs([experiment_id])] == [run_id]


def test_a_deleted_experiment_is_searched_for_only_when_asked(
    client: MlflowClient, experiment_name: str
) -> None:
    client.delete_experiment(client.create_experiment(experiment_name))
    name = f"name = '{experiment_name}'"

    assert client.search_experiments(filter_string=name) == []
    assert len(client.search_experiments(ViewType.DELETED_ONLY, filter_string=name)) == 1


def test_a_deleted_experiment_cannot_be_set(client: MlflowClient, experiment_name: str) -> None:
    client.delete_experiment(client.create_experiment(experiment_name))

    with pytest.raises(MlflowException, match="Cannot set a deleted experiment"):
        mlflow.set_experiment(experiment_name)


def test_a_renamed_experiment_answers_to_its_new_name(client: MlflowClient, experiment_name: str) -> None:
    experiment_id = client.create_experiment(experiment_name, tags={"team": "ä"})

    client.rename_experiment(experiment_id, experiment_name + " 2")

    assert client.get_experiment_by_name(experiment_name) is None
    renamed = client.get_experiment_by_name(experiment_name + " 2")
    assert (renamed.experiment_id, renamed.tags) == (experiment_id, {"team": "ä"})


def test_a_taken_name_is_told_as_such(client: MlflowClient, experiment_name: str) -> None:
    client.create_experiment(experiment_name)

    with pytest.raises(MlflowException, match="already exists") as refused:
        client.create_experiment(experiment_name)

    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_a_run_that_is_not_there_is_told_as_such(client: MlflowClient) -> None:
    with pytest.raises(MlflowException, match="not found") as refused:
        client.get_run("0" * 32)

    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_an_experiment_that_is_not_there_is_told_as_such(client: MlflowClient) -> None:
    with pytest.raises(MlflowException, match="No Experiment with id=") as refused:
        client.get_experiment("987654321")

    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_filter_that_cannot_be_read_is_told_as_such(client: MlflowClient) -> None:
    with pytest.raises(MlflowException, match="Invalid") as refused:
        client.search_runs(["0"], "metrics.loss <> 3 or")

    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_changed_parameter_is_told_as_such(client: MlflowClient, experiment_name: str) -> None:
    run_id = client.create_run(client.create_experiment(experiment_name)).info.run_id
    client.log_param(run_id, "p", "1")

    with pytest.raises(MlflowException, match="Changing param values is not allowed") as refused:
        client.log_param(run_id, "p", "2")

    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    assert client.get_run(run_id).data.params == {"p": "1"}
