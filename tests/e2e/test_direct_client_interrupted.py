"""Uploads with our plug-in that are interrupted: by the storage, and by the death of the process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from genesis.plugin import uploads
from genesis.plugin.uploads import PARTS_AT_ONCE
from tests.e2e.clients import CLIENT, direct_client, direct_settings
from tests.e2e.transfers import MEGABYTE, digest, recorded, written
from tests.servers import Server
from tests.servers.azurite import azurite
from tests.servers.serve import genesis_environment, genesis_serve

PARTS = 25


@pytest.fixture(autouse=True)
def parts_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What matters here is how many there are."""
    monkeypatch.setattr(uploads, "PART", MEGABYTE)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("large") / "file.bin", PARTS * MEGABYTE)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Server]:
    with azurite(tmp_path) as running:
        yield running


@pytest.fixture
def blob_server(storage: Server, tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own storage, which may end."""
    settings = {
        "GENESIS_ARTIFACTS_URI": f"{storage.url}/devstoreaccount1/interrupted",
        "GENESIS_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
    }
    with genesis_serve(tmp_path, environment=settings) as serving:
        yield serving


def run_of(client: MlflowClient) -> str:
    run_id: str = client.create_run("0").info.run_id
    return run_id


def assert_there(client: MlflowClient, run_id: str, file: Path) -> None:
    assert digest(Path(client.download_artifacts(run_id, file.name))) == digest(file)


def test_an_upload_outlives_its_storage(
    storage: Server, blob_server: Server, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with direct_client(blob_server, tmp_path / "cache") as client, recorded(blob_server) as sent:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "7")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
        run_id = run_of(client)

        def restart(count: int) -> None:
            if count == 10:
                # Killed, Azurite forgets the seconds before, and even its container.
                storage.stop()
                storage.start()

        sent.after_put = restart
        client.log_artifact(run_id, str(file))

        assert_there(client, run_id, file)
        # One that ends may refuse what it is being sent.
        assert sent.put() <= PARTS + PARTS_AT_ONCE


def test_an_upload_that_its_storage_did_not_see_the_end_of_goes_on(
    storage: Server, blob_server: Server, file: Path, tmp_path: Path
) -> None:
    with direct_client(blob_server, tmp_path / "cache") as client, recorded(blob_server) as sent:
        run_id = run_of(client)
        sent.after_put = lambda count: storage.stop() if count == 10 else None
        with pytest.raises(MlflowException, match="could not be reached") as caught:
            client.log_artifact(run_id, str(file))
        assert "sig=" not in str(caught.value)
        first = sent.put()
        sent.after_put = lambda count: None
        storage.start()

        client.log_artifact(run_id, str(file))

        assert_there(client, run_id, file)
        assert first >= 10
        assert sent.put() <= PARTS + PARTS_AT_ONCE


KILLED = """
import os, signal, sys
import requests
from mlflow import MlflowClient
from genesis.plugin import uploads

uploads.PART = int(sys.argv[4])
send, answered = requests.Session.send, []

def sending(session, request, **options):
    reply = send(session, request, **options)
    if request.method == "PUT":
        answered.append(reply.status_code)
        if len(answered) == 12:
            os.kill(os.getpid(), signal.SIGKILL)
    return reply

requests.Session.send = sending
MlflowClient(sys.argv[1]).log_artifact(sys.argv[2], sys.argv[3])
"""


@pytest.mark.parametrize("where", ["sqlite_server", "blob_server"], ids=["folder", "blob"])
def test_a_killed_process_has_not_sent_in_vain(
    request: pytest.FixtureRequest, where: str, file: Path, tmp_path: Path
) -> None:
    server: Server = request.getfixturevalue(where)
    environment = genesis_environment({**CLIENT, **direct_settings(tmp_path / "cache")})
    with direct_client(server, tmp_path / "cache") as client:
        run_id = run_of(client)
        command = [sys.executable, "-c", KILLED, server.url, run_id, file, str(MEGABYTE)]
        assert subprocess.run(command, env=environment, cwd=tmp_path).returncode == -signal.SIGKILL
        assert not client.list_artifacts(run_id)

        with recorded(server) as sent:
            client.log_artifact(run_id, str(file))

        assert_there(client, run_id, file)
        # Of the parts on their way when it died, the journal may know nothing.
        assert sent.put() <= PARTS - 12 + PARTS_AT_ONCE
