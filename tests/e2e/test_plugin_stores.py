"""``mongodb://`` and ``genesis+sqlite://`` as tracking URIs: whole sessions without any server."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from genesis.plugin.stores.databases import absolute
from tests.conftest import unused_database
from tests.e2e.plugin_session.running import said
from tests.servers.plugin_clients import client_on_313, oldest_client
from tests.servers.serve import genesis_serve


@pytest.fixture
def store_uris(mongodb_server_uri: str, tmp_path: Path) -> list[str]:
    """A database of each engine that nothing has used, as MLflow's URI of it."""
    return [f"genesis+sqlite:///{tmp_path / 'genesis.db'}", unused_database(mongodb_server_uri)]


def session(python: Path | str, folder: Path, first: str, *uris: str) -> list[str]:
    """MLflow's version, Python's, and the id of the run of each session."""
    return said(python, folder, "session.py", "e2e", f"line {uuid.uuid4().hex}", first, *uris).split()


@pytest.mark.parametrize("first", ["genesis", "mlflow"])
def test_a_session_needs_no_server_whichever_is_imported_first(
    store_uris: list[str], first: str, tmp_path: Path
) -> None:
    version, _, *run_ids = session(sys.executable, tmp_path, first, *store_uris)
    assert version == "3.17.2"

    for uri, run_id in zip(store_uris, run_ids, strict=True):
        run = MlflowClient(uri).get_run(run_id)
        assert run.data.metrics == {"loss": pytest.approx(1 / 3)}
        # As with MLflow's own SQL store: a folder beside the program.
        assert run.info.artifact_uri.startswith(str(tmp_path / "mlruns"))
        assert (Path(run.info.artifact_uri) / "line" / "formula.txt").read_text() == "y = 2x"


def assert_logged(store_uris: list[str], run_ids: list[str]) -> None:
    for uri, run_id in zip(store_uris, run_ids, strict=True):
        assert MlflowClient(uri).get_run(run_id).data.params == {"depth": "3", "kind": "tree"}


@pytest.mark.parametrize("first", ["genesis", "mlflow"])
def test_the_oldest_mlflow_runs_the_session(store_uris: list[str], first: str, tmp_path: Path) -> None:
    version, _, *run_ids = session(oldest_client(), tmp_path, first, *store_uris)
    assert version.startswith("2.3.")
    assert_logged(store_uris, run_ids)


@pytest.mark.parametrize("first", ["genesis", "mlflow"])
def test_python_3_13_runs_the_session(store_uris: list[str], first: str, tmp_path: Path) -> None:
    version, python, *run_ids = session(client_on_313(), tmp_path, first, *store_uris)
    assert (version, python[:5]) == ("3.17.2", "3.13.")
    assert_logged(store_uris, run_ids)


def trained(folder: Path, registries: dict[str, str], **settings: str) -> Iterator[tuple[str, str]]:
    """Stores, each with the registry that goes with it ("": none), and the run that was trained in each."""
    pairs = [uri for pair in registries.items() for uri in pair]
    run_ids = said(sys.executable, folder, "training.py", *pairs, **settings).split()
    return zip(registries, run_ids, strict=True)


def test_autolog_and_models_need_no_server_either(store_uris: list[str], tmp_path: Path) -> None:
    root = (tmp_path / "elsewhere").as_uri()
    for uri, run_id in trained(tmp_path, dict.fromkeys(store_uris, ""), MLFLOW_DEFAULT_ARTIFACT_ROOT=root):
        client = MlflowClient(uri)
        run = client.get_run(run_id)
        assert run.data.params["fit_intercept"] == "True"
        assert run.info.artifact_uri.startswith(root)
        (version,) = client.search_model_versions("name = 'line'")
        (output,) = [
            made for made in run.outputs.model_outputs if f"models:/{made.model_id}" == version.source
        ]
        model = client.get_logged_model(output.model_id)
        assert model.tags["mlflow.modelVersions"] == '[{"name": "line", "version": "1"}]'
        assert model.artifact_location.startswith(root)


def test_the_same_database_is_served_over_http(mongodb_server_uri: str, tmp_path: Path) -> None:
    uri = unused_database(mongodb_server_uri)
    _, _, run_id = session(sys.executable, tmp_path, "mlflow", uri)
    with genesis_serve(tmp_path / "data", database_uri=absolute(uri)) as server:
        over_http = MlflowClient(server.url).get_run(run_id)
        assert over_http.to_dictionary() == MlflowClient(uri).get_run(run_id).to_dictionary()


def test_a_workspace_of_mlflow_s_is_one_of_ours(tmp_path: Path) -> None:
    uri = f"genesis+sqlite:///{tmp_path / 'genesis.db'}"
    model = f"line {uuid.uuid4().hex}"
    said(sys.executable, tmp_path, "session.py", "e2e", model, "mlflow", uri, MLFLOW_WORKSPACE="team-a")

    elsewhere = MlflowClient(uri)
    assert [e.name for e in elsewhere.search_experiments()] == ["Default"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MLFLOW_WORKSPACE", "team-a")
        here = {e.name: e for e in elsewhere.search_experiments()}
    assert here["e2e"].artifact_location == str(tmp_path / "mlruns" / "workspaces" / "team-a" / "1")


def test_the_registry_may_be_another_database(store_uris: list[str], tmp_path: Path) -> None:
    registries = {
        uri: f"genesis+sqlite:///{tmp_path / f'registry-{number}.db'}"
        for number, uri in enumerate(store_uris)
    }
    for uri, run_id in trained(tmp_path, registries):
        assert MlflowClient(uri, uri).search_registered_models() == []
        (version,) = MlflowClient(uri, registries[uri]).search_model_versions("name = 'line'")
        assert version.run_id == run_id
        model = MlflowClient(uri).get_logged_model(version.source.removeprefix("models:/"))
        assert model.tags["mlflow.modelVersions"] == '[{"name": "line", "version": "1"}]'
