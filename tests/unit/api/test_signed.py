"""What comes to the URLs that this server signed."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from genesis.api import signed
from genesis.errors import Code, GenesisError
from genesis.http import BytesBody, Request
from genesis.wire import transfers as w
from genesis.wire.base import Raw
from tests.unit.api.transferring import MD5, Storage, scope_of

BASE64 = base64.b64encode(MD5).decode()


def put(storage: Storage, body: bytes = b"bytes", **headers: str) -> Raw:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request("PUT", "/signed/1/f", "sig=s&part=1&sig=t&x=", named, BytesBody(body))
    return signed.put(w.SignedPut.decode(request, {"artifact_path": "1/f"}), scope_of(storage))


def get(storage: Storage, **headers: str) -> Raw:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request("GET", "/signed/1/f.txt", "sig=s", named)
    return signed.get(w.SignedGet.decode(request, {"artifact_path": "1/f.txt"}), scope_of(storage))


def test_bytes_and_their_grant_are_handed_to_the_storage() -> None:
    storage = Storage(receives=True)
    assert put(storage) == Raw()
    assert storage.asked == [("receive", "1/f", {"sig": "s", "part": "1", "x": ""}, b"bytes", None)]


def test_the_md5_that_the_bytes_must_have_is_handed_on() -> None:
    storage = Storage(receives=True)
    put(storage, content_md5=BASE64)
    assert storage.asked[0][-1] == MD5


@pytest.mark.parametrize("given", ["AAAA", "no base64", MD5.hex(), BASE64 + "="])
def test_an_md5_that_is_none_is_refused(given: str) -> None:
    storage = Storage(receives=True)
    with pytest.raises(GenesisError) as excinfo:
        put(storage, content_md5=given)
    assert (excinfo.value.code, storage.asked) == (Code.INVALID_PARAMETER_VALUE, [])


def test_bytes_that_may_have_been_lost_on_their_way_are_refused() -> None:
    with pytest.raises(GenesisError) as excinfo:
        put(Storage(receives=True), b"", transfer_encoding="chunked")
    assert excinfo.value.status == 411


def test_a_file_is_read_whole_or_in_part() -> None:
    storage = Storage({"1/f.txt": 10}, receives=True)
    whole, part = get(storage), get(storage, range="bytes=2-5")
    assert (whole.status, part.status) == (200, 206)
    assert part.headers is not None
    assert part.headers["Content-Range"] == "bytes 2-5/10"
    assert storage.asked[0] == ("check", "1/f.txt", {"sig": "s"})


@pytest.mark.parametrize("ask", [put, get])
def test_without_a_good_grant_nothing_is_done(ask: Any) -> None:
    storage = Storage({"1/f.txt": 10}, receives=True)
    storage.failure = GenesisError(Code.PERMISSION_DENIED, "This URL has expired.")
    with pytest.raises(GenesisError, match="expired"):
        ask(storage)
    assert not [asked for asked in storage.asked if asked[0] == "open"]


@pytest.mark.parametrize("ask", [put, get])
def test_where_the_storage_is_elsewhere_there_is_no_such_endpoint(ask: Any) -> None:
    with pytest.raises(GenesisError) as excinfo:
        ask(Storage({"1/f.txt": 10}))
    assert (excinfo.value.code, excinfo.value.status) == (Code.ENDPOINT_NOT_FOUND, 404)
