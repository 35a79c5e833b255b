"""The host-neutral edge: what every host hands to ``App.handle`` and gets back; parses no bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs, unquote


class Body(Protocol):
    """A request's body, read once: whole, or in chunks as it arrives."""

    length: int | None
    """Bytes announced by the client; None when it announced none (chunked)."""

    def read(self) -> bytes:
        """Everything that is left."""

    def chunks(self) -> Iterator[bytes]:
        """What is left, in pieces of the host's choosing; none of them is empty."""


class BytesBody:
    """A body that the host has read already."""

    def __init__(self, content: bytes = b"") -> None:
        self.length: int | None = len(content)
        self._content = content

    def read(self) -> bytes:
        content, self._content = self._content, b""
        return content

    def chunks(self) -> Iterator[bytes]:
        content = self.read()
        if content:
            yield content


@dataclass
class Request:
    """One HTTP request; ``path`` and ``query`` are percent-encoded as sent, header names lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = field(default_factory=BytesBody)

    def parameters(self) -> dict[str, list[str]]:
        """The query string's values by name, blanks and repetitions kept."""
        return parse_qs(self.query, keep_blank_values=True)

    def decoded_path(self) -> str:
        """The path, percent-decoded once, as WSGI servers hand it to a stock MLflow server."""
        return unquote(self.path)


@dataclass
class Response:
    """One HTTP reply; an iterator as ``body`` is sent as it yields, and closed afterwards."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = b""

    def whole(self) -> bytes:
        """The body in one piece, for hosts that cannot stream."""
        if isinstance(self.body, bytes):
            return self.body
        return b"".join(self.body)
