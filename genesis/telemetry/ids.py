"""A request's id: what the client or the host calls it, or one of our own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import urandom

HEADER = "x-request-id"
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Nothing that would need quoting in a log, a query or a shell."""
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
"""W3C Trace Context; later versions may add fields."""


def request_id(headers: Mapping[str, str]) -> str:
    """That of ``x-request-id``, else the trace id of ``traceparent``, where well-formed; else new."""
    given = headers.get(HEADER)
    if given and WELL_FORMED.fullmatch(given):
        return given
    parent = headers.get("traceparent")
    if parent and (trace := TRACEPARENT.fullmatch(parent)):
        return trace[1]
    return urandom(16).hex()
