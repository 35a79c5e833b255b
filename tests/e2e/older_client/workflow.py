"""The classic workflow as a script for MLflow 2.22: train, log, register, promote, score, delete.

Its arguments are the name of a new experiment and that of the registered model it leaves behind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature


class Line(mlflow.pyfunc.PythonModel):
    """A straight line through what it was trained on."""

    def fit(self, x: pd.Series, y: pd.Series) -> Line:
        self.slope, self.intercept = np.polyfit(x, y, 1)
        return self

    def predict(self, context: object, model_input: pd.DataFrame, params: object = None) -> np.ndarray:
        return self.slope * model_input["x"].to_numpy() + self.intercept


client = MlflowClient()
batch = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
line = Line().fit(batch["x"], 2 * batch["x"] + 1)


def scores(uri: str) -> None:
    """The model at ``uri`` says of the batch what the line itself says."""
    loaded = mlflow.pyfunc.load_model(uri)
    np.testing.assert_array_equal(loaded.predict(batch), line.predict(None, batch))


def refused(call: Callable[[], object], code: str) -> None:
    try:
        call()
    except MlflowException as error:
        assert error.error_code == code, error
    else:
        raise AssertionError("nothing was refused")


def numbers(which: str) -> list[int]:
    found = client.search_model_versions(which, order_by=["version_number ASC"])
    return [int(version.version) for version in found]


def train(experiment: str, name: str) -> str:
    """Two runs, each with a version of the model; the id of the first."""
    mlflow.set_experiment(experiment)
    runs = []
    for description in ("first", "second"):
        with mlflow.start_run(run_name=description) as run:
            mlflow.log_params({"degree": 1})
            mlflow.log_metrics({"error": 0.0}, step=1)
            mlflow.pyfunc.log_model(
                "line",
                python_model=line,
                registered_model_name=name,
                signature=infer_signature(batch, line.predict(None, batch)),
                input_example=batch.head(2),
                pip_requirements=["numpy"],
            )
        runs.append(run.info.run_id)
    scores(f"runs:/{runs[0]}/line")
    assert "MLmodel" in {path.path.split("/")[-1] for path in client.list_artifacts(runs[0], "line")}
    found = mlflow.search_runs(experiment_names=[experiment], filter_string="params.degree = '1'")
    assert set(found["run_id"]) == set(runs)
    return runs[0]


def promote(name: str, run_id: str) -> None:
    client.set_registered_model_alias(name, "champion", "1")
    client.transition_model_version_stage(name, "1", "Production")
    for address in (f"{name}@champion", f"{name}/1", f"{name}/Production", f"{name}/latest"):
        scores(f"models:/{address}")
    assert client.get_model_version_by_alias(name, "champion").run_id == run_id
    assert mlflow.models.get_model_info(f"models:/{name}/1").run_id == run_id

    client.set_registered_model_alias(name, "champion", "2")
    client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    latest = {v.current_stage: int(v.version) for v in client.get_latest_versions(name)}
    assert latest == {"Archived": 1, "Production": 2}, latest
    assert client.get_registered_model(name).aliases == {"champion": "2"}
    refused(lambda: client.transition_model_version_stage(name, "1", "Live"), "INVALID_PARAMETER_VALUE")


def describe(name: str, run_id: str) -> None:
    client.update_registered_model(name, "A line.")
    client.set_registered_model_tag(name, "team", "geometry")
    client.update_model_version(name, "1", "The first.")
    client.set_model_version_tag(name, "1", "reviewed", "yes")
    client.set_model_version_tag(name, "1", "wrong", "yes")
    client.delete_model_version_tag(name, "1", "wrong")

    first = client.get_model_version(name, "1")
    assert (first.description, first.tags) == ("The first.", {"reviewed": "yes"})
    (model,) = client.search_registered_models(f"name = '{name}' and tags.team = 'geometry'")
    assert (model.name, model.description, model.tags) == (name, "A line.", {"team": "geometry"})
    assert numbers(f"name = '{name}' and run_id = '{run_id}'") == [1]
    page = client.search_model_versions(f"name = '{name}'", 1, ["version_number ASC"])
    page = client.search_model_versions(f"name = '{name}'", 1, ["version_number ASC"], page.token)
    assert ([int(version.version) for version in page], page.token) == ([2], "")


def copy_and_rename(name: str) -> None:
    copied, renamed = f"{name} copied", f"{name} renamed"
    copy = client.copy_model_version(f"models:/{name}@champion", copied)
    assert (copy.name, int(copy.version), copy.source) == (copied, 1, f"models:/{name}/2")
    scores(f"models:/{copied}/1")
    client.set_registered_model_alias(copied, "champion", "1")
    client.rename_registered_model(copied, renamed)
    scores(f"models:/{renamed}@champion")
    refused(lambda: client.get_registered_model(copied), "RESOURCE_DOES_NOT_EXIST")
    refused(lambda: client.create_registered_model(renamed), "RESOURCE_ALREADY_EXISTS")


def delete(name: str, run_id: str) -> None:
    """The renamed copy goes, version and model, and its name begins anew."""
    renamed, source = f"{name} renamed", client.get_model_version(name, "1").source
    client.delete_model_version(renamed, "1")
    assert numbers(f"name = '{renamed}'") == []
    refused(lambda: client.get_model_version_by_alias(renamed, "champion"), "INVALID_PARAMETER_VALUE")
    client.delete_registered_model(renamed)
    refused(lambda: client.get_registered_model(renamed), "RESOURCE_DOES_NOT_EXIST")
    client.create_registered_model(renamed)
    assert int(client.create_model_version(renamed, source, run_id).version) == 1
    client.delete_registered_model(renamed)


def main(experiment: str, name: str) -> None:
    run_id = train(experiment, name)
    promote(name, run_id)
    describe(name, run_id)
    copy_and_rename(name)
    delete(name, run_id)
    print(mlflow.__version__, run_id)


main(*sys.argv[1:])
