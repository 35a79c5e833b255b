"""A package index (PEP 503 and 691), and the one file that is had from it."""

from __future__ import annotations

import base64
import html
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

PYPI = "https://pypi.org/simple"
VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
"""In which uv and pip are told of another index than PyPI."""
CERTIFICATES = ("PIP_CERT", "REQUESTS_CA_BUNDLE")
"""Files of certificates that pip takes beside those of the system."""
ACCEPTED = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
SECONDS = 30
"""Within which something must come."""
LARGEST_PAGE = 32 << 20
LARGEST_FILE = 256 << 20
PIECE = 1 << 16
LINK = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)

Seen = Callable[[int, int], None]
"""Told as bytes come: of how many, and how many since it was last told."""


class Unreachable(Exception):
    """The index, or the file, cannot be had; says why, in words that hold no password."""


class Index:
    """The index that this environment installs from, by its proxies and certificates."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.url = next((environment[name] for name in VARIABLES if environment.get(name)), PYPI)
        self._certificates = [environment[name] for name in CERTIFICATES if environment.get(name)]

    def find(self, project: str, name: str) -> str:
        """The URL of a project's file; raises Unreachable."""
        page = f"{self.url.rstrip('/')}/{project}/"
        with self._open(page) as reply:
            content = reply.read(LARGEST_PAGE)
            base = with_user_of(page, reply.geturl())
            links = _links(content, reply.headers.get_content_type())
        for link in links:
            found = urljoin(base, link)
            if unquote(urlsplit(found).path).rpartition("/")[2] == name:
                return with_user_of(page, urlunsplit(urlsplit(found)._replace(fragment="")))
        raise Unreachable(f"{shown(page)} has no {name}.")

    def download(self, url: str, into: Path, seen: Seen) -> None:
        """Write the file at ``url`` to ``into``; raises Unreachable, also where it is cut off."""
        with self._open(url) as reply, into.open("wb") as file:
            total, size = int(reply.headers.get("Content-Length") or 0), 0
            while piece := reply.read(PIECE):
                size += len(piece)
                if size > LARGEST_FILE:
                    raise Unreachable(f"{shown(url)} is larger than any wheel of MLflow.")
                file.write(piece)
                seen(total, len(piece))
        if size < total:
            raise Unreachable(f"{shown(url)} was cut off after {size} of {total} bytes.")

    @contextmanager
    def _open(self, url: str) -> Iterator[Any]:
        try:
            with self._opener().open(_request(url), timeout=SECONDS) as reply:
                yield reply
        except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
            raise Unreachable(f"{shown(url)} cannot be had: {_why(error)}") from error

    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context()
        for file in self._certificates:
            context.load_verify_locations(file)
        return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))


def _request(url: str) -> urllib.request.Request:
    """The user and the password in a URL become a header, which does not follow a redirect elsewhere."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http", "file"):
        raise ValueError("only https, http and file are understood.")
    user, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(urlunsplit(parts._replace(netloc=host)), headers={"Accept": ACCEPTED})  # noqa: S310
    if user:
        proof = base64.b64encode(unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {proof}")
    return request


def with_user_of(known: str, url: str) -> str:
    """``url`` with the user of ``known`` where both are of one origin and it names none itself."""
    one, other = urlsplit(known), urlsplit(url)
    user, _, host = one.netloc.rpartition("@")
    if not user or (one.scheme, host) != (other.scheme, other.netloc):
        return url
    return urlunsplit(other._replace(netloc=one.netloc))


def shown(url: str) -> str:
    """A URL without user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _links(content: bytes, kind: str) -> list[str]:
    if kind.endswith("json"):
        files = json.loads(content)["files"]
        return [str(file["url"]) for file in files]
    text = content.decode("utf-8", "replace")
    return [html.unescape(first or second) for first, second in LINK.findall(text)]


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"it answers {error.code} {error.reason}."
    if isinstance(error, LookupError | TypeError):
        return "it is no package index."
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"no certificate of its is known here ({reason.verify_message}); SSL_CERT_FILE names those."
    return f"{str(reason).rstrip('.')}."
