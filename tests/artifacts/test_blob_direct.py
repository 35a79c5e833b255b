"""Uploads between a client and Blob Storage, of which the server sees no byte."""

from __future__ import annotations

import pytest

from genesis.artifacts import MOST_PARTS
from genesis.artifacts.blob import BLOCK
from tests.artifacts.blob_direct import TEXT, at, downloaded
from tests.artifacts.client import get, request, send, upload
from tests.artifacts.test_stores import put, read


@pytest.mark.parametrize(
    "parts", [[b"one"], [b""], [b"one", b"two"], [b"1" * BLOCK, b"2" * 99, b"3" * BLOCK]]
)
def test_parts_become_the_file_in_the_order_of_their_numbers(blob_store, direct, parts):
    uploading = direct.begin("a", len(parts), "text/x-odd")
    for signed, part in reversed([*zip(uploading.parts, parts, strict=True)]):
        assert send(signed, part) == 201
    direct.complete("a", uploading.upload_id, range(len(parts), 0, -1), "text/x-odd")
    assert read(blob_store, "a") == b"".join(parts)
    assert direct.container.blob("a").get_blob_properties().content_settings.content_type == "text/x-odd"


def test_a_whole_file_is_one_put(blob_store, direct):
    for content in (b"content", b""):
        assert send(direct.whole("folder/a", "text/x-odd"), content) == 201
        assert read(blob_store, "folder/a") == content
    kept = direct.container.blob("folder/a").get_blob_properties().content_settings
    assert kept.content_type == "text/x-odd"


def test_the_urls_of_an_upload_need_no_header_but_those_given(direct):
    blocks = direct.begin("a", 3, TEXT).parts
    assert [part.headers for part in blocks] == [{}, {}, {}]
    assert len({part.url for part in blocks}) == 3
    [single] = direct.begin("a", 1, TEXT).parts
    assert single.headers.keys() == {"x-ms-blob-type", "x-ms-blob-content-type", "x-ms-meta-upload"}
    assert direct.whole("a", TEXT).headers == {"x-ms-blob-type": "BlockBlob", "x-ms-blob-content-type": TEXT}


NAMES = [
    "a b",
    "a+b",
    "100%.txt",
    "50%25.txt",
    "ü/日本/🙂.txt",
    "what?x=1&y=2",
    "~'q\"(1)*!$,;:@=[]{}|^`<>",
    "folder/.hidden",
    "a" * 255,
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["blob_store", "blob_folder_store", "delegated_store"])
def test_every_name_that_may_be_signed_works(request, kind, name):
    store = request.getfixturevalue(kind)
    direct = store.direct("")
    uploading = upload(direct, name, [b"one", b"two"])
    direct.complete(name, uploading.upload_id, [1, 2], TEXT)
    assert downloaded(direct, name).content == read(store, name) == b"onetwo"
    assert send(direct.whole(name, TEXT)) == 201
    assert downloaded(direct, name).content == b"content"
    assert store.list(name.rpartition("/")[0])[0].path == name


def test_half_an_upload_is_neither_listed_nor_to_be_read(blob_store, direct):
    uploading = direct.begin("folder/a", 2, TEXT)
    assert send(uploading.parts[0]) == 201
    assert blob_store.list("") == blob_store.list("folder") == []
    assert blob_store.open("folder/a") is None
    assert direct.download("folder/a", TEXT, "inline") is None
    assert direct.download("folder", TEXT, "inline") is None


def test_half_an_upload_leaves_the_file_that_is_there_as_it_is(blob_store, direct):
    put(blob_store, "a", b"old")
    uploading = direct.begin("a", 2, TEXT)
    assert send(uploading.parts[0]) == 201
    assert downloaded(direct).content == b"old"


@pytest.mark.parametrize("parts", [1, 2])
def test_complete_can_be_repeated_and_changes_nothing_then(direct, parts):
    content = [b"one", b"two"][:parts]
    uploading = upload(direct, "a", content)
    etags = set()
    for _ in range(3):
        direct.complete("a", uploading.upload_id, range(1, parts + 1), TEXT)
        etags.add(direct.download("a", TEXT, "inline").etag)
    assert len(etags) == 1
    assert downloaded(direct).content == b"".join(content)


def test_a_block_that_comes_late_does_not_spoil_the_repetition_of_complete(direct):
    uploading = upload(direct, "a", [b"one", b"two"])
    direct.complete("a", uploading.upload_id, [1, 2], TEXT)
    assert send(uploading.parts[1], b"two") == 201
    direct.complete("a", uploading.upload_id, [1, 2], TEXT)
    assert downloaded(direct).content == b"onetwo"


def test_of_a_block_sent_twice_the_second_counts(direct):
    uploading = direct.begin("a", 2, TEXT)
    for number, content in ((0, b"cut o"), (1, b"two"), (0, b"one"), (1, b"two")):
        assert send(uploading.parts[number], content) == 201
    direct.complete("a", uploading.upload_id, [1, 2], TEXT)
    assert downloaded(direct).content == b"onetwo"


def test_an_upload_goes_on_under_fresh_urls(direct):
    began = at(direct, -3600).begin("a", 2, TEXT)
    assert send(began.parts[0]) == 403
    resumed = direct.begin("a", 2, TEXT, upload_id=began.upload_id)
    assert resumed.upload_id == began.upload_id
    assert send(resumed.parts[0], b"one") == 201
    again = direct.begin("a", 2, TEXT, upload_id=began.upload_id)
    assert send(again.parts[1], b"two") == 201
    direct.complete("a", began.upload_id, [1, 2], TEXT)
    assert downloaded(direct).content == b"onetwo"


def test_an_upload_of_one_part_goes_on_too(direct):
    began = at(direct, -3600).begin("a", 1, TEXT)
    [resumed] = direct.begin("a", 1, TEXT, upload_id=began.upload_id).parts
    assert send(resumed, b"one") == 201
    direct.complete("a", began.upload_id, [1], TEXT)


def test_the_largest_upload_can_be_signed_and_its_last_block_sent(direct):
    uploading = direct.begin("a", MOST_PARTS, TEXT)
    assert len({part.url for part in uploading.parts}) == MOST_PARTS
    assert send(uploading.parts[0]) == send(uploading.parts[-1]) == 201


def test_the_first_upload_to_a_container_that_is_missing_makes_it(blob_store, direct):
    assert not direct.container.client().exists()
    assert send(direct.whole("a", TEXT)) == 201


def preflight(url, origin):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type,x-ms-blob-type,content-md5,range",
    }
    return request("OPTIONS", url, headers=headers).status_code


def test_pages_of_the_origins_allowed_may_send_requests_and_others_not(blob_store, direct):
    put(blob_store, "a")
    upload_url, download_url = direct.whole("a", TEXT).url, direct.download("a", TEXT, "inline").signed.url
    blob_store.allow_origins(["https://one.example", "https://two.example"])
    try:
        assert preflight(upload_url, "https://two.example") == 200
        assert preflight(upload_url, "https://three.example") == 403
        headers = get(download_url, Origin="https://one.example").headers
        assert headers["Access-Control-Allow-Origin"] == "https://one.example"
        assert "content-length" in headers["Access-Control-Expose-Headers"]
    finally:
        blob_store.allow_origins([])
    assert preflight(upload_url, "https://one.example") == 403
