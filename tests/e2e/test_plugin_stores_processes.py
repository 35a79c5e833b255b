"""Several processes on one database, forked off or not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from mlflow.entities import Metric

from genesis.plugin import tracking_store
from tests.e2e.clients import CLIENT
from tests.servers.serve import REPOSITORY, genesis_environment


def environment() -> dict[str, str]:
    return genesis_environment({**CLIENT, "PYTHONPATH": str(REPOSITORY)})


def store_uri(database_uri: str) -> str:
    """MLflow's URI of a database of ours."""
    return database_uri if database_uri.startswith("mongodb") else f"genesis+{database_uri}"


FORKS = """
import os, sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
run = client.create_run("0").info.run_id
children = []
for n in range(4):
    child = os.fork()
    if not child:
        code = 1
        try:
            for step in range(20):
                client.log_metric(run, f"of {n}", step, step=step)
            code = 0 if client.get_run(run).data.metrics[f"of {n}"] == 19 else 2
        finally:
            os._exit(code)
    children.append(child)
for step in range(20):
    client.log_metric(run, "of the parent", step, step=step)
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
print(sorted(client.get_run(run).data.metrics.items()))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_processes_that_were_forked_off_open_a_database_of_their_own(database_uri: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS, store_uri(database_uri)],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    names = ["of 0", "of 1", "of 2", "of 3", "of the parent"]
    assert done.stdout.splitlines()[-1] == str([(name, 19.0) for name in names])
    # The driver would say so if a child used its parent's connections.
    assert "fork" not in done.stderr


def test_two_processes_write_to_one_database(database_uri: str) -> None:
    uri = store_uri(database_uri)
    store = tracking_store(uri)
    run_id = store.create_run("0", "ann", 1, [], "shared").info.run_id
    script = (
        "import sys; from mlflow import MlflowClient; client = MlflowClient(sys.argv[1])\n"
        "for step in range(50): client.log_metric(sys.argv[2], 'other', step, step=step)"
    )
    other = subprocess.Popen([sys.executable, "-c", script, uri, run_id], env=environment())
    for step in range(50):
        store.log_metric(run_id, Metric("own", step, step, step))
    assert other.wait(60) == 0
    assert (
        len(store.get_metric_history(run_id, "own")) == len(store.get_metric_history(run_id, "other")) == 50
    )
