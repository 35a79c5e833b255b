"""Models of runs: those that lie among a run's artifacts, logged ones, and registered ones of a test."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.browser.seed import BEGUN, FILES, call, new_model, new_version, put_files
from tests.e2e.rest import Rest

MLMODEL = FILES["model/MLmodel"]
MODEL_METRIC = 0.75
DATASET = {
    "name": "customers",
    "digest": "d1",
    "source_type": "local",
    "source": '{"uri": "customers.csv"}',
    "schema": '{"mlflow_colspec": [{"type": "long", "name": "age", "required": true}]}',
    "profile": '{"num_rows": 1200, "num_elements": 2400}',
}


def add_model_folder(rest: Rest, run_id: str) -> None:
    """As clients before MLflow 3 log a model: a folder of the run's artifacts, and a tag that names it."""
    put_files(rest, run_id, {"model/MLmodel": MLMODEL})
    described = {
        "run_id": run_id,
        "artifact_path": "model",
        "utc_time_created": "2026-01-01 00:00:00.000000",
        "flavors": {"python_function": {}},
    }
    call(rest, "runs/log-model", run_id=run_id, model_json=json.dumps(described))


def new_logged_model(rest: Rest, experiment_id: str, run_id: str, name: str) -> str:
    """The id of a model that the run made, with a parameter, a metric and its file, ready."""
    params = [{"key": "depth", "value": "7"}]
    created = call(
        rest,
        "logged-models",
        experiment_id=experiment_id,
        name=name,
        source_run_id=run_id,
        model_type="classifier",
        params=params,
    )
    info: dict[str, Any] = created["model"]["info"]
    model_id: str = info["model_id"]
    root = info["artifact_uri"].partition("mlflow-artifacts:/")[2].lstrip("/")
    assert rest.put_artifact(f"{root}/MLmodel", MLMODEL).status == 200
    call(rest, "runs/outputs", run_id=run_id, models=[{"model_id": model_id, "step": 0}])
    use_dataset(rest, run_id)
    value = {
        "key": "precision",
        "value": MODEL_METRIC,
        "timestamp": BEGUN,
        "step": 0,
        "model_id": model_id,
        "dataset_name": DATASET["name"],
        "dataset_digest": DATASET["digest"],
    }
    call(rest, "runs/log-batch", run_id=run_id, metrics=[value])
    ready = {"model_id": model_id, "status": "LOGGED_MODEL_READY"}
    assert rest.send("PATCH", f"/api/2.0/mlflow/logged-models/{model_id}", json=ready).status == 200
    return model_id


def use_dataset(rest: Rest, run_id: str) -> None:
    """The run was trained with DATASET."""
    context = [{"key": "mlflow.data.context", "value": "training"}]
    call(rest, "runs/log-inputs", run_id=run_id, datasets=[{"tags": context, "dataset": DATASET}])


@dataclass
class OwnModels:
    """Registered models of a test, which are deleted after it: lists stay short."""

    rest: Rest
    run_id: str
    names: list[str] = field(default_factory=list)

    def make(self, name: str, versions: int = 1) -> str:
        """A model with versions of the seeded run; returns its address."""
        new_model(self.rest, self.expect(name), self.run_id)
        for _ in range(versions - 1):
            new_version(self.rest, name, self.run_id)
        return f"#/models/{name}"

    def expect(self, name: str) -> str:
        """The test makes one of that name in the browser."""
        self.names.append(name)
        return name

    def stored(self, name: str) -> dict[str, Any]:
        """The model as clients get it."""
        found: dict[str, Any] = self.rest.get("registered-models/get", name=name).json()["registered_model"]
        return found

    def version(self, name: str, version: int) -> dict[str, Any]:
        reply = self.rest.get("model-versions/get", name=name, version=version)
        found: dict[str, Any] = reply.json()["model_version"]
        return found
