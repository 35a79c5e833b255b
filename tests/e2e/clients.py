"""MLflow's client, stock or with our plug-in, pointed at a server for as long as a test needs it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

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


def stock_client(server: Server) -> AbstractContextManager[MlflowClient]:
    """MLflow's client of ``server``; its fluent functions go there as well, but only as long."""
    return _client(server, CLIENT)


def direct_client(server: Server, cache: Path) -> AbstractContextManager[MlflowClient]:
    """A ``stock_client`` with our plug-in, which remembers unfinished uploads in ``cache``."""
    return _client(server, {**CLIENT, **direct_settings(cache)})


def direct_settings(cache: Path) -> dict[str, str]:
    """What makes a client of CLIENT one with our plug-in."""
    return {"GENESIS_DIRECT_ARTIFACTS": "true", "XDG_CACHE_HOME": str(cache)}


@contextmanager
def _client(server: Server, settings: Mapping[str, str]) -> Iterator[MlflowClient]:
    before = os.environ.get("MLFLOW_TRACKING_URI")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.items():
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
