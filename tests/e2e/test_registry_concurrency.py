"""Clients that change one registered model at the same time."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tests.e2e.rest import Rest, at_once
from tests.servers import Server

# Stages are old, and what is asked of them here.
pytestmark = pytest.mark.filterwarnings("ignore:.*stages.*:FutureWarning")

CREATORS = 16
EACH = 3
SOURCE = "s3://bucket/model"


@pytest.fixture
def name(client: MlflowClient) -> str:
    new = f"raced {uuid.uuid4().hex}"
    client.create_registered_model(new)
    return new


@pytest.fixture
def rest(server: Server) -> Rest:
    return Rest(server.url)


def test_versions_created_at_once_are_numbered_without_gap_or_duplicate(
    client: MlflowClient, rest: Rest, name: str
) -> None:
    def create(creator: int) -> list[int]:
        return [new_version(rest, name, f"{creator}.{i}") for i in range(EACH)]

    told = at_once(CREATORS, create)

    assert sorted(number for some in told for number in some) == list(range(1, CREATORS * EACH + 1))
    assert all(some == sorted(some) for some in told)
    # Each number is the version its creator meant.
    kept = {int(v.version): v.description for v in client.search_model_versions(f"name = '{name}'")}
    assert kept == {
        number: f"{creator}.{i}" for creator, some in enumerate(told) for i, number in enumerate(some)
    }


def new_version(rest: Rest, name: str, description: str) -> int:
    reply = rest.post("model-versions/create", name=name, source=SOURCE, description=description)
    assert reply.status == 200, reply.data
    return int(reply.json()["model_version"]["version"])


def test_of_clients_that_create_one_model_one_wins(client: MlflowClient) -> None:
    name = f"raced {uuid.uuid4().hex}"

    def create(_: int) -> str:
        try:
            client.create_registered_model(name)
        except MlflowException as refused:
            return refused.error_code
        return "created"

    assert sorted(at_once(8, create)) == [*["RESOURCE_ALREADY_EXISTS"] * 7, "created"]


@pytest.mark.parametrize("race", range(5))
def test_of_two_renames_one_wins_and_readers_find_the_versions_by_whichever_name_there_is(
    client: MlflowClient, rest: Rest, name: str, race: int
) -> None:
    client.create_model_version(name, SOURCE)
    client.create_model_version(name, SOURCE)
    client.transition_model_version_stage(name, "1", "Staging")
    client.set_registered_model_alias(name, "champion", "2")
    names = [name, f"{name} left", f"{name} right"]
    done = threading.Event()

    def rename(new: str) -> int:
        return rest.post("registered-models/rename", name=name, new_name=new).status

    def work(number: int) -> int:
        if number == 0:
            return sum(1 for _ in readings(rest, names, done))
        try:
            return rename(names[number])
        finally:
            if number == 2:
                done.set()

    read, *answers = at_once(3, work)

    assert read > 0
    assert answers.count(200) == 1
    assert set(answers) <= {200, 400, 404}
    winner = names[1 + answers.index(200)]
    assert [other for other in names if exists(rest, other)] == [winner]
    assert client.get_registered_model(winner).aliases == {"champion": "2"}
    assert numbers(client, winner) == [1, 2]
    assert all(numbers(client, other) == [] for other in names if other != winner)


def readings(rest: Rest, names: list[str], done: threading.Event) -> Iterator[str]:
    """Names under which the model was seen, until the renaming is done; each time its versions were there."""
    ended = False
    while not ended:
        # Looked at once more afterwards.
        ended = done.is_set()
        for name in names:
            model = rest.get("registered-models/get", name=name)
            if model.status == 200:
                latest = model.json()["registered_model"].get("latest_versions", [])
                assert sorted(int(version["version"]) for version in latest) == [1, 2]
                assert reachable(rest, name)
                yield name


def reachable(rest: Rest, name: str) -> bool:
    """Whether a version is there by this name, or else the model has just lost it."""
    version = rest.get("model-versions/get", name=name, version=1)
    alias = rest.get("registered-models/alias", name=name, alias="champion")
    return (version.status == alias.status == 200) or not exists(rest, name)


def exists(rest: Rest, name: str) -> bool:
    reply = rest.get("registered-models/get", name=name)
    assert reply.status in (200, 404), reply.data
    return bool(reply.status == 200)


def numbers(client: MlflowClient, name: str) -> list[int]:
    found = client.search_model_versions(f"name = '{name}'", order_by=["version_number ASC"])
    return [int(version.version) for version in found]
