"""Places to move between, and the command that moves."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.exc import SADeprecationWarning

from genesis.__main__ import main
from tests.servers.serve import REPOSITORY, genesis_environment

Genesis = Callable[..., Result]
LOGGERS = ("", "alembic", "mlflow", "genesis", "genesis.requests", "azure")


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
def genesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Genesis]:
    """Runs a command with artifacts in ``tmp_path``; it ends well unless another exit code is named.

    In this process, for MLflow takes two seconds to be imported.
    """
    monkeypatch.setenv("GENESIS_ARTIFACTS_URI", (tmp_path / "store").as_uri())
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    handler = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str, code: int = 0, **settings: str) -> Result:
        with warnings.catch_warnings():
            # MLflow's own tables have SQLAlchemy warn of them.
            warnings.simplefilter("ignore", SADeprecationWarning)
            done = CliRunner().invoke(main, list(arguments), env=settings)
        assert done.exit_code == code, done.output
        return done

    yield run
    signal.signal(signal.SIGTERM, handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def document(done: Result) -> dict[str, Any]:
    """What a command with --json printed."""
    found: dict[str, Any] = json.loads(done.stdout)
    return found
