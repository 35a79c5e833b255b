"""A stock ``mlflow server``: SQLite, one worker, artifacts proxied, no job runner. The oracle."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.servers import Server, free_port


def stock_mlflow(folder: Path, store_uri: str = "") -> Server:
    """A server that keeps everything in ``folder``; start it, or use it as a context manager.

    ``store_uri`` is a database of another kind, which only a plug-in's store can open.
    """
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("mlflow")),
        "server",
        *("--backend-store-uri", store_uri or f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts")),
        *("--serve-artifacts", "--workers", "1"),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    environment |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    # Nor does it know our plug-in, installed though it may be.
    environment["GENESIS_DIRECT_ARTIFACTS"] = "false"
    return Server(command, port=port, health="/health", environment=environment, cwd=folder)
