"""REST calls to an App in this process, as short as a test wants them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson

from genesis.app import App
from genesis.http import BytesBody, Request, Response

JSON = {"content-type": "application/json"}


def send(app: App, path: str, workspace: str = "", **fields: Any) -> Response:
    """The response to a POST of ``fields`` to ``/api/2.0/mlflow/<path>``."""
    headers = {**JSON, "x-mlflow-workspace": workspace}
    return app.handle(
        Request("POST", f"/api/2.0/mlflow/{path}", "", headers, BytesBody(orjson.dumps(fields)))
    )


def post(app: App, path: str, workspace: str = "", **fields: Any) -> dict[str, Any]:
    """What a POST that succeeds is answered."""
    return _content(send(app, path, workspace, **fields))


def get(app: App, path: str, **fields: Any) -> dict[str, Any]:
    """What a GET that succeeds is answered."""
    return _content(app.handle(Request("GET", f"/api/2.0/mlflow/{path}", urlencode(fields, doseq=True))))


def _content(response: Response) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(response.whole())
    assert response.status == 200, content
    return content


def create_run(app: App, experiment_id: str = "0", start_time: int = 1_700_000_000_000) -> str:
    """The id of a new run."""
    run = post(app, "runs/create", experiment_id=experiment_id, start_time=start_time, run_name="run")
    id: str = run["run"]["info"]["run_id"]
    return id
