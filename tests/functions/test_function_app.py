"""What Azure's index says about function_app.py, what its import costs, and its few lines of its own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

import function_app
from genesis.http import Request, Response
from tests.functions.published import environment
from tests.functions.python313 import REPOSITORY, python313

INDEXING = """
import json, sys
from pathlib import Path
from tests.functions.worker import Worker
functions = [f.trigger for f in Worker(Path(sys.argv[1])).functions]
print(json.dumps({"functions": functions, "modules": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def indexed(published: Path) -> dict[str, Any]:
    """The app's triggers, and the modules in a worker that has indexed it and answered nothing yet."""
    done = subprocess.run(
        [str(python313()), "-c", INDEXING, str(published)],
        cwd=REPOSITORY,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_app_is_one_function_that_takes_every_path_and_method(indexed: dict[str, Any]) -> None:
    (trigger,) = indexed["functions"]
    assert trigger["type"] == "httpTrigger"
    assert trigger["route"] == "{*path}"
    assert trigger["authLevel"] == "ANONYMOUS"
    assert set(trigger["methods"]) == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@pytest.mark.parametrize("module", ["mlflow", "pymongo", "azure.storage", "azure.identity"])
def test_indexing_the_app_does_not_import(indexed: dict[str, Any], module: str) -> None:
    assert "genesis.app" in indexed["modules"]
    assert module not in indexed["modules"]


class Recorder:
    """Stands in for the App: counts how often it is built, keeps the last request."""

    built = 0
    seen: Request

    def __init__(self, settings: object) -> None:
        Recorder.built += 1
        time.sleep(0.05)

    def handle_whole(self, request: Request) -> Response:
        Recorder.seen = request
        return Response(201, {"Content-Type": "application/json"}, b"{}")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Recorder]]:
    monkeypatch.setattr(function_app, "App", Recorder)
    monkeypatch.setattr(Recorder, "built", 0)
    function_app._built.cache_clear()
    yield Recorder
    function_app._built.cache_clear()


def answer(url: str = "http://h/") -> func.HttpResponse:
    request = func.HttpRequest("PUT", url, headers={"X-Mlflow-Workspace": "team"}, body=b"bytes")
    response: func.HttpResponse = function_app.catch_all(request)
    return response


def test_first_requests_at_the_same_time_build_one_app(recorder: type[Recorder]) -> None:
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: answer(), range(8)))
    assert [reply.status_code for reply in replies] == [201] * 8
    assert recorder.built == 1


def test_the_app_gets_the_request_as_it_was_sent(recorder: type[Recorder]) -> None:
    answer("http://h:7071/api/a%20b/%C3%BC?run_ids=a&run_ids=b&blank=")
    seen = recorder.seen
    assert (seen.method, seen.path) == ("PUT", "/api/a%20b/%C3%BC")
    assert seen.parameters() == {"run_ids": ["a", "b"], "blank": [""]}
    assert seen.headers["x-mlflow-workspace"] == "team"
    assert (seen.body.length, seen.body.read()) == (5, b"bytes")


def test_the_app_s_reply_is_answered(recorder: type[Recorder]) -> None:
    reply = answer()
    assert (reply.status_code, reply.get_body()) == (201, b"{}")
    assert reply.headers["content-type"] == "application/json"
