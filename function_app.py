"""The one HTTP trigger: a Functions request goes through the ``App`` and back; no paths, no rules.

Azure imports this file while a client waits for a cold start, so drivers and MLflow stay out of it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import azure.functions as func
from azure.functions.warmup import WarmUpContext

from genesis.app import App
from genesis.garbage import collect_rarely
from genesis.http import BytesBody, Request
from genesis.settings import Settings
from genesis.telemetry.lines import adopt

app = func.FunctionApp()
_building = Lock()
UI = Path(__file__).parent / "ui"
"""Published with this file: see docs/deployment.md."""


@cache
def _built() -> App:
    settings = Settings.read()
    if not settings.ui and UI.is_dir():
        settings = replace(settings, ui=str(UI))
    adopt(settings)
    collect_rarely()
    return App(settings)


def product() -> App:
    """The process's App, built by whoever asks first; a failure to build is not remembered."""
    with _building:  # two first requests run on two threads
        return _built()


@app.warm_up_trigger(arg_name="context")
def warmup(context: WarmUpContext) -> None:
    """Opens the database and the artifact store on an instance that is added, before requests come to it.

    Azure looks for this very name. What fails is logged, and tried again by the first request.
    """
    product().handle_whole(Request("GET", "/health/ready"))


# Anonymous, because genesis.auth decides; the methods are named, because the host answers 404 to all others.
@app.route(
    route="{*path}",
    methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
def catch_all(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answers every request; plain ``def``, so that it runs on the worker's thread pool."""
    url = urlsplit(req.url)  # req.params has lost repeated and blank values
    headers = {"host": url.netloc, **req.headers}
    if parent := context.trace_context.trace_parent:
        headers["traceparent"] = parent  # the host's own span, which is a child of the client's
    body = BytesBody(req.get_body())
    request = Request(req.method, url.path, url.query, headers, body, url.scheme)
    response = product().handle_whole(request)
    return func.HttpResponse(response.whole(), status_code=response.status, headers=response.headers)
