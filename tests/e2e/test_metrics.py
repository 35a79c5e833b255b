"""Metrics through the stock client: large batches, long histories and the numbers that JSON lacks."""

from __future__ import annotations

import math
import sys

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException

LARGEST = sys.float_info.max


@pytest.fixture
def run_id(client: MlflowClient, experiment_name: str) -> str:
    new: str = client.create_run(client.create_experiment(experiment_name)).info.run_id
    return new


def test_a_thousand_metrics_fit_in_one_batch(client: MlflowClient, run_id: str) -> None:
    metrics = [Metric(f"m{i}", i / 7, 1_700_000_000_000 + i, i) for i in range(1000)]

    client.log_batch(run_id, metrics)

    assert client.get_run(run_id).data.metrics == {metric.key: metric.value for metric in metrics}


def test_a_long_history_comes_back_in_the_order_of_its_steps(client: MlflowClient, run_id: str) -> None:
    logged = [Metric("loss", 1 / (i + 1), 1_700_000_000_000 + i, i) for i in range(5000)]
    for start in range(0, 5000, 1000):
        client.log_batch(run_id, list(reversed(logged[start : start + 1000])))

    history = client.get_metric_history(run_id, "loss")

    assert [(m.step, m.timestamp, m.value) for m in history] == [
        (m.step, m.timestamp, m.value) for m in logged
    ]
    assert client.get_run(run_id).data.metrics == {"loss": 1 / 5000}


def test_a_batch_of_more_than_a_thousand_metrics_is_split_by_the_client(
    client: MlflowClient, run_id: str
) -> None:
    client.log_batch(run_id, [Metric("m", float(i), i, i) for i in range(2500)])

    assert len(client.get_metric_history(run_id, "m")) == 2500


@pytest.mark.parametrize(("logged", "kept"), [(math.inf, LARGEST), (-math.inf, -LARGEST)])
def test_an_infinite_metric_becomes_the_largest_number(
    client: MlflowClient, run_id: str, logged: float, kept: float
) -> None:
    client.log_metric(run_id, "m", logged)

    assert client.get_run(run_id).data.metrics == {"m": kept}
    assert [metric.value for metric in client.get_metric_history(run_id, "m")] == [kept]


def test_a_metric_that_is_no_number_stays_one(client: MlflowClient, run_id: str) -> None:
    client.log_metric(run_id, "m", 1.0, step=1)
    client.log_metric(run_id, "m", math.nan, step=2)

    assert math.isnan(client.get_run(run_id).data.metrics["m"])
    one, none = client.get_metric_history(run_id, "m")
    assert one.value == 1.0
    assert math.isnan(none.value)


def test_the_latest_value_is_that_of_the_highest_step_however_late_it_came(
    client: MlflowClient, run_id: str
) -> None:
    for step, value in ((5, 0.5), (9, 0.9), (1, 0.1), (-3, 0.3)):
        client.log_metric(run_id, "m", value, step=step)

    assert client.get_run(run_id).data.metrics == {"m": 0.9}


def test_a_retried_metric_is_logged_once(client: MlflowClient, run_id: str) -> None:
    for _ in range(3):
        client.log_metric(run_id, "m", 1.5, timestamp=1_700_000_000_000, step=4)

    assert len(client.get_metric_history(run_id, "m")) == 1


def test_a_batch_with_one_wrong_name_logs_nothing(client: MlflowClient, run_id: str) -> None:
    with pytest.raises(MlflowException, match="may only contain") as refused:
        client.log_batch(run_id, [Metric("good", 1.0, 1, 1), Metric("b%d", 1.0, 1, 1)])

    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    assert client.get_run(run_id).data.metrics == {}
    assert client.get_metric_history(run_id, "good") == []
