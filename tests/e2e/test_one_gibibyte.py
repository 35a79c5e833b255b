"""1 GiB, up and down, with nothing set: past the server, and byte for byte."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.e2e.clients import CLIENT, direct_client, stock_client
from tests.e2e.transfers import MEGABYTE, digest, recorded, written
from tests.servers import Server
from tests.servers.newer_client import newer_client
from tests.servers.serve import genesis_environment

SIZE = 1024 * MEGABYTE
LITTLE = MEGABYTE
"""Bytes: what may be said about a large file."""
SCRIPT = Path(__file__).parent / "newer_client" / "transfers.py"


@dataclass(frozen=True)
class Large:
    path: Path
    checksum: str


@pytest.fixture
def server(where: str, request: pytest.FixtureRequest) -> Server:
    serving: Server = request.getfixturevalue({"folder": "sqlite_server", "blob": "blob_server"}[where])
    return serving


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Large]:
    """1 GiB in a file; no copy of it stays, as a test's folder would for a while."""
    (tmp_path / "files").mkdir()
    path = written(tmp_path / "files" / "large.bin", SIZE)
    yield Large(path, digest(path))
    for copy in tmp_path.rglob("large.bin"):
        copy.unlink()


def clients(server: Server, cache: Path) -> dict[str, AbstractContextManager[MlflowClient]]:
    return {"stock": stock_client(server), "plug-in": direct_client(server, cache)}


@pytest.mark.parametrize(
    ("where", "kind"), [("blob", "stock"), ("blob", "plug-in"), ("folder", "stock"), ("folder", "plug-in")]
)
def test_it_goes_past_the_server(
    server: Server, kind: str, large: Large, experiment_name: str, tmp_path: Path
) -> None:
    with clients(server, tmp_path / "cache")[kind] as client, recorded(server) as sent:
        run_id = client.create_run(client.create_experiment(experiment_name)).info.run_id
        client.log_artifact(run_id, str(large.path))
        back = Path(client.download_artifacts(run_id, large.path.name, str(tmp_path)))

    assert digest(back) == large.checksum
    assert sent.put() > 1
    assert sent.bytes_to_api() < LITTLE
    assert not [path for path in sent.to_api() if path.startswith("/api/2.0/mlflow-artifacts/artifacts/")]


@pytest.mark.parametrize("where", ["blob", "folder"])
def test_a_newer_client_sends_it_past_the_server_as_well(
    server: Server, large: Large, tmp_path: Path
) -> None:
    settings = {**CLIENT, "MLFLOW_TRACKING_URI": server.url, "PYTHONPATH": str(newer_client())}
    done = subprocess.run(
        [sys.executable, SCRIPT, large.path.parent, tmp_path],
        env=genesis_environment(settings),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

    sent = json.loads(done.stdout.splitlines()[-1])["sent"]
    assert sum(method == "PUT" for method, _, _ in sent) > 1
    assert not [url for _, url, _ in sent if "/mlflow-artifacts/artifacts/" in url]
    assert digest(tmp_path / "all files" / large.path.name) == large.checksum
