"""A server whose replies a test writes down."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from genesis.validate.deployment import Deployment
from genesis.validate.environment import Caller
from genesis.validate.transport import Reply, Unreachable

NOW = 1_800_000_000.0


def reply(status: int = 200, body: Any = b"", **headers: str) -> Reply:
    """A reply that took no time; names of headers with _ for -."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, content, NOW, NOW
    )


class Scripted:
    """In the place of a Transport: answers by method and the beginning of the path, the longest that fits."""

    def __init__(self, script: Mapping[str, Reply | Callable[[], Reply]]) -> None:
        self.script = dict(script)
        self.asked: list[str] = []

    def get(self, path: str) -> Reply:
        return self._answer(f"GET {path}")

    def call(self, method: str, path: str, **fields: Any) -> Reply:
        return self._answer(f"{method} {path}")

    def send(self, method: str, path: str, body: bytes | None = None, headers: Any = None) -> Reply:
        return self._answer(f"{method} {path}")

    fetch = send

    def _answer(self, line: str) -> Reply:
        self.asked.append(line)
        fitting = [begins for begins in self.script if line.startswith(begins)]
        if not fitting:
            raise Unreachable("nothing is written down for it")
        answer = self.script[max(fitting, key=len)]
        return answer if isinstance(answer, Reply) else answer()


def deployment(
    script: Mapping[str, Reply | Callable[[], Reply]],
    *,
    url: str = "https://genesis.example",
    caller: Caller | None = None,
    is_loopback: bool = False,
) -> Deployment:
    d = Deployment(url, caller or Caller())
    d.__dict__["server"] = Scripted(script)
    d.__dict__["is_loopback"] = is_loopback
    return d
