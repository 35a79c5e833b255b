"""Artifact locations of the source, and what they become at the target; no I/O."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from genesis.artifacts.paths import ROUTE

WINDOWS = re.compile(r"[A-Za-z]:[\\/]")
PROXIED = "mlflow-artifacts"


def local_path(uri: str) -> Path | None:
    """The folder that a location on this machine names; None for every other location."""
    if WINDOWS.match(uri):
        return Path(uri)
    parts = urlsplit(uri)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            return None
        return Path(url2pathname(parts.path))
    # A colon makes no scheme of what is a path with a slash before it.
    return Path(os.path.abspath(uri)) if uri and not parts.scheme else None


def normal(uri: str) -> str:
    """The location in its one spelling."""
    local = local_path(uri)
    if local is not None:
        return f"file://{local.absolute().as_posix()}".rstrip("/")
    proxied = proxied_path(uri)
    return f"{PROXIED}:/{proxied}".rstrip("/") if proxied is not None else uri.rstrip("/")


def proxied_path(uri: str) -> str | None:
    """The path below a tracking server's artifacts; None for what no such server is asked for."""
    parts = urlsplit(uri)
    if parts.scheme == PROXIED:
        return parts.path.strip("/")
    _, route, path = parts.path.partition(ROUTE)
    if parts.scheme in ("http", "https") and route and path[:1] in ("", "/"):
        return path.strip("/")
    return None


def shown(uri: str) -> str:
    """A URI without what may be secret in it."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri.partition(":")[0] + ":…"
    if not parts.scheme or not parts.netloc:
        return uri.partition("?")[0]
    host = parts.netloc.rpartition("@")
    netloc = f"…@{host[2]}" if host[1] else host[2]
    return f"{parts.scheme}://{netloc}{parts.path}"


class Locations:
    """Places that move, each with what becomes of it; the longest that contains a location counts."""

    def __init__(self) -> None:
        self._moved: dict[str, str] = {}

    def add(self, old: str, new: str) -> None:
        """``old`` and all below it are at ``new``; what was said first of a place stays."""
        self._moved.setdefault(normal(old), new.rstrip("/"))

    def moved(self, uri: str) -> str | None:
        """Where a location will be; None where it stays where it is."""
        place, rest = normal(uri), ""
        while True:
            if place in self._moved:
                return self._moved[place] + rest
            place, slash, name = place.rpartition("/")
            if not slash:
                return None
            rest = f"/{name}{rest}"


def decoded(uri: str) -> str:
    """The path part of a location as a person reads it."""
    return unquote(urlsplit(uri).path)
