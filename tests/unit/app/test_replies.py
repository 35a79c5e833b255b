"""The one place where replies are made: every failure has an answer."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from genesis.app import App
from genesis.errors import unavailable
from genesis.http import Request
from genesis.settings import Settings
from tests.unit.app.asking import GET, body


@pytest.fixture
def failing_row(replaced_row: Any) -> Any:
    """Makes that endpoint's verb raise."""

    def make(error: Exception) -> None:
        def verb(request: Any, scope: Any) -> Any:
            raise error

        replaced_row(verb)

    return make


def test_a_new_app_has_opened_nothing(tmp_path: Path) -> None:
    App(Settings(data=str(tmp_path / "data")))
    assert not (tmp_path / "data").exists()


def test_health_needs_no_database(tmp_path: Path) -> None:
    app = App(Settings(data=str(tmp_path), database_uri="mongodb://127.0.0.1:1/none"))
    response = app.handle(Request("GET", "/health"))
    assert (response.status, response.whole()) == (200, b"OK")


def test_requests_that_wait_for_a_database_that_is_away_fail_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def away(uri: str, connections: int) -> Any:
        tries.append(uri)
        time.sleep(0.2)
        raise unavailable("The database is away.")

    monkeypatch.setattr("genesis.app.open_engine", away)
    app = App(Settings(data=str(tmp_path)))
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(app.handle, Request("GET", GET, "experiment_id=0")) for _ in range(8)]
        assert {future.result().status for future in asked} == {503}
    assert len(tries) < 8


def test_the_default_experiment_is_there_from_the_start(app: App) -> None:
    found = body(app.handle(Request("GET", GET, "experiment_id=0")))["experiment"]
    assert (found["name"], found["artifact_location"]) == ("Default", "mlflow-artifacts:/0")


def test_an_unknown_path_is_told_in_json(app: App) -> None:
    response = app.handle(Request("GET", "/api/2.0/mlflow/registered-models/list"))
    assert (response.status, body(response)["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_another_method_is_told_which_are_allowed(app: App) -> None:
    response = app.handle(Request("DELETE", GET))
    assert (response.status, response.headers["Allow"]) == (405, "GET")


def test_head_asks_what_get_answers(app: App) -> None:
    assert app.handle(Request("HEAD", GET, "experiment_id=0")).status == 200


def test_a_bug_is_told_without_its_text_and_found_in_the_log(
    app: App, failing_row: Any, caplog: pytest.LogCaptureFixture
) -> None:
    failing_row(RuntimeError("/secret/path"))
    response = app.handle(Request("GET", GET, "experiment_id=0"))
    assert (response.status, body(response)["error_code"]) == (500, "INTERNAL_ERROR")
    assert "/secret/path" not in body(response)["message"]
    incident = body(response)["message"].rpartition(" ")[2].rstrip(".")
    assert incident in caplog.text
    assert "/secret/path" in caplog.text


def test_a_dependency_that_is_away_says_when_to_come_back(app: App, failing_row: Any) -> None:
    failing_row(unavailable("The database is away.", 7))
    response = app.handle(Request("GET", GET, "experiment_id=0"))
    assert (response.status, response.headers["Retry-After"]) == (503, "7")
    assert body(response)["error_code"] == "TEMPORARILY_UNAVAILABLE"


def test_refusals_are_not_logged_as_failures(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert app.handle(Request("GET", GET, "experiment_id=9")).status == 404
    assert not [r for r in caplog.records if r.levelno > logging.INFO]


def test_each_request_is_one_line_of_the_log(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "genesis.requests"):
        app.handle(Request("GET", GET, "experiment_id=0"))
    assert [r.message.rpartition(" ")[0].rpartition(" ")[0] for r in caplog.records] == [
        "GET /mlflow/experiments/get 200"
    ]


def test_every_reply_forbids_sniffing_and_framing(app: App) -> None:
    for path in ("/health", "/nope"):
        headers = app.handle(Request("GET", path)).headers
        assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "SAMEORIGIN")
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Resource-Policy"] == headers["Referrer-Policy"] == "same-origin"


def test_who_came_by_https_is_to_come_by_nothing_else(app: App) -> None:
    for path in ("/health", "/nope", "/"):
        reply = app.handle(Request("GET", path, scheme="https"))
        assert reply.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "Strict-Transport-Security" not in app.handle(Request("GET", path)).headers
