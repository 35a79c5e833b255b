"""A stock MLflow client, pointed at a server for as long as a test needs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.tracking import fluent

from tests.servers import Server

CLIENT = {
    # A failure shows at once, not after minutes of retries.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Its progress bars would fill the report of a test that fails.
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Where genesis-flow is installed, so is its plug-in; a stock client has none.
    "GENESIS_DIRECT_ARTIFACTS": "false",
}


@contextmanager
def stock_client(server: Server) -> Iterator[MlflowClient]:
    """MLflow's client of ``server``; its fluent functions go there as well, but only as long."""
    before = os.environ.get("MLFLOW_TRACKING_URI")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in CLIENT.items():
            environment.setenv(name, value)
        environment.delenv("MLFLOW_EXPERIMENT_ID", raising=False)
        mlflow.set_tracking_uri(server.url)
        try:
            yield MlflowClient()
        finally:
            while mlflow.active_run():
                mlflow.end_run()
            # The process's last experiment, which no other server has.
            fluent._active_experiment_id = None
            os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
            mlflow.set_tracking_uri(before)
