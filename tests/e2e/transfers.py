"""Files to be moved, and what this process sends while it moves them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.servers import Server

MEGABYTE = 1024 * 1024
SIGN = "/api/2.0/genesis/artifacts/sign"


class Sent:
    """The requests of this process since the test began, and their bodies' bytes."""

    def __init__(self, server: Server) -> None:
        self.after_put: Callable[[int], None] = lambda count: None
        """Called when the storage has answered a PUT, with how many that were."""
        self._server = server
        self._sent: list[tuple[str, str, int]] = []

    def add(self, request: requests.PreparedRequest) -> None:
        length = int(request.headers.get("Content-Length", 0))
        self._sent.append((str(request.method), str(request.url), length))

    def to_api(self) -> Counter[str]:
        """How often each path of the server's was asked for."""
        return Counter(path for _, path, _ in self._api())

    def bytes_to_api(self) -> int:
        return sum(length for _, _, length in self._api())

    def _api(self) -> Iterator[tuple[str, str, int]]:
        for method, url, length in self._sent:
            path = urlsplit(url).path
            # What follows /signed/ is the storage, if it is this server's own folder.
            if url.startswith(self._server.url) and not path.startswith("/signed/"):
                yield method, path, length

    def put(self) -> int:
        return sum(method == "PUT" for method, _, _ in self._sent)


@contextmanager
def recorded(server: Server) -> Iterator[Sent]:
    """What is sent within, to ``server`` or to its storage."""
    found, send = Sent(server), requests.Session.send

    def sending(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> Any:
        reply = send(session, request, **options)
        found.add(request)
        if request.method == "PUT":
            found.after_put(found.put())
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "send", sending)
        yield found


def digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def written(file: Path, size: int) -> Path:
    """A file of random bytes, of which no two parts are the same, wherever it is cut."""
    # They come again after a number of bytes that no part has: that is soon written, however large the file.
    random = os.urandom(MEGABYTE - 3)
    with file.open("wb") as content:
        for start in range(0, size, len(random)):
            content.write(random[: size - start])
    return file
