"""Requests for the web UI's files, and their replies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from genesis.http import Request, accepts_gzip
from genesis.ui.build import Entry
from genesis.ui.changes import FRAME
from genesis.wire.base import Raw

PAGE = "index.html"
ETAG = re.compile(r'"([^"]*)"')
HASHED = re.compile(r"\.[0-9a-f]{8,}\.")
"""In the name of a file that never changes: another content has another name."""
CODE = re.compile("`([^`]*)`")
FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_WHILE = "public, max-age=3600"
ASKED_EACH_TIME = "no-cache"
GZIP = ".gz"
"""What the ETag of that form of a file ends with."""
PERMISSIONS = (
    "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), "
    "payment=(), serial=(), usb=()"
)
LIBRARIES = (
    "https://cdn.plot.ly https://cdn.jsdelivr.net https://cdnjs.cloudflare.com https://unpkg.com "
    "https://cdn.bokeh.org https://d3js.org https://code.jquery.com"
)
"""Where figures have their libraries from; those of ``mlflow.log_figure`` with Plotly, from the first."""
FRAME_POLICY = "; ".join(
    (
        "sandbox allow-scripts",
        "default-src 'none'",
        f"script-src 'unsafe-inline' 'unsafe-eval' blob: data: {LIBRARIES}",
        f"style-src 'unsafe-inline' data: {LIBRARIES}",
        f"font-src data: {LIBRARIES}",
        "img-src blob: data:",
        "media-src blob: data:",
        f"connect-src blob: data: {LIBRARIES}",
        "worker-src blob: data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
"""Of the frame of HTML artifacts: it has no origin, and this server is none of what it may reach."""


@dataclass(frozen=True)
class StaticFile:
    """One file of the build, for browsers; ``path`` is empty for the page itself."""

    path: str
    etags: frozenset[str]
    """What the client has already; the form makes no difference."""
    is_gzip_accepted: bool
    is_browser: bool
    """Whether it would rather be told in HTML than in JSON."""

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        known = ETAG.findall(request.headers.get("if-none-match", ""))
        return cls(
            parameters.get("path", ""),
            frozenset(etag.removesuffix(GZIP) for etag in known),
            accepts_gzip(request.headers.get("accept-encoding", "")),
            "text/html" in request.headers.get("accept", "").lower(),
        )


def policy(storage: str) -> str:
    """The page's Content-Security-Policy; ``storage`` is the origin that signed URLs lead to, if any.

    Styles are written into the page by its libraries, and previews are made of blobs. Plotly's WebGL draws by
    functions that it compiles ('unsafe-eval'); scripts within a page do not run.
    """
    elsewhere = f" {storage}" if storage else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "font-src 'self' data:",
            f"img-src 'self' blob: data:{elsewhere}",
            f"media-src 'self' blob: data:{elsewhere}",
            f"connect-src 'self' blob:{elsewhere}",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "manifest-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def file(path: str, entry: Entry, content: bytes | None, storage: str, *, is_gzip: bool) -> Raw:
    """A file of the build, or 304 where there is no content to send again."""
    form = GZIP if is_gzip else ""
    headers = {
        "ETag": f'"{entry["etag"]}{form}"',
        "Cache-Control": kept_for(path),
        "Content-Security-Policy": FRAME_POLICY if path == FRAME else policy(storage),
    }
    if path.endswith(".html"):
        headers["Permissions-Policy"] = PERMISSIONS
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if entry["gzip"] is not None:
        headers["Vary"] = "Accept-Encoding"
    if content is None:
        return Raw(b"", headers, 304)
    headers["Content-Type"] = entry["type"]
    headers["Content-Length"] = str(len(content))
    if is_gzip:
        headers["Content-Encoding"] = "gzip"
    return Raw(content, headers)


def kept_for(path: str) -> str:
    """How long a browser may keep a file without asking."""
    if path.endswith(".html"):
        return ASKED_EACH_TIME
    return FOR_EVER if HASHED.search(path.rpartition("/")[2]) else FOR_A_WHILE


def notice(title: str, text: str, status: int, *, again_after: int = 0) -> Raw:
    """A small page that stands in for the UI; looked at again by itself after some seconds, if any."""
    text = CODE.sub(r"<code>\1</code>", text)
    again = f'<meta http-equiv="refresh" content="{again_after}">' if again_after else ""
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{again}<title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><style>'
        "body{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:4em auto;padding:0 1em;color:#222}"
        "code{background:#eee;padding:.1em .3em}</style></head>"
        f"<body><h1>{title}</h1><p>{text}</p></body></html>"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    }
    if again_after:
        headers["Retry-After"] = str(again_after)
    return Raw(page.encode(), headers, status)
