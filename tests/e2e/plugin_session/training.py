"""A user's program: trains with autologging, logs, registers and loads models.

Arguments: the stores' URIs, each followed by that of its registry: "" if it is the same.
"""

from __future__ import annotations

import sys
import warnings

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

warnings.simplefilter("ignore")
mlflow.sklearn.autolog(log_models=False)


def train(tracking_uri: str, registry_uri: str) -> str:
    """The run's id."""
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_registry_uri(registry_uri)
    mlflow.set_experiment("training")
    x = np.array([[1.0], [2.0], [3.0]])
    y = np.array([2.0, 4.0, 6.0])
    with mlflow.start_run() as run:
        estimator = LinearRegression().fit(x, y)
        logged = mlflow.sklearn.log_model(
            estimator,
            name="net",
            registered_model_name="line",
            signature=infer_signature(x, y),
            pip_requirements=["scikit-learn"],
        )

    client = MlflowClient()
    approx = pytest.approx([20.0])
    client.set_registered_model_alias("line", "champion", "1")
    for uri in ("models:/line@champion", "models:/line/1", logged.model_uri, f"runs:/{run.info.run_id}/net"):
        assert mlflow.pyfunc.load_model(uri).predict(np.array([[10.0]])) == approx, uri
    copied = client.copy_model_version("models:/line/1", "copy of line")
    assert mlflow.pyfunc.load_model("models:/copy of line/1").predict(np.array([[10.0]])) == approx
    assert copied.run_id == run.info.run_id
    run_id: str = run.info.run_id
    return run_id


print(*map(train, sys.argv[1::2], sys.argv[2::2]))
