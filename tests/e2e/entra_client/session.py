"""A run with files of a script that knows nothing of credentials; prints what was sent to whom.

``session.py FOLDER`` with MLFLOW_TRACKING_URI and MLFLOW_TRACKING_AUTH set. The last line is JSON: the
client's version, the run's user, what was read back, and every request as [host and port, kind of credential,
status].
"""

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import requests
from mlflow import MlflowClient

sent: list[tuple[str, str, int]] = []
plain = requests.adapters.HTTPAdapter.send


def observed(
    adapter: object, request: requests.PreparedRequest, *arguments: object, **options: object
) -> object:
    reply = plain(adapter, request, *arguments, **options)
    credential = str(request.headers.get("Authorization") or "").partition(" ")[0]
    sent.append((urlsplit(request.url or "").netloc, credential, reply.status_code))
    return reply


def main(folder: Path) -> None:
    requests.adapters.HTTPAdapter.send = observed  # type: ignore[method-assign]
    (folder / "a.txt").write_text("of a run")
    with mlflow.start_run() as run:
        mlflow.log_metric("accuracy", 0.9)
        mlflow.log_artifact(str(folder / "a.txt"))
    client = MlflowClient()
    fetched = client.download_artifacts(run.info.run_id, "a.txt", str(folder))
    found = client.get_run(run.info.run_id)
    told = {"version": mlflow.__version__, "user": found.info.user_id, "metrics": found.data.metrics}
    print(json.dumps({**told, "file": Path(fetched).read_text(), "sent": sent}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
