"""Logs a folder's files and downloads them again, as any script would; prints what was sent to whom.

``transfers.py FOLDER DOWNLOADS`` with MLFLOW_TRACKING_URI set. The last line is JSON: the client's version,
and every request as [method, URL without its query, status].
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


def transfer(folder: Path, downloads: Path) -> None:
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(folder), "all files")
        mlflow.log_artifact(str(folder / "five bytes.txt"))
    client = MlflowClient()
    client.download_artifacts(run.info.run_id, "all files", str(downloads))
    client.download_artifacts(run.info.run_id, "five bytes.txt", str(downloads))


if __name__ == "__main__":
    requests.Session.send = observed  # type: ignore[method-assign]
    transfer(Path(sys.argv[1]), Path(sys.argv[2]))
    print(json.dumps({"version": mlflow.__version__, "sent": sent}))
