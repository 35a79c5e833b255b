"""What a user of MLflow does, with a stock client: run by path in a process of its own (``trip.py``).

Reads what to do as JSON from standard input, and writes a line of JSON for each step that ended.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes
from typing import Any

import mlflow
from mlflow import MlflowClient

MEBIBYTE = 1024 * 1024
FILES = {"empty.bin": 0, "notes über alles.txt": 1000, "large.bin": 20 * MEBIBYTE}
"""Bytes of each."""
ALIAS = "validated"


class Wrong(Exception):
    """The server answered, but not with what was stored."""


def same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Wrong(f"{what}: {found!r} came back instead of {wanted!r}")


def tracking(given: dict[str, Any]) -> str:
    client = MlflowClient()
    with mlflow.start_run(experiment_id=given["experiment_id"], run_name="tracking") as active:
        mlflow.log_params({"rate": 0.1, "layers": 3})
        mlflow.set_tag("purpose", "validate")
        for step in range(5):
            mlflow.log_metrics({"loss": 1.0 / (step + 1), "accuracy": step / 5}, step=step)
    run = client.get_run(active.info.run_id)
    same("parameters", dict(run.data.params), {"rate": "0.1", "layers": "3"})
    same("the last value of a metric", run.data.metrics["accuracy"], 0.8)
    same("a tag", run.data.tags["purpose"], "validate")
    same("the run's status", run.info.status, "FINISHED")
    history = client.get_metric_history(active.info.run_id, "loss")
    same("a metric's history", [m.value for m in history], [1.0 / (step + 1) for step in range(5)])
    return "A run with parameters, metrics and tags comes back as it was logged."


def artifacts(given: dict[str, Any]) -> str:
    client = MlflowClient()
    with tempfile.TemporaryDirectory() as there, tempfile.TemporaryDirectory() as back:
        for name, size in FILES.items():
            (Path(there) / name).write_bytes(token_bytes(size))
            client.log_artifact(given["run_id"], str(Path(there) / name), "files")
        listed = client.list_artifacts(given["run_id"], "files")
        # MLflow's messages know no file of 0 bytes, only one without a size.
        sizes = {Path(file.path).name: file.file_size or 0 for file in listed}
        same("the list of artifacts", sizes, FILES)
        for name in FILES:
            file = client.download_artifacts(given["run_id"], f"files/{name}", back)
            if Path(file).read_bytes() != (Path(there) / name).read_bytes():
                raise Wrong(f"'{name}' came back with other bytes")
    return "Files of 0 bytes, 1 kB and 20 MiB went up and came back."


def models(given: dict[str, Any]) -> str:
    try:
        import mlflow.pyfunc  # noqa: F401 (of no use without numpy and pandas)
    except ImportError as error:
        return _files_of_a_model(given, str(error))
    return _model(given)


def _model(given: dict[str, Any]) -> str:
    class Doubles(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            return model_input * 2

    place = "name" if int(mlflow.__version__.partition(".")[0]) >= 3 else "artifact_path"
    with mlflow.start_run(experiment_id=given["experiment_id"], run_name="models"):
        mlflow.pyfunc.log_model(
            **{place: "model"},
            python_model=Doubles(),
            registered_model_name=given["model"],
            pip_requirements=["mlflow-skinny"],
        )
    MlflowClient().set_registered_model_alias(given["model"], ALIAS, "1")
    loaded = mlflow.pyfunc.load_model(f"models:/{given['model']}@{ALIAS}")
    same("the model's prediction", loaded.predict(21), 42)
    return "A model was logged, registered, found by its alias, loaded, and predicts."


def _files_of_a_model(given: dict[str, Any], why: str) -> str:
    """Where mlflow cannot load models, for it is only mlflow-skinny: the same without loading."""
    client = MlflowClient()
    with tempfile.TemporaryDirectory() as there:
        (Path(there) / "weights").write_bytes(b"weights")
        client.log_artifacts(given["run_id"], there, "model")
    client.create_registered_model(given["model"])
    source = f"{client.get_run(given['run_id']).info.artifact_uri}/model"
    client.create_model_version(given["model"], source, given["run_id"])
    client.set_registered_model_alias(given["model"], ALIAS, "1")
    with tempfile.TemporaryDirectory() as back:
        found = mlflow.artifacts.download_artifacts(
            artifact_uri=f"models:/{given['model']}@{ALIAS}", dst_path=back
        )
        same("the model's file", (Path(found) / "weights").read_bytes(), b"weights")
    return f"A model's files were logged, registered and found by alias; not loaded: {why}."


def search(given: dict[str, Any]) -> str:
    client, ids = MlflowClient(), [given["experiment_id"]]
    client.log_metric(given["run_id"], "found", 1.0)
    client.set_tag(given["run_id"], "found", "yes")
    runs = client.search_runs(ids, "metrics.found > 0.5 and tags.found = 'yes'", order_by=["metrics.found"])
    same("a search for runs", [run.info.run_id for run in runs], [given["run_id"]])
    same("a search that finds nothing", list(client.search_runs(ids, "metrics.found < 0.5")), [])
    experiments = client.search_experiments(filter_string=f"name = '{given['name']}'")
    same("a search for experiments", [e.experiment_id for e in experiments], ids)
    client.search_registered_models(max_results=1)
    return "Runs and experiments are found by what was logged."


STEPS: dict[str, Callable[[dict[str, Any]], str]] = {
    "tracking": tracking,
    "artifacts": artifacts,
    "models": models,
    "search": search,
}
NEEDS = {"models": "artifacts"}


def main() -> None:
    given = json.load(sys.stdin)
    # MLflow prints there where runs can be looked at.
    replies, sys.stdout = sys.stdout, sys.stderr
    failures: set[str] = set()
    for name, step in STEPS.items():
        if name not in given["steps"]:
            continue
        told: dict[str, str] = {"step": name}
        if NEEDS.get(name) in failures:
            told["skipped"] = f"The check '{NEEDS[name]}' failed."
        else:
            try:
                told["ok"] = step(given)
            except Exception as error:
                failures.add(name)
                told["failed"] = str(error) or type(error).__name__
        print(json.dumps(told), file=replies, flush=True)


if __name__ == "__main__":
    main()
