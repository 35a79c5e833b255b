"""What every reply must be, whatever was asked."""

from __future__ import annotations

import json
from pathlib import Path

import urllib3

from tests.servers.serve import REPOSITORY

SECRETS = (
    b"Traceback",
    b"sqlite3",
    b"pymongo",
    b"/tmp/",
    str(REPOSITORY).encode(),
    str(Path.home()).encode() + b"/",
)
"""What tells of the machine or of the code, and so must be in no reply."""


def assert_discreet(content: bytes) -> None:
    for secret in SECRETS:
        assert secret not in content, content


def assert_undisturbed(log: str) -> None:
    """A server's log shows no exception that nobody had foreseen."""
    for sign in ("failed, request id", "Exception in ASGI application", "Exception in thread"):
        assert sign not in log, log[-4000:]


def refusal_of(reply: urllib3.BaseHTTPResponse) -> int:
    """The status of a reply that is no failure, tells nothing of the machine and says why it refuses."""
    # 501 is how MLflow says that a storage does not offer something.
    assert reply.status < 500 or reply.status == 501, f"{reply.status}: {reply.data.decode()}"
    assert_discreet(reply.data)
    if reply.status >= 400:
        error = json.loads(reply.data)
        assert error["error_code"]
        assert error["message"]
    return reply.status
