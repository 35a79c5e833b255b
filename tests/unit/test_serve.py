"""The host of our own: what it does beside answering."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import pytest

from genesis import serve
from genesis.app import App
from genesis.errors import GenesisError
from genesis.http import Request, Response


class Recorder:
    """Stands in for the App: keeps what it was asked; ``twice`` is set when it has swept twice."""

    is_embedded = True

    def __init__(self) -> None:
        self.swept = 0
        self.twice = asyncio.Event()
        self.requests: list[Request] = []
        self._loop = asyncio.get_running_loop()

    def sweep(self) -> None:
        self.swept += 1
        if self.swept == 2:
            self._loop.call_soon_threadsafe(self.twice.set)

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def is_brief(self, request: Request) -> bool:
        return False

    def handle(self, request: Request) -> Response:
        self.requests.append(request)
        return Response()

    def close(self) -> None:
        """Nothing is open."""


def test_old_uploads_are_swept_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "SWEEP_SECONDS", 0.001)

    async def live() -> list[str]:
        app = Recorder()
        sent: list[str] = []

        async def receive() -> dict[str, Any]:
            if sent:
                await app.twice.wait()
            return {"type": "lifespan"}

        async def send(event: MutableMapping[str, Any]) -> None:
            sent.append(event["type"])

        await serve.Asgi(cast(App, app))({"type": "lifespan"}, receive, send)
        assert app.swept >= 2
        return sent

    sent = asyncio.run(asyncio.wait_for(live(), 60))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_app_learns_how_the_client_came(scheme: str) -> None:
    async def ask() -> Request:
        app = Recorder()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(event: MutableMapping[str, Any]) -> None:
            """The reply is of no interest."""

        scope = {
            "type": "http",
            "scheme": scheme,
            "method": "GET",
            "raw_path": b"/x",
            "query_string": b"",
            "headers": [(b"host", b"here:7071")],
        }
        await serve.Asgi(cast(App, app))(scope, receive, send)
        return app.requests[0]

    assert asyncio.run(ask()).base_url == f"{scheme}://here:7071"


def test_an_upload_of_which_nothing_more_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "IDLE_SECONDS", 0.001)

    class Reader(Recorder):
        def handle(self, request: Request) -> Response:
            with pytest.raises(GenesisError, match="ended before its body did"):
                request.body.read()
            return super().handle(request)

    async def ask() -> list[MutableMapping[str, Any]]:
        app, arrived, sent = Reader(), [b"half"], []

        async def receive() -> dict[str, Any]:
            if not arrived:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": arrived.pop(), "more_body": True}

        async def send(event: MutableMapping[str, Any]) -> None:
            sent.append(event)

        scope = {
            "type": "http",
            "scheme": "http",
            "method": "PUT",
            "raw_path": b"/x",
            "query_string": b"",
            "headers": [(b"content-length", b"9999999")],
        }
        await serve.Asgi(cast(App, app))(scope, receive, send)
        return sent

    assert asyncio.run(asyncio.wait_for(ask(), 60))[0]["status"] == 200
