"""``genesis serve`` on each engine, and a stock MLflow client that talks to it over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from mlflow import MlflowClient

from tests.conftest import unused_database
from tests.e2e.clients import stock_client
from tests.servers import Server
from tests.servers.azurite import azurite
from tests.servers.serve import genesis_serve


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """The URI of a database of an engine that nothing has used ("": SQLite in the data folder)."""

    def uri(engine: str) -> str:
        if engine == "sqlite":
            return ""
        return unused_database(request.getfixturevalue("mongodb_server_uri"))

    return uri


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server as a user gets it who sets nothing."""
    with genesis_serve(tmp_path_factory.mktemp("serve-sqlite")) as serving:
        yield serving


@pytest.fixture(scope="session")
def mongo_server(
    new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A running server whose metadata is in a MongoDB."""
    data = tmp_path_factory.mktemp("serve-mongo")
    with genesis_serve(data, database_uri=new_database("mongo")) as serving:
        yield serving


@pytest.fixture(scope="session", params=["sqlite", "mongo"])
def server(request: pytest.FixtureRequest) -> Server:
    """A running server on each engine."""
    serving: Server = request.getfixturevalue(f"{request.param}_server")
    return serving


@pytest.fixture(scope="session")
def blob_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server whose artifacts are in Blob Storage (Azurite)."""
    with azurite(tmp_path_factory.mktemp("azurite")) as storage:
        settings = {
            "GENESIS_ARTIFACTS_URI": f"{storage.url}/devstoreaccount1/e2e",
            "GENESIS_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
        }
        with genesis_serve(tmp_path_factory.mktemp("serve-blob"), environment=settings) as serving:
            yield serving


@pytest.fixture
def client(server: Server) -> Iterator[MlflowClient]:
    """A stock client of the server, on each engine."""
    with stock_client(server) as pointed:
        yield pointed


@pytest.fixture
def experiment_name() -> str:
    return f"e2e {uuid.uuid4().hex}"
