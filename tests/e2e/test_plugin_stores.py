"""``mongodb://`` and ``genesis+sqlite://`` as tracking URIs: whole sessions without any server."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

import pytest
from mlflow import MlflowClient

from genesis.plugin.stores.databases import absolute
from tests.conftest import unused_database
from tests.e2e.plugin_session.running import said
from tests.servers.plugin_clients import client_on_313, oldest_client
from tests.servers.serve import genesis_serve


@pytest.fixture(params=("sqlite", "mongo"))
def store_uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that nothing has used, of each engine, as MLflow's URI of it."""
    if request.param == "sqlite":
        return f"genesis+sqlite:///{tmp_path / 'genesis.db'}"
    return unused_database(request.getfixturevalue("mongodb_server_uri"))


def session(python: Path | str, folder: Path, uri: str, first: str) -> list[str]:
    """MLflow's version, Python's, and the run's id."""
    return said(python, folder, "session.py", uri, "e2e", f"line {uuid.uuid4().hex}", first).split()


@pytest.mark.parametrize("first", ["genesis", "mlflow"])
def test_a_session_needs_no_server_whichever_is_imported_first(
    store_uri: str, first: str, tmp_path: Path
) -> None:
    version, _, run_id = session(sys.executable, tmp_path, store_uri, first)
    assert version == "3.17.2"

    run = MlflowClient(store_uri).get_run(run_id)
    assert run.data.metrics == {"loss": pytest.approx(1 / 3)}
    # As with MLflow's own SQL store: a folder beside the program.
    assert run.info.artifact_uri.startswith(str(tmp_path / "mlruns"))
    assert (Path(run.info.artifact_uri) / "line" / "formula.txt").read_text() == "y = 2x"


@pytest.mark.parametrize("first", ["genesis", "mlflow"])
def test_the_oldest_mlflow_runs_the_session(store_uri: str, first: str, tmp_path: Path) -> None:
    version, _, run_id = session(oldest_client(), tmp_path, store_uri, first)
    assert version.startswith("2.3.")
    assert MlflowClient(store_uri).get_run(run_id).data.params == {"depth": "3", "kind": "tree"}


@pytest.mark.parametrize("first", ["genesis", "mlflow"])
def test_python_3_13_runs_the_session(store_uri: str, first: str, tmp_path: Path) -> None:
    version, python, run_id = session(client_on_313(), tmp_path, store_uri, first)
    assert (version, python[:5]) == ("3.17.2", "3.13.")
    assert MlflowClient(store_uri).get_run(run_id).data.params == {"depth": "3", "kind": "tree"}


def test_autolog_and_models_need_no_server_either(store_uri: str, tmp_path: Path) -> None:
    root = tmp_path / "elsewhere"
    run_id = said(
        sys.executable, tmp_path, "training.py", store_uri, MLFLOW_DEFAULT_ARTIFACT_ROOT=root.as_uri()
    )
    client = MlflowClient(store_uri)
    run = client.get_run(run_id)
    assert run.data.params["fit_intercept"] == "True"
    assert run.info.artifact_uri.startswith(root.as_uri())
    (version,) = client.search_model_versions("name = 'line'")
    (output,) = [made for made in run.outputs.model_outputs if f"models:/{made.model_id}" == version.source]
    model = client.get_logged_model(output.model_id)
    assert model.tags["mlflow.modelVersions"] == '[{"name": "line", "version": "1"}]'
    assert model.artifact_location.startswith(root.as_uri())


def test_the_same_database_is_served_over_http(mongodb_server_uri: str, tmp_path: Path) -> None:
    uri = unused_database(mongodb_server_uri)
    _, _, run_id = session(sys.executable, tmp_path, uri, "mlflow")
    with genesis_serve(tmp_path / "data", database_uri=absolute(uri)) as server:
        over_http = MlflowClient(server.url).get_run(run_id)
        assert over_http.to_dictionary() == MlflowClient(uri).get_run(run_id).to_dictionary()


def test_a_workspace_of_mlflow_s_is_one_of_ours(tmp_path: Path) -> None:
    uri = f"genesis+sqlite:///{tmp_path / 'genesis.db'}"
    model = f"line {uuid.uuid4().hex}"
    said(sys.executable, tmp_path, "session.py", uri, "e2e", model, "mlflow", MLFLOW_WORKSPACE="team-a")

    elsewhere = MlflowClient(uri)
    assert [e.name for e in elsewhere.search_experiments()] == ["Default"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MLFLOW_WORKSPACE", "team-a")
        here = {e.name: e for e in elsewhere.search_experiments()}
    assert here["e2e"].artifact_location == str(tmp_path / "mlruns" / "workspaces" / "team-a" / "1")


def test_the_registry_may_be_another_database(store_uri: str, tmp_path: Path) -> None:
    registry = f"genesis+sqlite:///{tmp_path / 'registry.db'}"
    run_id = said(sys.executable, tmp_path, "training.py", store_uri, registry)

    assert MlflowClient(store_uri, store_uri).search_registered_models() == []
    (version,) = MlflowClient(store_uri, registry).search_model_versions("name = 'line'")
    assert version.run_id == run_id
    model = MlflowClient(store_uri).get_logged_model(version.source.removeprefix("models:/"))
    assert model.tags["mlflow.modelVersions"] == '[{"name": "line", "version": "1"}]'
