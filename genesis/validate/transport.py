"""Plain HTTP: one request a call, no redirect followed, nothing retried, MLflow not needed."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from genesis import __version__

SECONDS = 60
"""How long one request may take: a function that was stopped needs some of it to begin."""


class Unreachable(Exception):
    """No reply; the text says why."""


@dataclass(frozen=True)
class Reply:
    """A reply of whatever status; header names are lower case, times are this machine's."""

    status: int
    headers: dict[str, str]
    body: bytes
    sent: float
    received: float

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body; {} where it is no JSON object."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def said(self) -> str:
        """Status and message, for people."""
        message = self.json.get("message") or self.body[:300].decode(errors="replace").strip()
        return f"{self.status} {message}".strip()


class Transport:
    """Requests to the server at ``url``, and to where its signed URLs lead."""

    def __init__(self, url: str, headers: Mapping[str, str], context: ssl.SSLContext) -> None:
        self.url = url.rstrip("/")
        self._headers = dict(headers)
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=context),
        ):
            self._opener.add_handler(handler)

    def get(self, path: str) -> Reply:
        """As the caller."""
        return self.send("GET", path, headers=self._headers)

    def call(self, method: str, path: str, **fields: Any) -> Reply:
        """A call of MLflow's API with a JSON body, as the caller."""
        headers = {**self._headers, "Content-Type": "application/json"}
        return self.send(method, path, json.dumps(fields).encode(), headers)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Any request below the server's root, with these headers and no credential of its own."""
        return self.fetch(method, self.url + path, body, headers)

    def fetch(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A request to any URL; raises Unreachable."""
        given = {"User-Agent": f"genesis-flow/{__version__} validate", **(headers or {})}
        if body is not None:
            given.setdefault("Content-Type", "application/octet-stream")
        request = urllib.request.Request(url, body, given, method=method)  # noqa: S310 (http and https only)
        sent = time.time()
        try:
            with self._opener.open(request, timeout=SECONDS) as reply:
                content = reply.read()
                found = {name.lower(): value for name, value in reply.headers.items()}
                return Reply(reply.status, found, content, sent, time.time())
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(_reason(error)) from error


def _reason(error: BaseException) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"no answer within {SECONDS} seconds"
    return str(reason) or type(reason).__name__


def proxy(scheme: str, host: str) -> str:
    """The host of the proxy by which others are reached; empty where there is none."""
    found = urllib.request.getproxies().get(scheme, "")
    if not found or urllib.request.proxy_bypass(host):
        return ""
    return found.rpartition("@")[2].rpartition("//")[2]
