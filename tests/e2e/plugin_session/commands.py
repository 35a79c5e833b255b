"""MLflow's own commands on a store, one after the other; argument: the store's URI."""

from __future__ import annotations

import sys

import mlflow
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.cli import cli

uri = sys.argv[1]


def command(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def line() -> list[str]:
    return command("experiments", "search", "--view", "all").splitlines()[2:]


command("experiments", "create", "--experiment-name", "first")
command("experiments", "rename", "--experiment-id", "1", "--new-name", "renamed")
assert [row.split()[1] for row in line()] == ["Default", "renamed"], line()
assert "renamed" in command("experiments", "get", "--experiment-id", "1")
with mlflow.start_run(experiment_id="0") as kept:
    mlflow.log_text("kept", "a.txt")
with mlflow.start_run(experiment_id="0") as gone:
    mlflow.log_text("gone", "a.txt")
with mlflow.start_run(experiment_id="1") as inside:
    mlflow.log_text("inside", "a.txt")
    mlflow.log_metric("m", 1.0)
model = MlflowClient().create_logged_model("0", "net")
assert kept.info.run_id in command("runs", "list", "--experiment-id", "0")
assert inside.info.run_id in command("experiments", "csv", "--experiment-id", "1")
assert gone.info.run_id in command("runs", "describe", "--run-id", gone.info.run_id)
command("runs", "delete", "--run-id", kept.info.run_id)
command("runs", "restore", "--run-id", kept.info.run_id)
command("runs", "delete", "--run-id", gone.info.run_id)
command("experiments", "delete", "--experiment-id", "1")
command("experiments", "restore", "--experiment-id", "1")
command("experiments", "delete", "--experiment-id", "1")
MlflowClient().delete_logged_model(model.model_id)

assert "permanently deleted" not in command("gc", "--backend-store-uri", uri, "--older-than", "1d")
removed = command("gc", "--backend-store-uri", uri)
for id in (gone.info.run_id, inside.info.run_id, model.model_id, "Experiment with ID 1"):
    assert id in removed, removed
assert kept.info.run_id not in removed
assert [row.split()[1] for row in line()] == ["Default"], line()
assert mlflow.artifacts.load_text(f"{kept.info.artifact_uri}/a.txt") == "kept"
assert gone.info.run_id not in command("runs", "list", "--experiment-id", "0", "--view", "all")
print(gone.info.artifact_uri, inside.info.artifact_uri)
