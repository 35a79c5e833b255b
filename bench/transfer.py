"""One client process: logs or downloads artifacts with MLflow's own calls, and prints the seconds it took.

``python -m bench.transfer up PATH``, or ``down RUN_ID NAME FOLDER``; prints the run's id and the seconds.
What is imported, and the run, are there before the clock starts.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import mlflow
from mlflow import MlflowClient


def up(path: Path) -> None:
    client = MlflowClient()
    run = client.create_run("0").info.run_id
    began = time.perf_counter()
    if path.is_dir():
        client.log_artifacts(run, str(path), path.name)
    else:
        client.log_artifact(run, str(path))
    print(run, time.perf_counter() - began)


def down(run: str, name: str, folder: str) -> None:
    client = MlflowClient()
    client.get_run(run)
    began = time.perf_counter()
    client.download_artifacts(run, name, folder)
    print(run, time.perf_counter() - began)


if __name__ == "__main__":
    mlflow.get_tracking_uri()
    if sys.argv[1] == "up":
        up(Path(sys.argv[2]))
    else:
        down(*sys.argv[2:5])
