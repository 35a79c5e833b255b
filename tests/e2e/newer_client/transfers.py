"""Logs a folder's files and downloads them again, as any script would; prints what was sent to whom.

``transfers.py FOLDER DOWNLOADS [NAME]`` with MLFLOW_TRACKING_URI set; NAME is logged once more by itself.
The last line is JSON: the client's version, and every request as [method, URL without its query, status].
"""

import json
import sys
from pathlib import Path

import mlflow
import requests
from mlflow import MlflowClient

sent: list[tuple[str, str, int]] = []
plain = requests.Session.send


def observed(session: requests.Session, request: requests.PreparedRequest, **options: object) -> object:
    reply = plain(session, request, **options)
    sent.append((request.method or "", (request.url or "").partition("?")[0], reply.status_code))
    return reply


def transfer(folder: Path, downloads: Path, *names: str) -> None:
    client = MlflowClient()
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(folder), "all files")
        client.download_artifacts(run.info.run_id, "all files", str(downloads))
        for name in names:
            mlflow.log_artifact(str(folder / name))
            client.download_artifacts(run.info.run_id, name, str(downloads))


if __name__ == "__main__":
    requests.Session.send = observed  # type: ignore[method-assign]
    transfer(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
    print(json.dumps({"version": mlflow.__version__, "sent": sent}))
