"""One published app behind the stand-in host for each engine, and a stock MLflow client that talks to it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import pytest
from mlflow import MlflowClient

from tests.functions.published import functions_host, publish
from tests.servers import Server
from tests.servers.secantus import mongodb_address, secantusdb


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app folder as Azure gets it."""
    return publish(tmp_path_factory.mktemp("published") / "app")


@pytest.fixture(scope="session", params=["sqlite", "mongo"])
def host(
    request: pytest.FixtureRequest, published: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The running app, on a fresh database of each engine."""
    folder = tmp_path_factory.mktemp(f"functions-{request.param}")
    with (
        _database(request.param, folder) as uri,
        functions_host(published, GENESIS_DATA=str(folder), GENESIS_DATABASE_URI=uri) as server,
    ):
        yield server


@contextmanager
def _database(engine: str, folder: Path) -> Iterator[str]:
    name = f"functions-{uuid.uuid4().hex[:12]}"
    if engine == "sqlite":
        yield ""
    elif given := os.environ.get("GENESIS_TEST_MONGODB_URI"):
        yield urlsplit(given)._replace(path=f"/{name}").geturl()
    else:
        with secantusdb(folder) as server:
            yield urlsplit(mongodb_address(server))._replace(path=f"/{name}").geturl()


@pytest.fixture
def client(host: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowClient]:
    """MLflow's client; its fluent functions go to the same server."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # a 500 is told now, not in five minutes
    monkeypatch.setenv("GENESIS_DIRECT_ARTIFACTS", "false")  # stock, with our plug-in installed or not
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(host.url)
    yield MlflowClient(host.url)
    mlflow.set_tracking_uri(before)


@pytest.fixture
def run_id(client: MlflowClient) -> str:
    """An active run of an experiment of its own."""
    run_id: str = client.create_run(client.create_experiment(uuid.uuid4().hex)).info.run_id
    return run_id
