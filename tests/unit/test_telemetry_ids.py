"""Which id a request has, and where it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genesis.app import App
from genesis.errors import Code, GenesisError, told
from genesis.http import BytesBody, Request
from genesis.settings import Settings
from genesis.telemetry.ids import request_id

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize("given", ["a", "0", "abc-123_x.y", "A" * 64, "7f1c8d1e-3a52-4a8c-9f0e-2f3d4c5b6a70"])
def test_a_well_formed_id_is_taken(given: str) -> None:
    assert request_id({"x-request-id": given, "traceparent": PARENT}) == given


@pytest.mark.parametrize(
    "given", ["", " ", "-a", ".a", "a b", "a\nb", 'a"b', "a,b", "ä", "a" * 65, "{x}", "a/b", "a\n"]
)
def test_another_id_is_not_taken(given: str) -> None:
    assert request_id({"x-request-id": given, "traceparent": PARENT}) == TRACE


@pytest.mark.parametrize("parent", [PARENT, PARENT.replace("00-", "01-", 1) + "-more", PARENT[:-2] + "00"])
def test_without_one_it_is_the_trace_s(parent: str) -> None:
    assert request_id({"traceparent": parent}) == TRACE


@pytest.mark.parametrize(
    "parent",
    [
        "",
        TRACE,
        PARENT.upper(),
        PARENT[:-1],
        PARENT.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        PARENT + "\n",
    ],
)
def test_without_either_it_is_a_new_one_each_time(parent: str) -> None:
    made = {request_id({"traceparent": parent}) for _ in range(2)}
    assert len(made) == 2
    assert all(len(id) == 32 and set(id) <= set("0123456789abcdef") for id in made)
    assert TRACE not in made


def asked(app: App, method: str, path: str, body: bytes = b"") -> tuple[int, str, Any]:
    given = {"content-type": "application/json", "x-request-id": "mine"}
    reply = app.handle(Request(method, path, headers=given, body=BytesBody(body)))
    content = reply.whole()
    is_json = reply.headers.get("Content-Type") == "application/json"
    return reply.status, reply.headers["x-request-id"], json.loads(content) if is_json else content


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("HEAD", "/health", 200),
        ("DELETE", "/health", 405),
        ("GET", "/nowhere", 404),
        ("POST", "/api/2.0/mlflow/runs/get", 405),
        ("GET", "/api/2.0/mlflow/runs/get", 400),
    ],
)
def test_every_reply_names_it(tmp_path: Path, method: str, path: str, status: int) -> None:
    app = App(Settings(data=str(tmp_path)))
    assert asked(app, method, path)[:2] == (status, "mine")
    app.close()


def test_a_failure_of_ours_names_it_in_words(tmp_path: Path) -> None:
    app = App(Settings(data=str(tmp_path), in_azure=True))
    status, id, error = asked(app, "GET", "/version")
    assert (status, id) == (503, "mine")
    assert error["message"].endswith("; request id mine.")


def test_a_refusal_has_mlflow_s_own_words() -> None:
    for code in set(Code) - {Code.INTERNAL_ERROR, Code.TEMPORARILY_UNAVAILABLE}:
        error = GenesisError(code, "No.")
        assert told(error, "mine") is error


def test_a_failure_keeps_all_else() -> None:
    failure = GenesisError(Code.TEMPORARILY_UNAVAILABLE, "Away.", status=599, retry_after=7)
    error = told(failure, "mine")
    assert (error.code, error.status, error.headers) == (failure.code, 599, {"Retry-After": "7"})
    assert (error.message, failure.message) == ("Away; request id mine.", "Away.")
