"""Checks of signed URLs: bytes go between client and storage, and a URL allows what it was made for alone."""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from genesis.validate.checks import PRESIGNED_ONLY, SIGN, compared
from genesis.validate.deployment import Deployment
from genesis.validate.results import Result, failed, ok, skipped, warning
from genesis.validate.transport import Reply, Unreachable

LONGEST_SECONDS = 3600
LEEWAY_SECONDS = 60
"""For the time since the URL was made, and clocks."""
REFUSED = (401, 403, 404, 409)
FILE = "genesis-validate.bin"
SIGNED = "/signed/"
"""Below which a server that keeps artifacts in a folder serves its own signed URLs."""


def direct(d: Deployment) -> Result:
    if not d.throwaway.folder:
        return skipped("direct", "Artifacts are not kept by this server (GENESIS_ARTIFACT_ROOT).")
    path = f"{d.throwaway.folder}/{FILE}"
    asked = d.server.call("POST", SIGN, uploads=[{"path": path}])
    if asked.status != 200:
        return _not_signed(d, asked)
    content = secrets.token_bytes(1000)
    write = asked.json["uploads"][0]["parts"][0]
    if not _is_encrypted(d, write["url"]):
        return failed(
            "direct",
            f"The signed URL for {urlsplit(write['url']).netloc} is not encrypted.",
            "Set GENESIS_ARTIFACTS_URI to https://…; a proxy in front of serve must pass Host on, and set "
            "X-Forwarded-Proto.",
        )
    try:
        if refusal := _not_stored(d, write, content):
            return refusal
        read = d.server.call("POST", SIGN, downloads=[path]).json["downloads"][0]
        d.stored = d.server.fetch("GET", read["url"], headers=read["headers"])
    except Unreachable as error:
        return failed(
            "direct",
            f"The storage at {urlsplit(write['url']).netloc} does not answer this machine: {error}.",
            "Clients must reach the storage themselves: its firewall, its public network access or, with "
            "private endpoints, the network that this machine is in.",
        )
    if d.stored.body != content:
        return failed(
            "direct",
            f"What was written by one signed URL is not what another one reads ({d.stored.status}).",
            "Look at the storage: something else writes there, or a proxy changes bytes.",
        )
    d.signed = {"read": read, "write": write}
    return _where(d, write["url"])


def _not_signed(d: Deployment, reply: Reply) -> Result:
    if reply.status in (404, 501) and not d.info.get(PRESIGNED_ONLY):
        return warning(
            "direct",
            "Nothing is signed here: all bytes pass through the server, and large ones not at all.",
            "Give the server an Azure identity (or, for an emulator, an account's key) instead of a SAS; "
            "another server than Genesis-Flow has no such URLs.",
        )
    return failed(
        "direct",
        f"Signed URLs are announced, and not given: {reply.said}",
        "Give the app's identity the roles in docs/artifacts.md: Storage Blob Delegator on the account.",
    )


def _not_stored(d: Deployment, write: dict[str, Any], content: bytes) -> Result | None:
    reply = d.server.fetch("PUT", write["url"], content, write["headers"])
    if reply.status in (200, 201):
        return None
    return failed(
        "direct",
        f"The storage refuses what was signed for it: {reply.said}",
        "Give the app's identity Storage Blob Data Contributor on the container, and compare the clocks; "
        "a local folder must be writable.",
    )


def _where(d: Deployment, url: str) -> Result:
    storage, here = urlsplit(url), urlsplit(d.url)
    if storage.netloc != here.netloc:
        return ok("direct", f"Bytes go straight to and from {storage.netloc}.")
    if storage.path.startswith(SIGNED):
        return ok("direct", "Bytes go to and from the server's own folder, by signed URLs.")
    return failed(
        "direct",
        "The signed URL leads to the function itself.",
        "Set GENESIS_ARTIFACTS_URI to the container's own URL.",
    )


def signed_urls(d: Deployment) -> Result:
    """Every way in which one could allow too much; the first that does is told."""
    if not d.signed:
        return skipped("signed-urls", "Nothing is signed here.")
    read, write = d.signed["read"], d.signed["write"]
    for found in (
        *(_short(d, url["url"]) for url in (read, write)),
        *_limited(d, read, write),
    ):
        if found is not None:
            return found
    seconds = _expires(read["url"]) - time.time() - d.offset
    return ok(
        "signed-urls",
        f"They end within {max(1, round(seconds / 60))} minutes; altered, used the other way round or "
        "without their signature they are refused.",
    )


def _is_encrypted(d: Deployment, url: str) -> bool:
    """Whether nobody on the way can read along: an emulator on this machine has no TLS."""
    parts, here = urlsplit(url), urlsplit(d.url)
    if parts.netloc == here.netloc:
        return parts.scheme == here.scheme
    return parts.scheme == "https" or d.is_loopback or parts.hostname in ("127.0.0.1", "localhost", "::1")


def _expires(url: str) -> float:
    """Seconds since the epoch; 0 where the URL does not say."""
    query = parse_qs(urlsplit(url).query)
    try:
        if "se" in query:
            return datetime.fromisoformat(query["se"][0]).timestamp()
        return float(query["expires"][0])
    except (KeyError, ValueError):
        return 0.0


def _short(d: Deployment, url: str) -> Result | None:
    until = _expires(url)
    if not until:
        return failed("signed-urls", "A signed URL never ends.", "See that the server is Genesis-Flow.")
    if until - time.time() - d.offset <= LONGEST_SECONDS + LEEWAY_SECONDS:
        return None
    return failed(
        "signed-urls", "A signed URL lives for more than an hour.", "Set GENESIS_SIGNED_URL_MINUTES to 15."
    )


def _limited(d: Deployment, read: dict[str, Any], write: dict[str, Any]) -> list[Result | None]:
    bare = read["url"].partition("?")[0]
    attempts = {
        "with an altered signature": ("GET", tampered(read["url"]), {}),
        "for another file": ("GET", _elsewhere(read["url"]), {}),
        "without its signature": ("GET", bare, {}),
        "for reading, used to write": ("PUT", read["url"], write["headers"]),
        "for writing, used to read": ("GET", write["url"], {}),
    }
    found: list[Result | None] = []
    for what, (method, url, given) in attempts.items():
        reply = d.server.fetch(method, url, b"altered" if method == "PUT" else None, given)
        if reply.status not in REFUSED:
            found.append(
                failed(
                    "signed-urls",
                    f"A signed URL {what} is not refused: {reply.status}.",
                    "Forbid public access to blobs (allowBlobPublicAccess: false), and put no cache or proxy "
                    "in front of the storage.",
                )
            )
    return found


def tampered(url: str) -> str:
    """The URL with one character of its signature changed."""
    at = url.index("sig=") + len("sig=") + 3
    return url[:at] + ("A" if url[at] != "A" else "B") + url[at + 1 :]


def _elsewhere(url: str) -> str:
    return url.replace(FILE, f"other-{FILE}", 1)


def storage_clock(d: Deployment) -> Result:
    if not d.signed or d.stored is None:
        return skipped("storage-clock", "Nothing is signed here.")
    if urlsplit(d.signed["read"]["url"]).netloc == urlsplit(d.url).netloc:
        return skipped("storage-clock", "It is the server's own.")
    return compared("storage-clock", d, d.stored, "the storage's clock")


def settings(d: Deployment) -> Result:
    """Whether what is announced is what was found."""
    announced = bool(d.info.get(PRESIGNED_ONLY))
    if d.info.get("workspaces_enabled"):
        return failed(
            "settings", "It announces workspaces, which are not served.", "Deploy the current version."
        )
    if bool(d.signed) == announced:
        return ok("settings", "What it announces is what it does.")
    said, done = ("", "not ") if announced else ("not ", "")
    return failed(
        "settings",
        f"Direct transfers are {said}announced, and do {done}work.",
        "See that all instances run the same version with the same settings; restart the app.",
    )
