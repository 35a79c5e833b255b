"""MLflow's own server, and its commands, over our stores."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from tests.conftest import unused_database
from tests.e2e.clients import stock_client
from tests.e2e.plugin_session.running import said
from tests.servers import Server
from tests.servers.stock import stock_mlflow


@pytest.fixture(scope="module", params=("sqlite", "mongo"))
def new_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes the URI of a database that nothing has used, of each engine."""

    def made() -> str:
        if request.param == "sqlite":
            return f"genesis+sqlite:///{tmp_path_factory.mktemp('store') / 'genesis.db'}"
        return unused_database(request.getfixturevalue("mongodb_server_uri"))

    return made


@pytest.fixture(scope="module")
def store_uri(new_store: Callable[[], str]) -> str:
    return new_store()


@pytest.fixture(scope="module")
def server(store_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """``mlflow server`` with two workers over our store, artifacts proxied."""
    starting = stock_mlflow(tmp_path_factory.mktemp("mlflow"), store_uri)
    starting.command[starting.command.index("--workers") + 1] = "2"
    with starting as serving:
        yield serving


def test_a_stock_client_trains_registers_and_loads(server: Server, store_uri: str, tmp_path: Path) -> None:
    run_id = said(sys.executable, tmp_path, "training.py", server.url)

    run = MlflowClient(store_uri).get_run(run_id)
    assert run.info.artifact_uri.startswith("mlflow-artifacts:/")
    assert [v.run_id for v in MlflowClient(store_uri).search_model_versions("name = 'line'")] == [run_id]


def test_the_workers_see_each_other_s_runs(server: Server, tmp_path: Path) -> None:
    with stock_client(server) as client:
        for n in range(20):
            run = client.create_run("0", run_name=str(n))
            client.log_metric(run.info.run_id, "n", n)
            found = client.search_runs(["0"], f"metrics.n = {n} AND run_id = '{run.info.run_id}'")
            assert [one.info.run_id for one in found] == [run.info.run_id]


def test_nothing_that_works_is_an_error_in_the_server_s_log(server: Server) -> None:
    with stock_client(server) as client:
        # With each the server looks for webhooks.
        client.create_registered_model(uuid.uuid4().hex)
        mlflow.genai.register_prompt(uuid.uuid4().hex, "Say {{it}}")
    assert " ERROR " not in server.log.read_text()


def test_the_ui_and_what_it_asks_for(server: Server) -> None:
    with urllib.request.urlopen(server.url) as page:
        assert b"<title>MLflow</title>" in page.read()
    asked = urllib.request.Request(
        server.url + "/ajax-api/2.0/mlflow/experiments/search-datasets",
        json.dumps({"experiment_ids": ["0"]}).encode(),
        {"Content-Type": "application/json"},
    )
    assert json.load(urllib.request.urlopen(asked)) == {}


def test_what_is_not_served_is_not_implemented(server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(server.url + "/api/2.0/mlflow/webhooks")
    assert refusal.value.code == 501
    assert json.load(refusal.value)["error_code"] == "NOT_IMPLEMENTED"


def test_a_server_with_a_registry_and_a_root_of_its_own(new_store: Callable[[], str], tmp_path: Path) -> None:
    store_uri, registry, root = (
        new_store(),
        f"genesis+sqlite:///{tmp_path / 'registry.db'}",
        tmp_path / "root",
    )
    starting = stock_mlflow(tmp_path, store_uri)
    starting.command[starting.command.index("--serve-artifacts")] = "--no-serve-artifacts"
    starting.command += ["--registry-store-uri", registry, "--default-artifact-root", str(root)]
    with starting as server:
        run_id = said(sys.executable, tmp_path, "training.py", server.url)
    (version,) = MlflowClient(store_uri, registry).search_model_versions("name = 'line'")
    run = MlflowClient(store_uri).get_run(run_id)
    assert (version.run_id, run.info.artifact_uri.startswith(str(root))) == (run_id, True)


def test_mlflow_s_commands_work(new_store: Callable[[], str], tmp_path: Path) -> None:
    uri = new_store()
    left = said(sys.executable, tmp_path, "commands.py", uri, MLFLOW_TRACKING_URI=uri)
    assert [Path(folder).exists() for folder in left.split()] == [False, False]
