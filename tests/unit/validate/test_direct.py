"""What a signed URL must not allow."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from genesis.validate import direct
from genesis.validate.checks import SIGN
from genesis.validate.deployment import Deployment
from genesis.validate.results import Status
from genesis.validate.transport import Reply
from tests.unit.validate.scripted import deployment, reply

BLOB = "https://st.blob.core.windows.net/artifacts/1/r/artifacts/genesis-validate.bin"


def signed(seconds: float, letter: str) -> str:
    until = datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{BLOB}?se={until}&sp={letter}&sig=abcdefgh%3D"


class Storage:
    """Keeps one blob, and minds what is signed but for what ``allows`` names."""

    def __init__(self, allows: str = "") -> None:
        self.blob = b""
        self.allows = allows

    def __call__(self, method: str, url: str, body: bytes | None = None, headers: object = None) -> Reply:
        if not self._is_allowed(method, url):
            return reply(403)
        if method == "PUT":
            self.blob = body or b""
            return reply(201)
        return reply(200, self.blob)

    def _is_allowed(self, method: str, url: str) -> bool:
        if self.allows == "anybody":
            return True
        is_whole = "sig=abcdefgh%3D" in url and "/genesis-validate.bin" in url
        right = {"PUT": "sp=w", "GET": "sp=r"}[method] in url
        return {
            "": is_whole and right,
            "any signature": "sig=" in url and "/genesis-validate.bin" in url and right,
            "any file": "sig=abcdefgh%3D" in url and right,
            "any method": is_whole,
        }[self.allows]


def stored(storage: Storage, *, minutes: float = 15, write: str = "", read: str = "") -> Deployment:
    """A deployment whose URLs lead to this storage."""
    write, read = write or signed(minutes * 60, "w"), read or signed(minutes * 60, "r")
    answer = {
        "uploads": [{"parts": [{"url": write, "headers": {}}]}],
        "downloads": [{"url": read, "headers": {}}],
    }
    d = deployment({f"POST {SIGN}": reply(200, answer)})
    d.server.fetch = storage  # type: ignore[method-assign]
    d.throwaway.folder = "1/r/artifacts"
    d.info = {"artifacts_presigned_only": True}
    return d


def test_bytes_go_to_the_storage_and_back() -> None:
    d = stored(Storage())
    result = direct.direct(d)
    assert (result.status, result.detail) == (
        Status.OK,
        "Bytes go straight to and from st.blob.core.windows.net.",
    )
    assert direct.signed_urls(d).status is Status.OK
    assert direct.settings(d).status is Status.OK


@pytest.mark.parametrize(
    ("allows", "words"),
    [
        ("any signature", "with an altered signature"),
        ("any file", "for another file"),
        ("anybody", "with an altered signature"),
        ("any method", "for reading, used to write"),
    ],
)
def test_a_storage_that_allows_too_much_is_told(allows: str, words: str) -> None:
    d = stored(Storage(allows))
    assert direct.direct(d).status is Status.OK
    result = direct.signed_urls(d)
    assert result.status is Status.FAILED
    assert words in result.detail


@pytest.mark.parametrize(
    ("minutes", "status"), [(60, Status.OK), (62, Status.FAILED), (24 * 60, Status.FAILED)]
)
def test_a_url_that_lives_for_more_than_an_hour_is_told(minutes: float, status: Status) -> None:
    d = stored(Storage(), minutes=minutes)
    direct.direct(d)
    assert direct.signed_urls(d).status is status


def test_life_is_counted_by_the_servers_clock() -> None:
    d = stored(Storage(), minutes=64)
    direct.direct(d)
    d.offset = 240
    assert direct.signed_urls(d).status is Status.OK


def test_a_url_that_never_ends_is_told() -> None:
    d = stored(Storage(), read=f"{BLOB}?sp=r&sig=abcdefgh%3D")
    direct.direct(d)
    assert direct.signed_urls(d).detail == "A signed URL never ends."


def test_a_url_without_tls_is_not_used() -> None:
    storage = Storage()
    d = stored(storage, write=signed(900, "w").replace("https:", "http:"))
    result = direct.direct(d)
    assert result.status is Status.FAILED
    assert "is not encrypted" in result.detail
    assert storage.blob == b""


def test_a_url_that_leads_to_the_function_is_told() -> None:
    here = signed(900, "w").replace("st.blob.core.windows.net", "genesis.example")
    result = direct.direct(stored(Storage(), write=here))
    assert (result.status, result.detail) == (Status.FAILED, "The signed URL leads to the function itself.")


@pytest.mark.parametrize(
    ("code", "announced", "status"),
    [
        (404, False, Status.WARNING),
        (501, False, Status.WARNING),
        (404, True, Status.FAILED),
        (503, True, Status.FAILED),
    ],
)
def test_what_is_not_announced_need_not_be_there(code: int, announced: bool, status: Status) -> None:
    d = deployment({f"POST {SIGN}": reply(code, {"message": "The role is missing."})})
    d.throwaway.folder = "1/r/artifacts"
    d.info = {"artifacts_presigned_only": True} if announced else {}
    assert direct.direct(d).status is status


def test_artifacts_that_are_elsewhere_are_not_tried() -> None:
    assert direct.direct(deployment({})).status is Status.SKIPPED


def test_what_is_done_and_not_announced_is_told() -> None:
    d = stored(Storage())
    direct.direct(d)
    d.info = {}
    assert direct.settings(d).detail == "Direct transfers are not announced, and do work."
    d.info, d.signed = {"artifacts_presigned_only": True}, {}
    assert direct.settings(d).detail == "Direct transfers are announced, and do not work."


@pytest.mark.parametrize("url", [signed(1, "r"), "http://h/signed/x?allows=read&expires=1&sig=AAAA0123"])
def test_an_altered_signature_is_another_one(url: str) -> None:
    altered = direct.tampered(url)
    assert altered != url
    assert len(altered) == len(url)
    assert urlsplit(altered)._replace(query="") == urlsplit(url)._replace(query="")
    assert json.dumps(altered.partition("sig=")[0]) == json.dumps(url.partition("sig=")[0])
