"""Each store to be tested, empty: a local folder, and a container that does not exist yet."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from genesis.artifacts import ArtifactStore, open_artifacts
from genesis.artifacts.blob import BlobStore, open_store
from tests.servers import Server
from tests.servers.azurite import azurite

DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"


@pytest.fixture(scope="session")
def blob_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
def container_uri(blob_service: Server) -> str:
    return f"{blob_service.url}/devstoreaccount1/test-{uuid.uuid4().hex}"


@pytest.fixture
def blob_store(container_uri: str) -> Iterator[BlobStore]:
    with closing(open_store(container_uri, DEVELOPMENT_STORAGE)) as store:
        yield store


@pytest.fixture
def local_folder(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def local_store(local_folder: Path) -> ArtifactStore:
    return open_artifacts(local_folder.as_uri())


@pytest.fixture
def blob_folder_store(container_uri: str) -> Iterator[BlobStore]:
    with closing(open_store(container_uri + "/a%20folder/in%2520it/", DEVELOPMENT_STORAGE)) as store:
        yield store


@pytest.fixture(params=["local_store", "blob_store", "blob_folder_store"])
def store(request: pytest.FixtureRequest) -> ArtifactStore:
    chosen: ArtifactStore = request.getfixturevalue(request.param)
    return chosen
