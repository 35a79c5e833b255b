"""Files on their way through an ``App``, or past it: lost bodies, limits, signed URLs, redirects."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from genesis.app import App
from genesis.http import BytesBody, Request
from genesis.settings import Settings
from tests.unit.app.asking import GET, body, call

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
