"""Each store to be tested, empty: a local folder, and a container that does not exist yet."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from genesis.artifacts import ArtifactStore, container, open_artifacts
from genesis.artifacts.blob import BlobStore, open_store
from genesis.artifacts.blob_direct import BlobDirect
from tests.artifacts.identity import Anyone
from tests.servers import Server
from tests.servers.azurite import azurite
from tests.servers.certificate import Certificate, self_signed
from tests.servers.relay import Relay

DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"


@pytest.fixture(scope="session")
def blob_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
def container_uri(blob_service: Server) -> str:
    return _new_container(blob_service.url)


@pytest.fixture
def blob_store(container_uri: str) -> Iterator[BlobStore]:
    with closing(open_store(container_uri, DEVELOPMENT_STORAGE)) as store:
        yield store


@pytest.fixture
def direct(blob_store: BlobStore) -> BlobDirect:
    """Signs for the clients of ``blob_store``."""
    return blob_store.direct("http://server")


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


@pytest.fixture
def no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "RETRIES", 0)


@pytest.fixture
def relay(blob_service: Server) -> Iterator[Relay]:
    with Relay(blob_service.port) as between:
        yield between


@pytest.fixture
def relayed_store(relay: Relay) -> Iterator[BlobStore]:
    with closing(open_store(_new_container(relay.url), DEVELOPMENT_STORAGE)) as store:
        yield store


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def secure_blob_service(
    tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
) -> Iterator[Server]:
    with azurite(tmp_path_factory.mktemp("secure"), certificate) as server:
        yield server


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch, certificate: Certificate) -> None:
    """This process has an Azure identity, and trusts the storage's certificate."""
    monkeypatch.setattr(container, "identity", Anyone)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.file))


@pytest.fixture
def secure_relay(secure_blob_service: Server, certificate: Certificate) -> Iterator[Relay]:
    with Relay(secure_blob_service.port, certificate) as between:
        yield between


@pytest.fixture
def delegated_store(secure_relay: Relay, identity: None) -> Iterator[BlobStore]:
    """Has no key of the account, only an identity."""
    with closing(open_store(_new_container(secure_relay.url))) as store:
        yield store


def _new_container(url: str) -> str:
    return f"{url}/devstoreaccount1/test-{uuid.uuid4().hex}"
