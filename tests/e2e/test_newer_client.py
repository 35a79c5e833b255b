"""The client of MLflow 3.18: every byte goes direct, and nobody set anything."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.clients import CLIENT
from tests.servers import Server
from tests.servers.newer_client import newer_client
from tests.servers.serve import genesis_environment

SCRIPT = Path(__file__).parent / "newer_client" / "transfers.py"
MIB = 1 << 20
FILES = {
    "empty.bin": b"",
    "five bytes.txt": b"12345",
    "a+b 100%.txt": b"plus and percent",
    "größe 模型.json": b"{}",
    "deeper/down/ü.bin": bytes(range(256)),
    "three parts.bin": bytes(range(256)) * (25 * MIB // 256),
}


@dataclass(frozen=True)
class Transferred:
    """What the client sent, and what it got back."""

    version: str
    sent: list[tuple[str, str, int]]
    server: str
    downloads: Path

    def requests(self, method: str, path: str) -> list[str]:
        """The URLs that were asked for by a method, of those that have ``path`` in theirs."""
        return [url for how, url, _ in self.sent if how == method and path in urlsplit(url).path]


@pytest.fixture(scope="module", params=["sqlite_server", "blob_server"])
def transferred(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Transferred:
    server: Server = request.getfixturevalue(request.param)
    folder, downloads = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("downloads")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    settings = {**CLIENT, "MLFLOW_TRACKING_URI": server.url, "PYTHONPATH": str(newer_client())}
    done = subprocess.run(
        [sys.executable, SCRIPT, folder, downloads, "five bytes.txt"],
        env=genesis_environment(settings),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    return Transferred(told["version"], told["sent"], server.url, downloads)


def test_every_file_comes_back_as_it_was(transferred: Transferred) -> None:
    assert transferred.version == "3.18.0"
    found = {
        path.relative_to(transferred.downloads / "all files").as_posix(): path.read_bytes()
        for path in (transferred.downloads / "all files").rglob("*")
        if path.is_file()
    }
    assert found.keys() == FILES.keys()
    assert [name for name, content in FILES.items() if found[name] != content] == []
    assert (transferred.downloads / "five bytes.txt").read_bytes() == b"12345"


def test_no_upload_passes_through_the_api(transferred: Transferred) -> None:
    assert transferred.requests("PUT", "/mlflow-artifacts/artifacts/") == []
    created = transferred.requests("POST", "/mlflow-artifacts/mpu/create/")
    assert len(created) == len(transferred.requests("POST", "/mlflow-artifacts/mpu/complete/"))
    assert len(created) == len(FILES) + 1
    assert transferred.requests("POST", "/mlflow-artifacts/mpu/abort/") == []


def test_a_large_file_is_sent_in_parts(transferred: Transferred) -> None:
    assert len(transferred.requests("PUT", "three%20parts.bin")) == 3


def test_no_download_passes_through_the_api(transferred: Transferred) -> None:
    assert transferred.requests("GET", "/mlflow-artifacts/artifacts/") == []
    # An empty file needs no GET: its size says it all.
    assert len(transferred.requests("GET", "/mlflow-artifacts/presigned/")) == len(FILES) + 1


def test_nothing_is_refused(transferred: Transferred) -> None:
    refused = [one for one in transferred.sent if one[2] >= 400]
    assert [url for _, url, _ in refused if "experiments/get-by-name" not in url] == []
