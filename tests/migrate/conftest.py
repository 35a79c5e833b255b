"""Places to move between, and the command that moves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment

Genesis = Callable[..., subprocess.CompletedProcess[str]]


def generate(uri: str, folder: Path, **environment: str) -> None:
    """Fill a store; in ``folder`` MLflow puts the artifacts of a SQLite file."""
    command = [sys.executable, "-m", "tests.migrate.generated", uri, str(folder)]
    paths = {"PYTHONPATH": str(REPOSITORY), "MLFLOW_ALLOW_FILE_STORE": "true"}
    done = subprocess.run(
        command, cwd=folder, env=genesis_environment(paths | environment), capture_output=True, text=True
    )
    assert not done.returncode, done.stderr


@pytest.fixture(scope="session")
def stock_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``mlflow.db``, which is full, and its artifacts."""
    folder = tmp_path_factory.mktemp("stock")
    generate(f"sqlite:///{folder / 'mlflow.db'}", folder)
    return folder


@pytest.fixture
def stock(stock_folder: Path) -> str:
    return f"sqlite:///{stock_folder / 'mlflow.db'}"


@pytest.fixture
def genesis(tmp_path: Path) -> Iterator[Genesis]:
    """Runs a command with artifacts in ``tmp_path``; ends well unless another exit code is named."""

    def run(*arguments: str, code: int | None = 0, **settings: str) -> subprocess.CompletedProcess[str]:
        artifacts = {"GENESIS_ARTIFACTS_URI": (tmp_path / "store").as_uri()}
        done = subprocess.run(
            genesis_command(*arguments),
            cwd=REPOSITORY,
            env=genesis_environment({**artifacts, **settings}),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    yield run


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a command with --json printed."""
    found: dict[str, Any] = json.loads(done.stdout)
    return found
