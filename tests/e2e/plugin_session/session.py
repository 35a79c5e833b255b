"""A user's program: a whole session on each of the stores whose URIs it is given, without any server.

Runs in an interpreter of its own, with whichever MLflow is there. Arguments: an experiment's name, a model's
name, which of the two packages is imported first, and the URIs.
"""

from __future__ import annotations

import importlib
import sys

experiment, model, first, *uris = sys.argv[1:]
for package in {"genesis": ("genesis.plugin", "mlflow"), "mlflow": ("mlflow", "genesis.plugin")}[first]:
    importlib.import_module(package)

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402


def session(uri: str) -> str:
    """The run's id."""
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    mlflow.set_experiment(experiment)
    with mlflow.start_run(run_name="trained") as run:
        run_id = run.info.run_id
        mlflow.log_params({"depth": 3, "kind": "tree"})
        for step in range(3):
            mlflow.log_metrics({"loss": 1 / (step + 1)}, step=step)
        mlflow.set_tag("team", "geometry")
        mlflow.log_text("y = 2x", "line/formula.txt")

    found = client.search_runs([run.info.experiment_id], "params.depth = '3' and metrics.loss < 0.5")
    assert [one.info.run_id for one in found] == [run_id], found
    assert [point.step for point in client.get_metric_history(run_id, "loss")] == [0, 1, 2]
    assert [file.path for file in client.list_artifacts(run_id, "line")] == ["line/formula.txt"]

    client.create_registered_model(model, {"a": "1"}, "A line.")
    version = client.create_model_version(model, f"{run.info.artifact_uri}/line", run_id)
    client.set_registered_model_alias(model, "champion", version.version)
    champion = client.get_model_version_by_alias(model, "champion")
    assert (champion.run_id, champion.status) == (run_id, "READY")
    assert [one.name for one in client.search_registered_models(f"name = '{model}'")] == [model]
    where = mlflow.artifacts.download_artifacts(f"models:/{model}/{version.version}")
    with open(f"{where}/formula.txt") as formula:
        assert formula.read() == "y = 2x"

    try:
        client.get_run("0" * 32)
    except MlflowException as refusal:
        assert refusal.error_code == "RESOURCE_DOES_NOT_EXIST", refusal
    else:
        raise AssertionError("a run that is not there was found")
    return run_id


print(mlflow.__version__, sys.version.split()[0], *map(session, uris))
