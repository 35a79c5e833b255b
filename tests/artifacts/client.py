"""A client that has a signed URL and nothing else."""

from __future__ import annotations

from typing import Any

import requests

from genesis.artifacts import Direct, Signed, Uploading

SECONDS = 60


def request(method: str, url: str, **options: Any) -> requests.Response:
    return requests.request(method, url, timeout=SECONDS, **options)


def get(url: str, **headers: str) -> requests.Response:
    return request("GET", url, headers={name.replace("_", "-"): value for name, value in headers.items()})


def send(signed: Signed, data: bytes = b"content", **headers: str) -> int:
    """The status of a PUT."""
    reply = request("PUT", signed.url, data=data, headers={**signed.headers, **headers})
    return reply.status_code


def upload(direct: Direct, path: str, parts: list[bytes], content_type: str = "text/plain") -> Uploading:
    """Begin one and send every part, but do not complete it."""
    uploading = direct.begin(path, len(parts), content_type)
    for signed, part in zip(uploading.parts, parts, strict=True):
        assert send(signed, part) == 201
    return uploading
