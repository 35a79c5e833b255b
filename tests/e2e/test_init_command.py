"""``genesis init``: makes what the database lacks, and changes nothing that is there."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from azure.storage.blob import BlobServiceClient, ContainerClient

from genesis.artifacts.blob import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.e2e.rest import Rest
from tests.servers import Server, free_port
from tests.servers.azurite import azurite
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment, genesis_serve


@pytest.fixture(params=["sqlite", "mongo"])
def settings(
    request: pytest.FixtureRequest, new_database: Callable[[str], str], tmp_path: Path
) -> dict[str, str]:
    """A database that nothing has used, on each engine."""
    return {"GENESIS_DATABASE_URI": new_database(request.param), "GENESIS_DATA": str(tmp_path)}


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
def container_uri(storage: Server) -> Iterator[str]:
    """A container that is not there yet, of an emulator that no page may use yet."""
    uri = f"{storage.url}/devstoreaccount1/test-{uuid.uuid4().hex}"
    with account(storage) as client:
        client.set_service_properties(cors=[])
    yield uri


@pytest.fixture
def blob_settings(container_uri: str, tmp_path: Path) -> dict[str, str]:
    return {
        "GENESIS_DATA": str(tmp_path),
        "GENESIS_ARTIFACTS_URI": container_uri,
        "GENESIS_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
    }


def account(storage: Server) -> BlobServiceClient:
    credential = {"account_name": DEVELOPMENT_ACCOUNT, "account_key": DEVELOPMENT_KEY}
    return BlobServiceClient(f"{storage.url}/{DEVELOPMENT_ACCOUNT}", credential=credential)


def preflight(container_uri: str, origin: str, method: str = "PUT") -> requests.Response:
    """What a browser asks before it sends a part of an upload."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type,content-md5,x-ms-blob-type,x-ms-meta-upload",
    }
    return requests.options(f"{container_uri}/run/model.bin", headers=asked, timeout=30)


def init(settings: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        genesis_command("init", *options),
        env=genesis_environment(settings),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_prepares_an_empty_database_and_says_so(settings: dict[str, str]) -> None:
    done = init(settings)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Ready: ")


def test_it_may_be_repeated(settings: dict[str, str]) -> None:
    first = init(settings)
    second = init(settings)

    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")


def test_it_leaves_a_database_in_use_as_it_is(settings: dict[str, str], tmp_path: Path) -> None:
    with genesis_serve(tmp_path, database_uri=settings["GENESIS_DATABASE_URI"]) as server:
        rest = Rest(server.url)
        run_id = rest.new_run()
        before = rest.get("runs/get", run_id=run_id).json()

        assert init(settings).returncode == 0

        assert rest.get("runs/get", run_id=run_id).json() == before
        assert rest.post("runs/set-tag", run_id=run_id, key="still", value="writable").status == 200


def test_a_server_starts_on_a_prepared_database(settings: dict[str, str], tmp_path: Path) -> None:
    init(settings)

    with genesis_serve(tmp_path, database_uri=settings["GENESIS_DATABASE_URI"]) as server:
        assert Rest(server.url).new_experiment() == "1"


@pytest.mark.parametrize("origin", ["http://localhost:7071", "http://127.0.0.1:7071"])
def test_a_page_that_serve_shows_may_use_an_emulators_signed_urls(
    blob_settings: dict[str, str], container_uri: str, origin: str
) -> None:
    assert preflight(container_uri, origin).status_code == 403

    done = init(blob_settings)

    assert (done.returncode, done.stderr) == (0, "")
    for method in ("PUT", "GET", "HEAD"):
        allowed = preflight(container_uri, origin, method)
        assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, origin)
    assert preflight(container_uri, origin, "DELETE").status_code == 403


def test_other_origins_are_allowed_instead_of_those_when_they_are_named(
    blob_settings: dict[str, str], container_uri: str
) -> None:
    named = ["https://ml.example.com", "http://localhost:3000"]

    done = init(blob_settings, *(word for origin in named for word in ("--origin", origin)))

    assert done.returncode == 0
    assert [preflight(container_uri, origin).status_code for origin in named] == [200, 200]
    assert preflight(container_uri, "http://localhost:7071").status_code == 403


@pytest.mark.parametrize("origin", ["*", "localhost:7071", "http://localhost:7071/", "ftp://host"])
def test_what_is_no_origin_is_refused_and_nothing_changed(
    blob_settings: dict[str, str], container_uri: str, origin: str
) -> None:
    refused = init(blob_settings, "--origin", origin)

    assert refused.returncode == 2
    assert f"'{origin}' is not scheme://host[:port]" in refused.stderr
    assert preflight(container_uri, "http://localhost:7071").status_code == 403
    assert list(Path(blob_settings["GENESIS_DATA"]).iterdir()) == []


def test_it_makes_an_emulators_container(blob_settings: dict[str, str], storage: Server) -> None:
    name = blob_settings["GENESIS_ARTIFACTS_URI"].rpartition("/")[2]
    with account(storage) as client:
        container: ContainerClient = client.get_container_client(name)
        assert not container.exists()

        assert (init(blob_settings).returncode, init(blob_settings).returncode) == (0, 0)

        assert container.exists()


def test_an_emulator_that_does_not_answer_is_told(blob_settings: dict[str, str]) -> None:
    dead = f"http://127.0.0.1:{free_port()}/devstoreaccount1/artifacts"

    failed = init(blob_settings | {"GENESIS_ARTIFACTS_URI": dead})

    assert failed.returncode == 1
    assert "Blob Storage" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_an_account_in_azure_is_left_to_bicep(blob_settings: dict[str, str]) -> None:
    azure = blob_settings | {"GENESIS_ARTIFACTS_URI": "https://nobody.blob.core.windows.net/artifacts"}

    assert init(azure).returncode == 0

    refused = init(azure, "--origin", "https://ml.example.com")
    assert refused.returncode == 1
    assert "infra/bicep" in refused.stderr


def test_a_local_folder_needs_no_origins(settings: dict[str, str]) -> None:
    refused = init(settings, "--origin", "https://ml.example.com")
    assert refused.returncode == 1
    assert "only for an emulator" in refused.stderr
