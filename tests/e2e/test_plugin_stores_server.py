"""MLflow's own server, and its commands, over our stores."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from tests.conftest import unused_database
from tests.e2e.clients import stock_client
from tests.e2e.plugin_session.running import said
from tests.servers import Server
from tests.servers.stock import stock_mlflow

ENGINES = ("sqlite", "mongo")


@pytest.fixture(scope="module")
def new_store(mongodb_server_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Makes the URI of a database of an engine that nothing has used."""

    def made(engine: str) -> str:
        if engine == "sqlite":
            return f"genesis+sqlite:///{tmp_path_factory.mktemp('store') / 'genesis.db'}"
        return unused_database(mongodb_server_uri)

    return made


@pytest.fixture(scope="module")
def store_uris(new_store: Callable[[str], str]) -> dict[str, str]:
    return {engine: new_store(engine) for engine in ENGINES}


@pytest.fixture(scope="module")
def servers(
    store_uris: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Server]]:
    """``mlflow server`` with two workers over our store of each engine, artifacts proxied."""
    with ExitStack() as running:
        servers = {}
        for engine, uri in store_uris.items():
            starting = stock_mlflow(tmp_path_factory.mktemp("mlflow"), uri)
            starting.command[starting.command.index("--workers") + 1] = "2"
            servers[engine] = running.enter_context(starting)
        yield servers


@pytest.fixture(params=ENGINES)
def server(servers: dict[str, Server], request: pytest.FixtureRequest) -> Server:
    return servers[request.param]


def trained(folder: Path, servers: dict[str, Server]) -> dict[str, str]:
    """The run that a stock client trained on each server, by its engine."""
    pairs = [argument for server in servers.values() for argument in (server.url, "")]
    return dict(zip(servers, said(sys.executable, folder, "training.py", *pairs).split(), strict=True))


def test_a_stock_client_trains_registers_and_loads(
    servers: dict[str, Server], store_uris: dict[str, str], tmp_path: Path
) -> None:
    for engine, run_id in trained(tmp_path, servers).items():
        client = MlflowClient(store_uris[engine])
        assert client.get_run(run_id).info.artifact_uri.startswith("mlflow-artifacts:/")
        assert [version.run_id for version in client.search_model_versions("name = 'line'")] == [run_id]


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
        urllib.request.urlopen(server.url + "/api/2.0/mlflow/webhooks/1")
    assert refusal.value.code == 501
    assert json.load(refusal.value)["error_code"] == "NOT_IMPLEMENTED"


def test_a_server_with_a_registry_and_a_root_of_its_own(
    new_store: Callable[[str], str], tmp_path: Path
) -> None:
    stores = {engine: new_store(engine) for engine in ENGINES}
    registries = {engine: f"genesis+sqlite:///{tmp_path / f'registry-{engine}.db'}" for engine in ENGINES}
    with ExitStack() as running:
        servers = {}
        for engine in ENGINES:
            (tmp_path / engine).mkdir()
            starting = stock_mlflow(tmp_path / engine, stores[engine])
            starting.command[starting.command.index("--serve-artifacts")] = "--no-serve-artifacts"
            root = str(tmp_path / engine / "root")
            starting.command += ["--registry-store-uri", registries[engine], "--default-artifact-root", root]
            servers[engine] = running.enter_context(starting)
        run_ids = trained(tmp_path, servers)
    for engine, run_id in run_ids.items():
        (version,) = MlflowClient(stores[engine], registries[engine]).search_model_versions("name = 'line'")
        run = MlflowClient(stores[engine]).get_run(run_id)
        root = str(tmp_path / engine / "root")
        assert (version.run_id, run.info.artifact_uri.startswith(root)) == (run_id, True)


@pytest.mark.parametrize("engine", ENGINES)
def test_mlflow_s_commands_work(new_store: Callable[[str], str], engine: str, tmp_path: Path) -> None:
    uri = new_store(engine)
    left = said(sys.executable, tmp_path, "commands.py", uri, MLFLOW_TRACKING_URI=uri)
    assert [Path(folder).exists() for folder in left.split()] == [False, False]
