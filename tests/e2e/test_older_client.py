"""The classic workflow from a client of MLflow 2.22, and what a client of today finds of it."""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.e2e.clients import CLIENT
from tests.servers import Server
from tests.servers.older_client import older_python
from tests.servers.serve import genesis_environment

pytestmark = [
    # Stages are old, and what is asked of them here.
    pytest.mark.filterwarnings("ignore:.*stages.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]

SCRIPT = Path(__file__).parent / "older_client" / "workflow.py"


@dataclass(frozen=True)
class Left:
    """What the older client left behind."""

    name: str
    version: str
    run_id: str


@pytest.fixture(scope="module")
def left(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """The older client's script, run from begin to end."""
    name = f"line {uuid.uuid4().hex}"
    environment = genesis_environment({**CLIENT, "MLFLOW_TRACKING_URI": server.url})
    # Nothing of this process's, and what is compiled at the first import is kept for the next.
    for own in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(own, None)
    done = subprocess.run(
        [older_python(), SCRIPT, f"older {uuid.uuid4().hex}", name],
        env=environment,
        cwd=tmp_path_factory.mktemp("older"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    version, run_id = done.stdout.splitlines()[-1].split()
    return Left(name, version, run_id)


def test_the_classic_workflow_runs_from_begin_to_end(left: Left) -> None:
    assert left.version.startswith("2.22.")


def test_a_client_of_today_finds_what_the_older_one_registered(client: MlflowClient, left: Left) -> None:
    model = client.get_registered_model(left.name)
    stages = {int(version.version): version.current_stage for version in model.latest_versions}

    assert (model.description, model.tags, model.aliases) == (
        "A line.",
        {"team": "geometry"},
        {"champion": "2"},
    )
    assert stages == {1: "Archived", 2: "Production"}
    assert client.get_model_version(left.name, "1").run_id == left.run_id
    assert client.search_registered_models(f"name LIKE '{left.name} %'") == []


def test_a_client_of_today_scores_with_the_older_ones_model(client: MlflowClient, left: Left) -> None:
    loaded = mlflow.pyfunc.load_model(f"models:/{left.name}/1")

    assert loaded.metadata.run_id == left.run_id
    assert loaded.predict(pd.DataFrame({"x": [10.0]})).tolist() == pytest.approx([21.0])
    assert "line" in client.get_run(left.run_id).data.tags["mlflow.log-model.history"]
