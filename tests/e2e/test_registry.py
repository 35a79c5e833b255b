"""The model registry as a data scientist uses it: log, register, promote, score a batch, clean up."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from tests.e2e.clients import stock_client
from tests.servers import Server

pytestmark = [
    # Stages are old, and what is asked of them here.
    pytest.mark.filterwarnings("ignore:.*stages.*:FutureWarning"),
    # Of pandas where MLflow calls it, and of MLflow where it loads its own.
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]


@dataclass(frozen=True)
class Logged:
    """A logged model, and the name it was registered by."""

    name: str
    model_id: str
    run_id: str

    @property
    def uri(self) -> str:
        return f"models:/{self.model_id}"


@pytest.fixture(scope="module")
def batch() -> pd.DataFrame:
    features: pd.DataFrame = load_iris(as_frame=True).data
    return features


@pytest.fixture(scope="module")
def estimator(batch: pd.DataFrame) -> LogisticRegression:
    return LogisticRegression(max_iter=150).fit(batch, load_iris().target)


@pytest.fixture(scope="module")
def expected(estimator: LogisticRegression, batch: pd.DataFrame) -> list[int]:
    """What the estimator itself says of the batch."""
    predictions: list[int] = estimator.predict(batch).tolist()
    assert set(predictions) == {0, 1, 2}
    return predictions


@pytest.fixture(scope="module")
def logged(server: Server, estimator: LogisticRegression, batch: pd.DataFrame) -> Iterator[Logged]:
    """A model that was registered as it was logged, got an alias and went to production."""
    name = f"iris {uuid.uuid4().hex}"
    with stock_client(server) as client:
        mlflow.set_experiment(f"registry {uuid.uuid4().hex}")
        with mlflow.start_run():
            info = mlflow.sklearn.log_model(
                estimator,
                name="classifier",
                registered_model_name=name,
                signature=infer_signature(batch, estimator.predict(batch)),
                input_example=batch.head(3),
                # Given, for finding out what the model needs would take longer than all the rest.
                pip_requirements=["scikit-learn"],
            )
        client.set_registered_model_alias(name, "champion", "1")
        client.transition_model_version_stage(name, "1", "Production")
        yield Logged(name, info.model_id, info.run_id)


@pytest.fixture
def name() -> str:
    return f"model {uuid.uuid4().hex}"


@pytest.fixture
def registered(client: MlflowClient, logged: Logged, name: str) -> str:
    """The name of a new model of three versions; the first has an alias and a tag."""
    client.create_registered_model(name, tags={"team": "botany"}, description="Tells irises apart.")
    for _ in range(3):
        new_version(client, logged, name)
    client.set_registered_model_alias(name, "champion", "1")
    client.set_model_version_tag(name, "1", "reviewed", "yes")
    return name


def new_version(client: MlflowClient, logged: Logged, name: str) -> int:
    new = client.create_model_version(
        name, logged.uri, run_id=logged.run_id, model_id=logged.model_id, tags={"made": "by hand"}
    )
    return int(new.version)


def numbers(client: MlflowClient, name: str) -> list[int]:
    """Of all the versions there are, the latest first."""
    found = client.search_model_versions(f"name = '{name}'", order_by=["version_number DESC"])
    return [int(version.version) for version in found]


def stages(client: MlflowClient, name: str) -> dict[int, str]:
    found = client.search_model_versions(f"name = '{name}'")
    return {int(version.version): version.current_stage for version in found}


def scores(uri: str, batch: pd.DataFrame) -> list[int]:
    predictions: np.ndarray[tuple[int], np.dtype[np.int64]] = mlflow.pyfunc.load_model(uri).predict(batch)
    return predictions.tolist()


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    "address",
    [
        "models:/{name}@champion",
        "models:/{name}/1",
        "models:/{name}/Production",
        "models:/{name}/latest",
        "models:/{model_id}",
        "runs:/{run_id}/classifier",
    ],
)
def test_a_model_scores_a_batch_by_every_address(
    logged: Logged, batch: pd.DataFrame, expected: list[int], address: str
) -> None:
    assert scores(address.format(**asdict(logged)), batch) == expected


@pytest.mark.usefixtures("client")
def test_a_registered_model_comes_back_as_the_estimator_it_was(
    logged: Logged, estimator: LogisticRegression, batch: pd.DataFrame
) -> None:
    uri = f"models:/{logged.name}@champion"
    loaded = mlflow.sklearn.load_model(uri)
    described = mlflow.models.get_model_info(uri)

    assert loaded.coef_.tolist() == estimator.coef_.tolist()
    assert described.signature.inputs.input_names() == list(batch.columns)
    assert described.model_id == logged.model_id
    pd.testing.assert_frame_equal(mlflow.pyfunc.load_model(uri).input_example, batch.head(3))


def test_a_version_knows_the_run_and_the_logged_model_it_came_from(
    client: MlflowClient, logged: Logged
) -> None:
    version = client.get_model_version(logged.name, "1")
    model = client.get_logged_model(logged.model_id)

    assert (version.run_id, version.source) == (logged.run_id, logged.uri)
    assert (version.status, version.aliases) == ("READY", ["champion"])
    assert client.get_model_version_download_uri(logged.name, "1") == model.artifact_location
    names = {entry["name"] for entry in json.loads(model.tags["mlflow.modelVersions"])}
    assert logged.name in names


def test_a_model_is_registered_from_its_run(client: MlflowClient, logged: Logged, name: str) -> None:
    version = mlflow.register_model(f"runs:/{logged.run_id}/classifier", name, tags={"by": "uri"})

    assert (version.name, int(version.version), version.run_id) == (name, 1, logged.run_id)
    assert client.get_model_version(name, "1").tags == {"by": "uri"}


def test_a_promotion_archives_the_version_before(client: MlflowClient, registered: str) -> None:
    client.transition_model_version_stage(registered, "1", "Staging")
    client.transition_model_version_stage(registered, "2", "production")

    moved = client.transition_model_version_stage(
        registered, "3", "Production", archive_existing_versions=True
    )

    assert moved.current_stage == "Production"
    assert stages(client, registered) == {1: "Staging", 2: "Archived", 3: "Production"}
    assert mlflow.pyfunc.load_model(f"models:/{registered}/Production").metadata.run_id == moved.run_id


def test_the_latest_versions_are_the_highest_of_each_stage(client: MlflowClient, registered: str) -> None:
    client.transition_model_version_stage(registered, "1", "Staging")

    latest = client.get_latest_versions(registered)
    assert {version.current_stage: int(version.version) for version in latest} == {"Staging": 1, "None": 3}
    assert [int(version.version) for version in client.get_latest_versions(registered, ["Staging"])] == [1]
    assert client.get_latest_versions(registered, ["Production"]) == []


def test_a_stage_that_mlflow_does_not_know_is_refused_and_nothing_moves(
    client: MlflowClient, registered: str
) -> None:
    with pytest.raises(MlflowException, match="Invalid Model Version stage") as refused:
        client.transition_model_version_stage(registered, "1", "Live")

    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    assert set(stages(client, registered).values()) == {"None"}


def test_an_alias_moves_from_one_version_to_another(client: MlflowClient, registered: str) -> None:
    client.set_registered_model_alias(registered, "champion", "3")
    client.set_registered_model_alias(registered, "challenger", "1")

    assert int(client.get_model_version_by_alias(registered, "champion").version) == 3
    assert client.get_model_version(registered, "1").aliases == ["challenger"]
    assert client.get_registered_model(registered).aliases == {"champion": "3", "challenger": "1"}

    client.delete_registered_model_alias(registered, "champion")
    with pytest.raises(MlflowException, match="alias champion not found"):
        client.get_model_version_by_alias(registered, "champion")


def test_what_a_model_and_a_version_are_described_and_tagged_with_can_be_changed(
    client: MlflowClient, registered: str
) -> None:
    client.update_registered_model(registered, "All of them.")
    client.set_registered_model_tag(registered, "team", "zoology")
    client.set_registered_model_tag(registered, "task", "classification")
    client.update_model_version(registered, "2", "The second.")
    client.set_model_version_tag(registered, "1", "reviewed", "twice")
    client.delete_model_version_tag(registered, "2", "made")

    model = client.get_registered_model(registered)
    assert (model.description, model.tags) == ("All of them.", {"team": "zoology", "task": "classification"})
    assert client.get_model_version(registered, "1").tags == {"made": "by hand", "reviewed": "twice"}
    second = client.get_model_version(registered, "2")
    assert (second.description, second.tags) == ("The second.", {})
    assert second.last_updated_timestamp >= second.creation_timestamp

    client.delete_registered_model_tag(registered, "team")
    assert client.get_registered_model(registered).tags == {"task": "classification"}


def test_models_are_found_by_name_and_tag_over_pages(client: MlflowClient, name: str) -> None:
    for number in range(7):
        client.create_registered_model(f"{name} {number}", tags={"parity": str(number % 2)})
    which = f"name LIKE '{name} %' and tags.parity = '0'"

    first = client.search_registered_models(which, 3, ["name DESC"])
    last = client.search_registered_models(which, 3, ["name DESC"], first.token)

    assert [model.name for model in first] == [f"{name} 6", f"{name} 4", f"{name} 2"]
    assert [model.name for model in last] == [f"{name} 0"]
    assert not last.token
    assert client.search_registered_models(f"name ILIKE '{name.upper()}%' and tags.parity = '2'") == []


def test_versions_are_found_by_what_they_are_over_pages(
    client: MlflowClient, logged: Logged, registered: str
) -> None:
    which = f"name = '{registered}' and run_id = '{logged.run_id}' and tags.made = 'by hand'"

    first = client.search_model_versions(which, 2, ["version_number ASC"])
    rest = client.search_model_versions(which, 2, ["version_number ASC"], first.token)

    assert [int(version.version) for page in (first, rest) for version in page] == [1, 2, 3]
    assert not rest.token
    reviewed = client.search_model_versions(f"name = '{registered}' and tags.reviewed = 'yes'")
    assert [int(version.version) for version in reviewed] == [1]
    assert client.search_model_versions(f"name = '{registered}' and run_id = 'none'") == []


def test_a_version_is_copied_to_another_model(
    client: MlflowClient, registered: str, batch: pd.DataFrame, expected: list[int]
) -> None:
    target = f"{registered} in production"

    copy = client.copy_model_version(f"models:/{registered}@champion", target)
    again = client.copy_model_version(f"models:/{registered}/2", target)

    assert [(copy.name, int(copy.version)), (again.name, int(again.version))] == [(target, 1), (target, 2)]
    assert (copy.source, copy.tags) == (f"models:/{registered}/1", {"made": "by hand", "reviewed": "yes"})
    assert copy.run_id == client.get_model_version(registered, "1").run_id
    assert scores(f"models:/{target}/1", batch) == expected


def test_a_renamed_model_keeps_everything_and_is_gone_by_its_old_name(
    client: MlflowClient, registered: str, batch: pd.DataFrame, expected: list[int]
) -> None:
    client.transition_model_version_stage(registered, "2", "Production")
    new = f"{registered} renamed"

    client.rename_registered_model(registered, new)

    model = client.get_registered_model(new)
    assert (model.tags, model.description) == ({"team": "botany"}, "Tells irises apart.")
    assert (model.aliases, stages(client, new)) == (
        {"champion": "1"},
        {1: "None", 2: "Production", 3: "None"},
    )
    assert scores(f"models:/{new}@champion", batch) == scores(f"models:/{new}/Production", batch) == expected
    assert client.get_model_version(new, "1").tags == {"made": "by hand", "reviewed": "yes"}
    assert_gone(client, registered)


def test_a_model_cannot_take_a_name_that_is_taken(client: MlflowClient, registered: str, name: str) -> None:
    other = f"{name} of somebody else"
    client.create_registered_model(other)

    for take in (client.create_registered_model, lambda taken: client.rename_registered_model(other, taken)):
        with pytest.raises(MlflowException, match="already exists") as refused:
            take(registered)
        assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"
    assert (numbers(client, registered), numbers(client, other)) == ([3, 2, 1], [])


def test_a_version_may_not_come_from_outside_its_run(
    client: MlflowClient, logged: Logged, registered: str
) -> None:
    with pytest.raises(MlflowException, match="Invalid model version source") as refused:
        client.create_model_version(registered, "mlflow-artifacts:/elsewhere", run_id=logged.run_id)

    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    assert numbers(client, registered) == [3, 2, 1]


def test_a_deleted_version_takes_its_aliases_along_and_its_number_stays_free(
    client: MlflowClient, logged: Logged, registered: str
) -> None:
    client.set_registered_model_alias(registered, "newest", "3")

    client.delete_model_version(registered, "3")

    assert numbers(client, registered) == [2, 1]
    assert client.get_registered_model(registered).aliases == {"champion": "1"}
    with pytest.raises(MlflowException) as missing:
        client.get_model_version(registered, "3")
    assert missing.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert new_version(client, logged, registered) == 4


def test_the_name_of_a_deleted_model_begins_anew(
    client: MlflowClient, logged: Logged, registered: str
) -> None:
    client.delete_registered_model(registered)

    assert_gone(client, registered)
    client.create_registered_model(registered)
    model = client.get_registered_model(registered)
    assert (model.tags, model.aliases, model.latest_versions) == ({}, {}, [])
    assert new_version(client, logged, registered) == 1
    assert client.get_model_version(registered, "1").tags == {"made": "by hand"}
    assert client.get_model_version(registered, "1").aliases == []


def assert_gone(client: MlflowClient, name: str) -> None:
    for missing in (
        lambda: client.get_registered_model(name),
        lambda: client.get_model_version(name, "1"),
        lambda: client.get_latest_versions(name),
        lambda: client.set_registered_model_alias(name, "a", "1"),
        lambda: client.delete_registered_model(name),
    ):
        with pytest.raises(MlflowException) as refused:
            missing()
        assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert client.search_registered_models(f"name = '{name}'") == []
    assert numbers(client, name) == []
