"""The one place where replies are made: every failure has an answer."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from genesis import routes
from genesis.api import experiments
from genesis.app import App
from genesis.errors import unavailable
from genesis.http import BytesBody, Request, Response
from genesis.settings import Settings
from genesis.wire.base import Raw

GET = "/api/2.0/mlflow/experiments/get"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = App(Settings(data=str(tmp_path)))
    yield app
    app.close()


def body(response: Response) -> Any:
    return json.loads(response.whole())


@pytest.fixture
def replaced_row(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives one endpoint another verb."""

    def make(verb: Callable[[Any, Any], Any]) -> None:
        rows = [r._replace(handler=verb) if r.handler is experiments.get else r for r in routes.ROUTES]
        monkeypatch.setattr(routes, "ROUTES", tuple(rows))
        routes.table.cache_clear()

    yield make
    monkeypatch.undo()
    routes.table.cache_clear()


@pytest.fixture
def failing_row(replaced_row: Any) -> Any:
    """Makes that endpoint's verb raise."""

    def make(error: Exception) -> None:
        def verb(request: Any, scope: Any) -> Any:
            raise error

        replaced_row(verb)

    return make


class Streamed:
    """A body that fails after some pieces, or does not, and tells whether it was closed."""

    def __init__(self, *pieces: bytes, failure: Exception | None = None) -> None:
        self._pieces = iter(pieces)
        self._failure = failure
        self.read = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.read += 1
        piece = next(self._pieces, None)
        if piece is None:
            raise self._failure or StopIteration
        return piece

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def streaming_row(replaced_row: Any) -> Any:
    """Makes that endpoint answer with a body that streams."""

    def make(streamed: Streamed) -> None:
        headers = {"Content-Length": "2", "Content-Type": "text/csv"}
        replaced_row(lambda request, scope: Raw(streamed, headers, 206))

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


BODIES = pytest.mark.parametrize("handle", [App.handle, App.handle_whole])


@BODIES
def test_a_body_that_streams_is_the_reply(app: App, streaming_row: Any, handle: Any) -> None:
    streamed = Streamed(b"a", b"b")
    streaming_row(streamed)

    response = handle(app, Request("GET", GET, "experiment_id=0"))

    assert (response.status, response.headers["Content-Type"]) == (206, "text/csv")
    assert response.whole() == b"ab"
    assert streamed.closed


@BODIES
def test_a_body_that_cannot_be_read_is_a_refusal(app: App, streaming_row: Any, handle: Any) -> None:
    streamed = Streamed(failure=unavailable("The storage is away.", 7))
    streaming_row(streamed)

    response = handle(app, Request("GET", GET, "experiment_id=0"))

    assert (response.status, response.headers["Retry-After"]) == (503, "7")
    assert response.headers["Content-Type"] == "application/json"
    assert "Content-Length" not in response.headers
    assert body(response)["message"] == f"The storage is away; request id {response.headers['x-request-id']}."
    assert streamed.closed


@BODIES
def test_a_bug_in_a_body_is_told_without_its_text(
    app: App, streaming_row: Any, handle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    streamed = Streamed(failure=RuntimeError("/secret/path"))
    streaming_row(streamed)

    response = handle(app, Request("GET", GET, "experiment_id=0"))

    assert (response.status, body(response)["error_code"]) == (500, "INTERNAL_ERROR")
    assert "/secret/path" not in body(response)["message"]
    assert "/secret/path" in caplog.text
    assert streamed.closed


@BODIES
def test_head_leaves_a_body_that_streams_unread(app: App, streaming_row: Any, handle: Any) -> None:
    streamed = Streamed(b"a", b"b")
    streaming_row(streamed)

    response = handle(app, Request("HEAD", GET, "experiment_id=0"))

    assert (response.status, response.headers["Content-Length"], response.whole()) == (206, "2", b"")
    assert (streamed.read, streamed.closed) == (0, True)


def test_a_host_that_cannot_stream_gets_a_late_failure_as_the_reply(app: App, streaming_row: Any) -> None:
    streamed = Streamed(b"a", failure=unavailable("The storage is away."))
    streaming_row(streamed)

    response = app.handle_whole(Request("GET", GET, "experiment_id=0"))

    assert response.status == 503
    assert isinstance(response.body, bytes)
    assert streamed.closed


def test_a_host_that_streams_gets_a_body_of_which_only_the_first_piece_was_read(
    app: App, streaming_row: Any
) -> None:
    streamed = Streamed(b"a", b"b")
    streaming_row(streamed)

    response = app.handle(Request("GET", GET, "experiment_id=0"))

    assert (streamed.read, streamed.closed) == (1, False)
    response.close()
    assert streamed.closed


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


@pytest.mark.parametrize("name", ["a", "A-b", "a_b", "-ab", "ab-", "x" * 64, "api", "a/b", "a|b", "ü-x"])
def test_a_workspace_must_have_a_name_that_mlflow_allows(app: App, name: str) -> None:
    response = app.handle(Request("GET", GET, "experiment_id=0", {"x-mlflow-workspace": name}))
    assert (response.status, body(response)["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_a_workspace_sees_only_its_own(app: App) -> None:
    def call(workspace: str, verb: str, fields: dict[str, Any]) -> Any:
        headers = {"content-type": "application/json", "x-mlflow-workspace": workspace}
        request = Request(
            "POST", f"/api/2.0/mlflow/{verb}", headers=headers, body=BytesBody(json.dumps(fields).encode())
        )
        return body(app.handle(request))

    created = call("team-a", "experiments/create", {"name": "mine"})
    assert call("team-b", "experiments/create", {"name": "mine"})["experiment_id"] == created["experiment_id"]
    run = call("team-a", "runs/create", {"experiment_id": "1"})["run"]["info"]
    assert run["artifact_uri"].startswith("mlflow-artifacts:/workspaces/team-a/1/")
    metric = {"run_id": run["run_id"], "key": "m", "value": 1, "timestamp": 1}
    assert call("team-a", "runs/log-metric", metric) == {}
    assert call("team-b", "runs/log-metric", metric)["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert call("team-b", "runs/search", {"experiment_ids": ["0", "1"]}) == {}
    assert len(call("team-a", "runs/search", {"experiment_ids": ["0", "1"]})["runs"]) == 1


def test_reading_an_unknown_workspace_leaves_nothing_in_it(app: App) -> None:
    team = {"x-mlflow-workspace": "team-x"}
    assert app.handle(Request("GET", GET, "experiment_id=0", team)).status == 404
    search = "/api/2.0/mlflow/experiments/search"
    assert body(app.handle(Request("GET", search, "max_results=5", team))) == {}


def test_a_workspace_s_artifacts_are_out_of_the_others_reach(app: App) -> None:
    def send(method: str, workspace: str, path: str, content: bytes = b"") -> Response:
        return app.handle(
            Request(
                method,
                f"/api/2.0/mlflow-artifacts/artifacts/{path}",
                headers={"x-mlflow-workspace": workspace},
                body=BytesBody(content),
            )
        )

    assert send("PUT", "team-a", "1/secret.txt", b"x").status == 200
    assert send("GET", "team-a", "1/secret.txt").whole() == b"x"
    for workspace in ("default", "team-b"):
        assert send("GET", workspace, "1/secret.txt").status == 404
        assert send("GET", workspace, "workspaces/team-a/1/secret.txt").status == 400
        assert send("DELETE", workspace, "workspaces/team-a").status == 400
    assert send("DELETE", "default", "workspaces").status == 400
    assert send("GET", "team-a", "1/secret.txt").status == 200


CHUNKED = {"transfer-encoding": "Chunked"}
STOCK = {"user-agent": "mlflow-python-client/3.17.2 databricks"}


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        pytest.param({"content-length": "0"}, b"", 200, id="announced as empty"),
        pytest.param({}, b"", 200, id="nothing announced"),
        pytest.param(CHUNKED, b"x", 200, id="chunked, and here"),
        pytest.param(CHUNKED, b"", 411, id="chunked, and perhaps lost"),
        pytest.param(CHUNKED | STOCK, b"", 200, id="an empty file from MLflow's client"),
    ],
)
def test_an_upload_whose_body_may_have_been_lost_is_refused(
    app: App, headers: dict[str, str], content: bytes, status: int
) -> None:
    path = "/api/2.0/mlflow-artifacts/artifacts/1/file.txt"
    response = app.handle(Request("PUT", path, headers=headers, body=BytesBody(content)))
    assert response.status == status
    stored = app.handle(Request("GET", path))
    assert (stored.status, stored.whole() == content) == ((200, True) if status == 200 else (404, False))


def test_an_empty_upload_in_chunks_that_did_arrive_is_stored(app: App) -> None:
    arrived = BytesBody()
    arrived.length = None  # as a host says that streams
    path = "/api/2.0/mlflow-artifacts/artifacts/1/empty.txt"
    assert app.handle(Request("PUT", path, headers=CHUNKED, body=arrived)).status == 200
    assert app.handle(Request("GET", path)).whole() == b""


def call(app: App, method: str, path: str, fields: Any = None, **options: Any) -> Response:
    headers = {"host": "here:7071", "content-type": "application/json", **options.pop("headers", {})}
    content = b"" if fields is None else json.dumps(fields).encode()
    body = BytesBody(options.pop("content", content))
    handle = app.handle_whole if options.pop("whole", False) else app.handle
    path, _, query = path.partition("?")
    return handle(Request(method, path, query, headers, body, **options))


SIGN = "/api/2.0/genesis/artifacts/sign"
COMMIT = "/api/2.0/genesis/artifacts/commit"


def test_a_file_goes_to_signed_urls_and_comes_back_from_one(app: App) -> None:
    (upload,) = body(call(app, "POST", SIGN, {"uploads": [{"path": "1/f.txt", "parts": 2}]}))["uploads"]
    for part, content in zip(upload["parts"], (b"one ", b"two"), strict=True):
        assert part["url"].startswith("http://here:7071/signed/1/f.txt?")
        path = part["url"].removeprefix("http://here:7071")
        assert call(app, "PUT", path, content=content, headers=part["headers"]).status == 200
    done = {"path": "1/f.txt", "upload_id": upload["upload_id"], "parts": 2}
    assert body(call(app, "POST", COMMIT, {"uploads": [done]})) == {}
    (download,) = body(call(app, "POST", SIGN, {"downloads": ["1/f.txt"]}))["downloads"]
    assert download["file_size"] == 7
    path = download["url"].removeprefix("http://here:7071")
    assert call(app, "GET", path).whole() == b"one two"
    assert call(app, "GET", path, headers={"range": "bytes=4-"}).whole() == b"two"


def test_signed_urls_begin_as_the_client_s_own(app: App) -> None:
    asked = {"uploads": [{"path": "1/f.txt"}]}
    reply = body(call(app, "POST", SIGN, asked, scheme="https", headers={"host": "away"}))
    assert reply["uploads"][0]["parts"][0]["url"].startswith("https://away/signed/1/f.txt?")


def test_a_signature_is_in_no_line_of_the_log(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        (upload,) = body(call(app, "POST", SIGN, {"uploads": [{"path": "1/f.txt"}]}))["uploads"]
        path = upload["parts"][0]["url"].removeprefix("http://here:7071")
        assert call(app, "PUT", path, content=b"x").status == 200
        assert call(app, "PUT", path + "0", content=b"x").status == 403
        assert call(app, "GET", path).status == 403
    signature = path.partition("?")[2]
    assert "PUT /signed/" in caplog.text
    for value in (value for pair in signature.split("&") if len(value := pair.partition("=")[2]) > 8):
        assert value not in caplog.text


def test_a_host_that_cannot_stream_has_a_limit_and_one_that_can_has_none(tmp_path: Path) -> None:
    app = App(Settings(data=str(tmp_path), proxied_upload_limit="1"))
    path = "/api/2.0/mlflow-artifacts/artifacts/1/file.txt"
    assert call(app, "PUT", path, content=b"x" * (1024 * 1024 + 1), whole=True).status == 413
    assert call(app, "GET", path).status == 404
    assert call(app, "PUT", path, content=b"x" * 1024 * 1024, whole=True).status == 200
    assert call(app, "PUT", path, content=b"x" * (1024 * 1024 + 1)).status == 200


def test_only_a_get_at_a_host_that_cannot_stream_may_be_redirected(app: App, replaced_row: Any) -> None:
    seen: list[bool] = []
    replaced_row(lambda request, scope: {"redirects": seen.append(scope.redirects)})
    for method, whole in (("GET", True), ("GET", False), ("HEAD", True)):
        call(app, method, f"{GET}?experiment_id=0", whole=whole)
    assert seen == [True, False, False]


def test_urls_live_as_long_as_the_setting_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[Any, ...]] = []
    monkeypatch.setattr("genesis.app.open_artifacts", lambda *given: opened.append(given))
    App(Settings(data=str(tmp_path), signed_url_minutes="7")).artifacts()
    assert opened[0][-1] == 7


def test_a_sweep_that_fails_is_logged_and_no_more(app: App, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise OSError("the disk")

    app.artifacts().sweep = fail  # type: ignore[method-assign]
    app.sweep()
    assert "Old uploads could not be removed" in caplog.text
