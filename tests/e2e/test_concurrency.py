"""Clients that do the same thing at the same time: nothing is lost, and one of them wins."""

from __future__ import annotations

import uuid

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from tests.e2e.rest import Rest, at_once
from tests.servers import Server

WRITERS = 8
EACH = 12


@pytest.fixture
def run_id(client: MlflowClient, experiment_name: str) -> str:
    new: str = client.create_run(client.create_experiment(experiment_name)).info.run_id
    return new


def test_writers_of_one_run_lose_nothing(client: MlflowClient, run_id: str) -> None:
    def write(writer: int) -> None:
        for i in range(EACH):
            client.log_metric(run_id, f"m{writer}.{i}", i / 4, step=i)
            client.log_param(run_id, f"p{writer}.{i}", str(i))
            client.set_tag(run_id, f"t{writer}.{i}", str(i))

    at_once(WRITERS, write)

    names = [(writer, i) for writer in range(WRITERS) for i in range(EACH)]
    data = client.get_run(run_id).data
    assert data.metrics == {f"m{writer}.{i}": i / 4 for writer, i in names}
    assert data.params == {f"p{writer}.{i}": str(i) for writer, i in names}
    assert {f"t{writer}.{i}": str(i) for writer, i in names}.items() <= data.tags.items()


def test_writers_of_one_metric_lose_no_point_and_the_latest_is_right(
    client: MlflowClient, run_id: str
) -> None:
    def write(writer: int) -> None:
        # Each writer's steps lie between the others', the highest last in none of them.
        for i in reversed(range(EACH)):
            step = i * WRITERS + writer
            client.log_metric(run_id, "loss", float(step), timestamp=1_700_000_000_000 - step, step=step)

    at_once(WRITERS, write)

    history = client.get_metric_history(run_id, "loss")
    assert sorted((m.step, m.value) for m in history) == [(s, float(s)) for s in range(WRITERS * EACH)]
    assert client.get_run(run_id).data.metrics == {"loss": float(WRITERS * EACH - 1)}


def test_batches_of_one_run_lose_nothing(client: MlflowClient, run_id: str) -> None:
    def write(writer: int) -> None:
        for i in range(4):
            metrics = [Metric("shared", float(writer), 1000 * i + j, 1000 * i + j) for j in range(200)]
            own = Metric(f"own{writer}", float(i), i, i)
            params = [Param("agreed", "same"), Param(f"p{writer}.{i}", "x")]
            client.log_batch(run_id, [*metrics, own], params, [RunTag(f"t{writer}.{i}", "x")])

    at_once(WRITERS, write)

    data = client.get_run(run_id).data
    assert len(client.get_metric_history(run_id, "shared")) == WRITERS * 4 * 200
    assert data.metrics == {"shared": WRITERS - 1.0, **{f"own{writer}": 3.0 for writer in range(WRITERS)}}
    assert len(data.params) == WRITERS * 4 + 1
    assert sum(tag.startswith("t") for tag in data.tags) == WRITERS * 4


def test_equal_points_of_several_writers_are_one_point(client: MlflowClient, run_id: str) -> None:
    at_once(WRITERS, lambda _: client.log_metric(run_id, "m", 0.5, timestamp=1_700_000_000_000, step=1))

    assert len(client.get_metric_history(run_id, "m")) == 1


def test_of_clients_that_create_one_experiment_one_wins(client: MlflowClient) -> None:
    name = f"raced {uuid.uuid4().hex}"

    def create(_: int) -> str:
        try:
            client.create_experiment(name)
        except MlflowException as refused:
            return refused.error_code
        return "created"

    assert sorted(at_once(WRITERS, create)) == [*["RESOURCE_ALREADY_EXISTS"] * (WRITERS - 1), "created"]


@pytest.mark.usefixtures("client")
def test_experiments_created_at_once_have_ids_of_their_own(server: Server) -> None:
    rest = Rest(server.url)

    ids = at_once(WRITERS, lambda _: [rest.new_experiment() for _ in range(5)])

    assert len({experiment_id for some in ids for experiment_id in some}) == WRITERS * 5


@pytest.mark.parametrize("race", range(5))
def test_a_parameter_raced_with_two_values_keeps_one_and_the_loser_is_told(
    client: MlflowClient, run_id: str, race: int
) -> None:
    values = ("left", "right")

    def log(number: int) -> str:
        try:
            client.log_param(run_id, "raced", values[number])
        except MlflowException as refused:
            return str(refused)
        return "logged"

    answers = dict(zip(values, at_once(2, log), strict=True))

    kept = client.get_run(run_id).data.params["raced"]
    assert answers.pop(kept) == "logged"
    assert "Changing param values is not allowed" in answers.popitem()[1]


def test_batches_that_race_for_a_parameter_log_all_of_one_and_nothing_of_the_others(
    client: MlflowClient, run_id: str
) -> None:
    def write(writer: int) -> str:
        try:
            metric = Metric(f"by{writer}", 1.0, 1, 1)
            client.log_batch(
                run_id, [metric], [Param("winner", str(writer))], [RunTag("winner", str(writer))]
            )
        except MlflowException as refused:
            return refused.error_code
        return "logged"

    answers = at_once(WRITERS, write)

    data = client.get_run(run_id).data
    winner = data.params["winner"]
    assert answers.count("logged") == 1
    assert answers[int(winner)] == "logged"
    assert data.tags["winner"] == winner
    assert data.metrics == {f"by{winner}": 1.0}
