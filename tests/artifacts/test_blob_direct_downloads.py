"""Downloads from Blob Storage, and the checksums that they tell."""

from __future__ import annotations

from base64 import b64encode

import pytest

from genesis.artifacts import IsAFolder
from tests.artifacts.blob_direct import TEXT, md5, refusal
from tests.artifacts.client import get, send, upload
from tests.artifacts.test_stores import put


def test_the_checksum_given_at_commit_is_told_by_every_download(direct):
    digest = md5(b"onetwo")
    uploading = upload(direct, "a", [b"one", b"two"])
    direct.complete("a", uploading.upload_id, [1, 2], "text/x-odd", digest)
    download = direct.download("a", TEXT, "inline")
    assert (download.md5, download.size) == (digest, 6)
    reply = get(download.signed.url)
    assert reply.headers["Content-MD5"] == b64encode(digest).decode()
    assert reply.headers["ETag"] == download.etag


def test_the_checksum_of_a_file_that_never_had_one_is_not_told(direct):
    uploading = upload(direct, "a", [b"one", b"two"])
    direct.complete("a", uploading.upload_id, [1, 2], TEXT)
    assert direct.download("a", TEXT, "inline").md5 is None


def test_the_storage_computes_the_checksum_of_one_part_and_another_is_refused(direct):
    digest = md5(b"one")
    uploading = upload(direct, "a", [b"one"])
    assert "is published" in refusal(direct.complete, "a", uploading.upload_id, [1], TEXT, md5(b"two"))
    direct.complete("a", uploading.upload_id, [1], TEXT, digest)
    assert direct.download("a", TEXT, "inline").md5 == digest


def test_a_download_has_the_type_and_the_name_that_the_server_gives_it(blob_store, direct):
    put(blob_store, "a", b"content")
    name = "attachment; filename=\"a b.txt\"; filename*=UTF-8''%C3%BC%2B.txt"
    signed = direct.download("a", "text/x; charset=utf-8", name).signed
    reply = get(signed.url)
    assert (reply.headers["Content-Type"], reply.headers["Content-Disposition"]) == (
        "text/x; charset=utf-8",
        name,
    )
    assert signed.headers == {}


def test_a_download_can_be_read_in_ranges(blob_store, direct):
    put(blob_store, "a", b"0123456789")
    url = direct.download("a", TEXT, "inline").signed.url
    reply = get(url, Range="bytes=2-4")
    assert (reply.status_code, reply.content) == (206, b"234")
    assert reply.headers["Content-Range"] == "bytes 2-4/10"
    assert get(url, Range="bytes=11-").status_code == 416


def test_an_empty_file_can_be_downloaded(direct):
    assert send(direct.whole("a", TEXT), b"") == 201
    download = direct.download("a", TEXT, "inline")
    assert (download.size, download.md5) == (0, md5(b""))
    assert get(download.signed.url).content == b""


def test_a_folder_is_not_downloaded_and_what_is_missing_is_not_there(blob_store, direct):
    assert direct.download("folder/a", TEXT, "inline") is None
    put(blob_store, "folder/a")
    assert direct.download("folder/b", TEXT, "inline") is None
    with pytest.raises(IsAFolder):
        direct.download("folder", TEXT, "inline")


def test_nothing_is_made_for_a_download(direct):
    assert direct.download("a", TEXT, "inline") is None
    assert not direct.container.client().exists()
