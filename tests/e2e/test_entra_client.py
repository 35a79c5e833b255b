"""MLFLOW_TRACKING_AUTH=genesis-entra: a managed identity, and a server that takes its directory's tokens."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.clients import CLIENT
from tests.servers import Server
from tests.servers.azurite import azurite
from tests.servers.directory import AUDIENCE, TENANT, Directory
from tests.servers.identity import Endpoint, managed_identity
from tests.servers.newer_client import newer_client
from tests.servers.serve import genesis_environment, genesis_serve

SCRIPT = Path(__file__).parent / "entra_client" / "session.py"
NO_CREDENTIALS_OF_THIS_MACHINE = {"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"}


@pytest.fixture(scope="module")
def directory() -> Iterator[Directory]:
    with Directory() as made:
        yield made


@pytest.fixture
def identity(directory: Directory) -> Iterator[Endpoint]:
    """Where a process gets tokens for a service that has an app role here."""
    with managed_identity() as endpoint:
        service = {"preferred_username": None, "scp": None, "roles": ["Trainer"], "azp": "trainer"}
        # No two alike: each says which it is.
        endpoint.token = lambda number: directory.token(time.time(), **service, oid=f"service-{number}")
        yield endpoint


@pytest.fixture(scope="module")
def entra_server(directory: Directory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for tokens of the directory, its artifacts in Blob Storage."""
    settings = {
        "GENESIS_AUTH": "entra",
        "GENESIS_ENTRA_TENANT": TENANT,
        "GENESIS_ENTRA_AUDIENCE": AUDIENCE,
        "GENESIS_ENTRA_AUTHORITY": directory.url,
        "GENESIS_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
        "GENESIS_LOG_LEVEL": "DEBUG",
    }
    with azurite(tmp_path_factory.mktemp("azurite")) as storage:
        settings["GENESIS_ARTIFACTS_URI"] = f"{storage.url}/devstoreaccount1/entra"
        with genesis_serve(tmp_path_factory.mktemp("serve-entra"), environment=settings) as serving:
            yield serving


def session(folder: Path, server: Server, **settings: str) -> subprocess.CompletedProcess[str]:
    given = {
        **CLIENT,
        **NO_CREDENTIALS_OF_THIS_MACHINE,
        "MLFLOW_TRACKING_URI": server.url,
        "MLFLOW_TRACKING_AUTH": "genesis-entra",
        "GENESIS_DIRECT_ARTIFACTS": "true",
        "XDG_CACHE_HOME": str(folder / "cache"),
        **settings,
    }
    return subprocess.run(
        [sys.executable, SCRIPT, folder],
        env=genesis_environment(given),
        cwd=folder,
        capture_output=True,
        text=True,
    )


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("version", ["3.17.2", "3.18.0"])
def test_a_script_that_knows_of_no_credential_trains_as_its_managed_identity(
    entra_server: Server, identity: Endpoint, tmp_path: Path, version: str
) -> None:
    newer = {"PYTHONPATH": str(newer_client())} if version == "3.18.0" else {}
    found = told(session(tmp_path, entra_server, **identity.environment, **newer))

    assert (found["version"], found["file"], found["metrics"]) == (version, "of a run", {"accuracy": 0.9})
    assert found["user"] == "service-1"
    assert [asked["resource"] for asked in identity.asked] == [[f"api://{AUDIENCE}"]]
    here = urlsplit(entra_server.url).netloc
    assert [status for host, credential, status in found["sent"] if host == here and not credential] == [401]
    assert {status for host, credential, status in found["sent"] if credential == "Bearer"} <= {200, 404}
    # Signed URLs led to the storage, which was told nothing else.
    assert {credential for host, credential, _ in found["sent"] if host != here} == {""}


def test_a_token_that_ends_is_replaced(entra_server: Server, identity: Endpoint, tmp_path: Path) -> None:
    identity.life = 0
    found = told(session(tmp_path, entra_server, **identity.environment))
    assert found["file"] == "of a run"
    assert len(identity.asked) > 5


def test_with_the_audience_set_no_request_goes_without_a_token(
    entra_server: Server, identity: Endpoint, tmp_path: Path
) -> None:
    found = told(
        session(tmp_path, entra_server, **identity.environment, GENESIS_ENTRA_AUDIENCE=f"api://{AUDIENCE}")
    )
    here = urlsplit(entra_server.url).netloc
    assert {credential for host, credential, _ in found["sent"] if host == here} == {"Bearer"}


def test_an_identity_that_may_not_call_is_told_so_once(
    entra_server: Server, identity: Endpoint, directory: Directory, tmp_path: Path
) -> None:
    identity.token = lambda _: directory.token(time.time(), scp=None)
    done = session(tmp_path, entra_server, **identity.environment)
    assert done.returncode == 1
    assert "neither a scope nor a role" in done.stderr
    assert len(identity.asked) == 1


def test_a_token_that_is_refused_is_not_asked_for_again_and_again(
    entra_server: Server, identity: Endpoint, directory: Directory, tmp_path: Path
) -> None:
    identity.token = lambda _: directory.token(time.time(), aud="somebody else")
    done = session(tmp_path, entra_server, **identity.environment)
    assert done.returncode == 1
    assert "UNAUTHENTICATED: The token is not good here" in done.stderr
    assert len(identity.asked) == 1


def test_without_an_identity_the_client_says_what_to_do(entra_server: Server, tmp_path: Path) -> None:
    done = session(tmp_path, entra_server, AZURE_TOKEN_CREDENTIALS="AzureCliCredential", PATH="/nowhere")
    assert done.returncode == 1
    assert f"az login --tenant {TENANT} --scope api://{AUDIENCE}/.default" in done.stderr


def test_a_token_that_somebody_set_goes_first(
    entra_server: Server, identity: Endpoint, directory: Directory, tmp_path: Path
) -> None:
    given = {**identity.environment, "MLFLOW_TRACKING_TOKEN": directory.token(time.time())}
    found = told(session(tmp_path, entra_server, **given))
    assert found["user"] == "ada@example.com"
    assert identity.asked == []


def test_no_token_is_in_the_servers_log(entra_server: Server, identity: Endpoint, tmp_path: Path) -> None:
    told(session(tmp_path, entra_server, **identity.environment))
    assert "eyJ" not in entra_server.log.read_text()
