"""Bodies that stream: what of them is read, what closes them, and what is told when they fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from genesis.app import App
from genesis.errors import unavailable
from genesis.http import Request
from genesis.wire.base import Raw
from tests.unit.app.asking import GET, body


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
