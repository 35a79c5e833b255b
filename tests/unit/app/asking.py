"""A request to an ``App``, and what its reply says."""

from __future__ import annotations

import json
from typing import Any

from genesis.app import App
from genesis.http import BytesBody, Request, Response

GET = "/api/2.0/mlflow/experiments/get"


def body(response: Response) -> Any:
    return json.loads(response.whole())


def call(app: App, method: str, path: str, fields: Any = None, **options: Any) -> Response:
    headers = {"host": "here:7071", "content-type": "application/json", **options.pop("headers", {})}
    content = b"" if fields is None else json.dumps(fields).encode()
    body = BytesBody(options.pop("content", content))
    handle = app.handle_whole if options.pop("whole", False) else app.handle
    path, _, query = path.partition("?")
    return handle(Request(method, path, query, headers, body, **options))
