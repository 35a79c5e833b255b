"""``genesis serve``: the App behind uvicorn, on a laptop or a small VM."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from typing import Any

from genesis.app import App
from genesis.errors import Code, GenesisError, unavailable
from genesis.garbage import collect_rarely
from genesis.http import Body, BytesBody, Request, Response
from genesis.lane import Lane
from genesis.wire.base import encode_error

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

THREADS = 16
STREAMS = 64
"""Threads for bodies that arrive while they are worked on: slow uploads keep no other request waiting."""
SWEEP_SECONDS = 3600
IDLE_SECONDS = 120.0
"""After which a body of which nothing more comes is given up: who is switched off says no goodbye."""
LARGEST_HEAD = 64 * 1024
"""Bytes of a request, but for the first packet's, without any of its body; httptools takes all that comes."""
NOT_MODIFIED = 304
"""The length of what is not sent again would not be that of nothing."""
SMALL = 1024 * 1024
"""Bytes of a body that is read whole before a thread is taken; larger ones stream."""


class StreamedBody:
    """A body that arrives while a thread works on it."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop, length: int | None) -> None:
        self.length = length
        self._receive = receive
        self._loop = loop
        self._ended = False
        self._abandoned = False
        self._receiving: asyncio.Task[Any] | None = None

    def read(self) -> bytes:
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        while not self._ended:
            event = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
            if event["type"] == "http.disconnect":
                raise GenesisError(Code.BAD_REQUEST, "The request ended before its body did.")
            self._ended = not event.get("more_body", False)
            if event.get("body"):
                yield event["body"]

    async def _next(self) -> MutableMapping[str, Any]:
        if not self._abandoned:
            self._receiving = asyncio.current_task()
            with suppress(asyncio.CancelledError, TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    return await self._receive()
        return {"type": "http.disconnect"}

    def abandon(self) -> None:
        """Called on the loop when nobody waits for the reply any more, so that the thread ends too."""
        self._abandoned = True
        if self._receiving is not None:
            self._receiving.cancel()


class Asgi:
    """The App as an ASGI application; its blocking work runs on threads of its own."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="genesis")
        # Who waits for a database elsewhere keeps no other from Python's lock.
        self._lane = Lane(self._threads, app.together) if app.is_embedded else None
        self._streams = ThreadPoolExecutor(STREAMS, thread_name_prefix="genesis-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        sweeping = asyncio.create_task(self._sweep())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        sweeping.cancel()
        # Not on the loop: a thread may wait for the loop to tell it that its upload was abandoned.
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._streams.shutdown)
        if self._lane is not None:
            await loop.run_in_executor(None, self._lane.shutdown)
        await loop.run_in_executor(None, self._threads.shutdown)
        self._app.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _sweep(self) -> None:
        """The store swept when it was opened; uploads that end later are left behind later."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await loop.run_in_executor(self._threads, self._app.sweep)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        headers = _headers(scope["headers"])
        body = await _body(headers, receive, loop)
        if body is None:
            return
        request = Request(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            scheme=scope["scheme"],
            peer=(scope.get("client") or ("",))[0],
        )
        try:
            response = await self._answered(request)
        except asyncio.CancelledError:
            # The server stops, and this request took longer than it waits for.
            response = encode_error(unavailable("The server is stopping; try again.", 5))
        finally:
            if isinstance(body, StreamedBody):
                body.abandon()
        await self._reply(response, scope["method"], receive, send)

    async def _answered(self, request: Request) -> Response:
        if self._lane is not None and isinstance(request.body, BytesBody):
            work = partial(self._app.handle, request)
            is_brief, writes = self._app.is_brief(request), request.method != "GET"
            return await self._lane.run(work, is_brief=is_brief, writes=writes)
        threads = self._streams if isinstance(request.body, StreamedBody) else self._threads
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, self._app.handle, request)

    async def _reply(self, response: Response, method: str, receive: Receive, send: Send) -> None:
        if isinstance(response.body, bytes) and response.status != NOT_MODIFIED:
            response.headers.setdefault("Content-Length", str(len(response.body)))
        headers = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in response.headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if isinstance(response.body, bytes):
            await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})
        else:
            await self._stream(response, response.body, receive, send)

    async def _stream(
        self, response: Response, pieces: Iterator[bytes], receive: Receive, send: Send
    ) -> None:
        """A failure goes on to uvicorn, which cuts the connection: too few bytes tell the client."""
        loop = asyncio.get_running_loop()
        # Sending to a client that has gone raises nothing, and would read the file to its end.
        gone = asyncio.create_task(_disconnected(receive))
        try:
            while not gone.done():
                piece = await loop.run_in_executor(self._threads, next, pieces, None)
                if piece is None:
                    await send({"type": "http.response.body", "body": b""})
                    break
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            gone.cancel()
            await loop.run_in_executor(self._threads, response.close)


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has gone; what it may still send of a body that nobody read is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header names are lower case already; of repeated ones the values are joined, as HTTP says."""
    headers: dict[str, str] = {}
    for name_, value_ in raw:
        name, value = name_.decode("latin-1"), value_.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


async def _body(headers: dict[str, str], receive: Receive, loop: asyncio.AbstractEventLoop) -> Body | None:
    """The request's body; None when the client has gone before it was there."""
    announced = headers.get("content-length", "")
    length = int(announced) if announced.isdecimal() else None
    chunked = length is None and "transfer-encoding" in headers
    if chunked or (length or 0) > SMALL:
        return StreamedBody(receive, loop, length)
    parts: list[bytes] = []
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        parts.append(event.get("body", b""))
        if not event.get("more_body", False):
            return BytesBody(b"".join(parts))


class PortInUse(Exception):
    """Something listens on the port already."""


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address; raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Two processes that may both bind would share the port silently without this.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse from error
        raise
    listener.set_inheritable(True)
    return listener


def is_loopback(listener: socket.socket) -> bool:
    """Whether no other machine reaches it, whatever its host was called."""
    return ip_address(listener.getsockname()[0]).is_loopback


def run(app: App, listener: socket.socket) -> None:
    """Serve until interrupted; requests under way are answered first."""
    # Uvicorn is for this host only, not for Functions.
    import uvicorn

    collect_rarely()

    config = uvicorn.Config(
        Asgi(app),
        http=_protocol(),
        log_level="warning",
        log_config=None,  # its lines look as ours do
        # An attempt to speak WebSocket is an ordinary GET here, whatever libraries are installed.
        ws="none",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,
    )
    # Uvicorn raises what interrupted it once more when it has ended.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _protocol() -> type[asyncio.Protocol]:
    """Uvicorn's, with a limit to heads and trailers: those of a stranger, too, are kept in memory."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Limited(HttpToolsProtocol):
        _head = 0

        def on_message_begin(self) -> None:
            self._head = 0
            super().on_message_begin()

        def on_body(self, body: bytes) -> None:
            self._head = 0
            super().on_body(body)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            self._head += len(data)
            super().data_received(data)
            if self._head > LARGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("The request's head is too large.")

    return Limited
