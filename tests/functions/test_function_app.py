"""What Azure's index says about function_app.py, what its import costs, and its few lines of its own."""

from __future__ import annotations

import gc
import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

import function_app
from genesis.garbage import COLLECTED
from genesis.http import Request, Response
from tests.functions.published import environment
from tests.functions.python313 import REPOSITORY, python313

WARM = {
    # Nobody is there: what is tried is seen by what it loads, and its failure is none of the instance's.
    "GENESIS_DATABASE_URI": "mongodb://127.0.0.1:1/none",
    "GENESIS_ARTIFACTS_URI": "http://127.0.0.1:1/devstoreaccount1/artifacts",
    "GENESIS_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
}
INDEXING = """
import json, sys
from pathlib import Path
from tests.functions.worker import Worker
worker = Worker(Path(sys.argv[1]))
functions = {f.name: f.trigger for f in worker.functions}
indexed = sorted(sys.modules)
worker.warm_up(next(f for f in worker.functions if f.name == "warmup"))
print(json.dumps({"functions": functions, "modules": indexed, "warm": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def indexed(published: Path) -> dict[str, Any]:
    """The app's triggers, and the modules in a worker that has indexed it, before and after it warmed up."""
    done = subprocess.run(
        [str(python313()), "-c", INDEXING, str(published)],
        cwd=REPOSITORY,
        env=environment(**WARM),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_app_is_one_function_that_takes_every_path_and_method(indexed: dict[str, Any]) -> None:
    assert set(indexed["functions"]) == {"catch_all", "warmup"}
    trigger = indexed["functions"]["catch_all"]
    assert trigger["type"] == "httpTrigger"
    assert trigger["route"] == "{*path}"
    assert trigger["authLevel"] == "ANONYMOUS"
    assert set(trigger["methods"]) == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@pytest.mark.parametrize("module", ["mlflow", "pymongo", "azure.storage", "azure.identity", "opentelemetry"])
def test_indexing_the_app_does_not_import(indexed: dict[str, Any], module: str) -> None:
    assert "genesis.app" in indexed["modules"]
    assert module not in indexed["modules"]


def test_azure_finds_the_warm_up_by_its_name(indexed: dict[str, Any]) -> None:
    assert indexed["functions"]["warmup"]["type"] == "warmupTrigger"


@pytest.mark.parametrize("module", ["pymongo", "azure.storage.blob"])
def test_warming_up_loads_what_the_first_request_would_wait_for(indexed: dict[str, Any], module: str) -> None:
    assert module in indexed["warm"]


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
    before = gc.get_threshold()
    yield Recorder
    function_app._built.cache_clear()
    gc.unfreeze()
    gc.set_threshold(*before)


def answer(url: str = "http://h/", parent: str = "") -> func.HttpResponse:
    request = func.HttpRequest("PUT", url, headers={"X-Mlflow-Workspace": "team"}, body=b"bytes")
    context: Any = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=parent))
    response: func.HttpResponse = function_app.catch_all(request, context)
    return response


def test_first_requests_at_the_same_time_build_one_app(recorder: type[Recorder]) -> None:
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: answer(), range(8)))
    assert [reply.status_code for reply in replies] == [201] * 8
    assert recorder.built == 1


def test_garbage_is_looked_for_as_rarely_as_in_our_own_server(recorder: type[Recorder]) -> None:
    answer()
    assert gc.get_threshold() == COLLECTED


def test_the_app_gets_the_request_as_it_was_sent(recorder: type[Recorder]) -> None:
    answer("http://h:7071/api/a%20b/%C3%BC?run_ids=a&run_ids=b&blank=")
    seen = recorder.seen
    assert (seen.method, seen.path) == ("PUT", "/api/a%20b/%C3%BC")
    assert seen.parameters() == {"run_ids": ["a", "b"], "blank": [""]}
    assert seen.headers["x-mlflow-workspace"] == "team"
    assert (seen.body.length, seen.body.read()) == (5, b"bytes")


def test_the_host_s_span_is_the_parent_of_ours(recorder: type[Recorder]) -> None:
    answer(parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    assert recorder.seen.headers["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer()
    assert "traceparent" not in recorder.seen.headers


def test_the_app_s_reply_is_answered(recorder: type[Recorder]) -> None:
    reply = answer()
    assert (reply.status_code, reply.get_body()) == (201, b"{}")
    assert reply.headers["content-type"] == "application/json"
