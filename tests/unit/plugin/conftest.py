from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genesis.plugin import artifact_repository, downloads, server, uploads
from tests.unit.plugin.fakes import Fakes, fakes

ROOT = "0/run/artifacts"
"""Where the repository's run keeps its files."""
NewFile = Callable[[int], Path]
PART = 64 * 1024
"""Bytes: parts small enough for a test to have many."""
CLIENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A client that repeats without waiting, moves small parts, and remembers them in the test's folder."""
    for name, value in CLIENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GENESIS_DIRECT_ARTIFACTS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # A port may have been another test's server a moment ago.
    monkeypatch.setattr(server, "_signing", {})
    monkeypatch.setattr(uploads, "PART", PART)
    monkeypatch.setattr(uploads, "MEGABYTE", 1)
    monkeypatch.setattr(downloads, "RANGE", PART)


@pytest.fixture
def fake() -> Iterator[Fakes]:
    with fakes() as made:
        yield made


@pytest.fixture
def repository(fake: Fakes) -> Any:
    """The plug-in's repository of a run."""
    return artifact_repository(f"mlflow-artifacts:/{ROOT}", tracking_uri=fake.url)


@pytest.fixture
def file(tmp_path: Path) -> NewFile:
    """A local file of a size, which differs from block to block."""

    def made(size: int) -> Path:
        path = tmp_path / "file.bin"
        path.write_bytes(content(size))
        return path

    return made


def content(size: int) -> bytes:
    return b"".join(n.to_bytes(4) for n in range(size // 4 + 1))[:size]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made
