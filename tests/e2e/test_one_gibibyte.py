"""A file of 1 GiB, up and down, with nothing set: past the server, and byte for byte."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.e2e.clients import CLIENT, direct_client, stock_client
from tests.e2e.transfers import digest, recorded, written
from tests.servers import Server
from tests.servers.newer_client import newer_client
from tests.servers.serve import genesis_environment

GIB = 1 << 30
LITTLE = 1 << 20
"""Bytes: what may be said about a file of 1 GiB."""
SCRIPT = Path(__file__).parent / "newer_client" / "transfers.py"


@pytest.fixture(params=["sqlite_server", "blob_server"], ids=["folder", "blob"])
def server(request: pytest.FixtureRequest) -> Server:
    serving: Server = request.getfixturevalue(request.param)
    return serving


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    file = written(tmp_path_factory.mktemp("large") / "large.bin", GIB)
    yield file
    file.unlink()


@pytest.fixture(scope="module")
def checksum(large: Path) -> str:
    return digest(large)


def clients(server: Server, cache: Path) -> dict[str, AbstractContextManager[MlflowClient]]:
    return {"stock": stock_client(server), "plug-in": direct_client(server, cache)}


@pytest.mark.parametrize("kind", ["stock", "plug-in"])
def test_it_goes_past_the_server(
    server: Server, kind: str, large: Path, checksum: str, experiment_name: str, tmp_path: Path
) -> None:
    with clients(server, tmp_path / "cache")[kind] as client, recorded(server) as sent:
        run_id = client.create_run(client.create_experiment(experiment_name)).info.run_id
        client.log_artifact(run_id, str(large))
        back = Path(client.download_artifacts(run_id, large.name, str(tmp_path)))

    assert digest(back) == checksum
    back.unlink()
    assert sent.bytes_to_api() < LITTLE
    assert not [path for path in sent.to_api() if path.startswith("/api/2.0/mlflow-artifacts/artifacts/")]


def test_a_newer_client_sends_it_past_the_server_as_well(
    server: Server, large: Path, checksum: str, tmp_path: Path
) -> None:
    settings = {**CLIENT, "MLFLOW_TRACKING_URI": server.url, "PYTHONPATH": str(newer_client())}
    done = subprocess.run(
        [sys.executable, SCRIPT, large.parent, tmp_path],
        env=genesis_environment(settings),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

    sent = json.loads(done.stdout.splitlines()[-1])["sent"]
    assert not [url for _, url, _ in sent if "/mlflow-artifacts/artifacts/" in url]
    back = tmp_path / "all files" / large.name
    assert digest(back) == checksum
    back.unlink()
