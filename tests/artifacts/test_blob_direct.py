"""Uploads and downloads between a client and Blob Storage, of which the server sees no byte."""

from __future__ import annotations

import hashlib
import random
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from genesis.artifacts import MOST_PARTS, IsAFolder
from genesis.artifacts.blob import BLOCK, open_store
from genesis.artifacts.blob_direct import _seal, block_id
from genesis.artifacts.paths import safe
from genesis.artifacts.sas import utc_now
from genesis.errors import Code, GenesisError
from tests.artifacts.client import get, request, send, upload
from tests.artifacts.conftest import DEVELOPMENT_STORAGE
from tests.artifacts.test_stores import put, read
from tests.servers.azurite import azurite
from tests.servers.relay import Relay

TEXT = "text/plain"


@pytest.fixture
def direct(blob_store):
    return blob_store.direct("http://server")


def at(direct, seconds):
    """The same, on a server whose clock is so many seconds ahead."""
    return replace(direct, signer=replace(direct.signer, now=lambda: utc_now() + timedelta(seconds=seconds)))


def downloaded(direct, path="a"):
    return get(direct.download(path, TEXT, "inline").signed.url)


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).digest()


def refusal(call, *arguments):
    with pytest.raises(GenesisError) as refused:
        call(*arguments)
    assert (refused.value.code, refused.value.status) == (Code.INVALID_PARAMETER_VALUE, 400)
    return refused.value.message


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


def test_a_hash_sign_is_refused_before_anything_is_signed():
    assert refusal(safe, "a#b") == "Invalid path"


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


def test_complete_names_the_parts_that_never_came_and_publishes_nothing(blob_store, direct):
    uploading = direct.begin("a", 4, TEXT)
    for number in (1, 3):
        assert send(uploading.parts[number - 1]) == 201
    message = refusal(direct.complete, "a", uploading.upload_id, [1, 2, 3, 4], TEXT)
    assert "never came: 2, 4." in message
    assert blob_store.open("a") is None
    for number in (2, 4):
        assert send(uploading.parts[number - 1]) == 201
    direct.complete("a", uploading.upload_id, [1, 2, 3, 4], TEXT)
    assert read(blob_store, "a") == b"content" * 4


@pytest.mark.parametrize("parts", [1, 2])
def test_complete_of_an_upload_of_which_nothing_came_is_refused(blob_store, direct, parts):
    upload_id = direct.begin("a", parts, TEXT).upload_id
    numbers = [*range(1, parts + 1)]
    assert f"never came: {', '.join(map(str, numbers))}." in refusal(
        direct.complete, "a", upload_id, numbers, TEXT
    )
    assert blob_store.open("a") is None


def test_complete_where_the_container_is_gone_is_refused(direct):
    uploading = upload(direct, "a", [b"one", b"two"])
    direct.container.client().delete_container()
    assert "never came: 1, 2." in refusal(direct.complete, "a", uploading.upload_id, [1, 2], TEXT)


@pytest.mark.parametrize("began", ["f" * 12, f"{253402300799999:012x}"])
def test_an_id_that_somebody_made_up_is_refused(direct, began):
    made_up = f"{began}0001{'0' * 8}"
    made_up += _seal("a", made_up)
    assert refusal(direct.complete, "a", made_up, [1], TEXT) == "Invalid upload id"
    assert refusal(direct.begin, "a", 1, TEXT, None, made_up) == "Invalid upload id"


def test_an_error_names_ten_of_many_missing_parts(direct):
    uploading = direct.begin("a", 5000, TEXT)
    assert "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …" in refusal(
        direct.complete, "a", uploading.upload_id, range(1, 5001), TEXT
    )


@pytest.mark.parametrize("skew", [-240, 0, 240])
@pytest.mark.parametrize("parts", [1, 2])
def test_an_older_file_does_not_pass_for_the_upload(blob_store, direct, skew, parts):
    put(blob_store, "a", b"old")
    # Ten seconds later, on a server whose clock is off.
    upload_id = at(direct, skew + 10).begin("a", parts, TEXT).upload_id
    message = refusal(at(direct, skew).complete, "a", upload_id, range(1, parts + 1), TEXT)
    assert "never came" in message
    assert read(blob_store, "a") == b"old"


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


def test_a_block_unlike_its_checksum_is_refused_by_the_storage(direct):
    uploading = direct.begin("a", 2, TEXT)
    wrong = b64encode(md5(b"other")).decode()
    assert send(uploading.parts[0], b"content", **{"Content-MD5": wrong}) == 400
    assert "never came: 1, 2." in refusal(direct.complete, "a", uploading.upload_id, [1, 2], TEXT)


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


@pytest.mark.parametrize(
    "tamper", [lambda i: "", lambda i: i[:-1], lambda i: i[:-1] + "x", lambda i: "../" + i]
)
def test_an_id_that_no_upload_has_is_refused(direct, tamper):
    upload_id = tamper(direct.begin("a", 2, TEXT).upload_id)
    assert refusal(direct.complete, "a", upload_id, [1, 2], TEXT) == "Invalid upload id"
    assert refusal(direct.abort, "a", upload_id) == "Invalid upload id"
    if upload_id:
        assert refusal(direct.begin, "a", 2, TEXT, None, upload_id) == "Invalid upload id"


def test_an_upload_is_bound_to_its_path_and_to_its_number_of_parts(blob_store, direct):
    uploading = upload(direct, "a", [b"one", b"two"])
    put(blob_store, "b")
    assert refusal(direct.complete, "b", uploading.upload_id, [1, 2], TEXT) == "Invalid upload id"
    assert "began with 2 parts" in refusal(direct.begin, "a", 3, TEXT, None, uploading.upload_id)
    assert "never came: 2." in refusal(direct.complete, "a", uploading.upload_id, [1], TEXT)
    for parts in ([1, 2, 3], [1, 2, 2], [0, 1, 2]):
        assert refusal(direct.complete, "a", uploading.upload_id, parts, TEXT) == "This upload has 2 parts."
    assert blob_store.open("a") is None


@pytest.mark.parametrize("parts", [-1, 0, MOST_PARTS + 1])
def test_an_upload_has_no_less_than_one_part_and_no_more_than_a_blob_has_blocks(direct, parts):
    assert refusal(direct.begin, "a", parts, TEXT) == "An upload has 1 to 50000 parts."


def test_the_largest_upload_can_be_signed_and_its_last_block_sent(direct):
    uploading = direct.begin("a", MOST_PARTS, TEXT)
    assert len({part.url for part in uploading.parts}) == MOST_PARTS
    assert send(uploading.parts[0]) == send(uploading.parts[-1]) == 201


def test_direct_uploads_and_those_through_the_server_can_take_turns_on_one_path(blob_store, direct):
    uploading = upload(direct, "a", [b"one", b"two"])
    put(blob_store, "a", b"x" * (BLOCK + 1))
    assert send(uploading.parts[0]) == 201
    put(blob_store, "a", b"y" * (BLOCK + 1))
    assert read(blob_store, "a") == b"y" * (BLOCK + 1)


@pytest.mark.parametrize("skew", [-240, 0, 240])
@pytest.mark.parametrize("others", [[b"whole"], [b"their", b"file"]])
def test_complete_after_another_writers_leaves_theirs_whole(direct, others, skew):
    direct = at(direct, skew)
    mine = upload(direct, "a", [b"one", b"two"])
    theirs = upload(direct, "a", others)
    direct.complete("a", theirs.upload_id, range(1, len(others) + 1), TEXT)
    direct.complete("a", mine.upload_id, [1, 2], TEXT)
    assert downloaded(direct).content in (b"onetwo", b"".join(others))


@pytest.mark.parametrize("skew", [-240, 0, 240])
def test_complete_of_one_part_that_another_writer_has_replaced_leaves_theirs(blob_store, direct, skew):
    direct = at(direct, skew)
    mine = upload(direct, "a", [b"one"])
    put(blob_store, "a", b"theirs")
    direct.complete("a", mine.upload_id, [1], TEXT, md5(b"one"))
    assert downloaded(direct).content == b"theirs"


def test_blocks_that_another_writers_commit_threw_away_are_not_waited_for(direct):
    mine = direct.begin("a", 2, TEXT)
    assert send(mine.parts[0], b"one") == 201
    theirs = upload(direct, "a", [b"their", b"file"])
    direct.complete("a", theirs.upload_id, [1, 2], TEXT)
    assert send(mine.parts[1], b"two") == 201
    direct.complete("a", mine.upload_id, [1, 2], TEXT)
    assert downloaded(direct).content in (b"onetwo", b"theirfile")


def test_two_writers_of_one_path_leave_the_file_of_one_of_them(direct):
    contents = [[letter * 1000 for _ in range(5)] for letter in (b"a", b"b")]

    def write(content):
        order = random.Random(content[0]).sample(range(5), 5)
        uploading = direct.begin("a", 5, TEXT)
        for number in order:
            assert send(uploading.parts[number], content[number]) == 201
        direct.complete("a", uploading.upload_id, range(1, 6), TEXT)

    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            list(pool.map(write, contents))
            assert downloaded(direct).content in [b"".join(content) for content in contents]


def test_abort_takes_back_a_file_of_one_part(blob_store, direct):
    uploading = upload(direct, "a", [b"one"])
    direct.abort("a", uploading.upload_id)
    assert blob_store.open("a") is None
    direct.abort("a", uploading.upload_id)


def test_abort_spares_what_another_writer_put_there(blob_store, direct):
    uploading = upload(direct, "a", [b"one"])
    put(blob_store, "a", b"theirs")
    direct.abort("a", uploading.upload_id)
    assert read(blob_store, "a") == b"theirs"


def test_abort_spares_what_another_writer_puts_there_meanwhile(relay, relayed_store):
    direct = relayed_store.direct("")
    uploading = upload(direct, "a", [b"one"])

    def replace_before(line, send_on):
        if line.startswith("DELETE"):
            relay.meddle = lambda line, send_on: send_on()
            put(relayed_store, "a", b"theirs")
        return send_on()

    relay.meddle = replace_before
    direct.abort("a", uploading.upload_id)
    assert any(line.startswith("DELETE") for line in relay.requests)
    assert read(relayed_store, "a") == b"theirs"


def test_abort_of_blocks_leaves_the_file_that_is_there(blob_store, direct):
    put(blob_store, "a", b"old")
    uploading = upload(direct, "a", [b"one", b"two"])
    direct.abort("a", uploading.upload_id)
    assert read(blob_store, "a") == b"old"


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


def test_the_first_upload_to_a_container_that_is_missing_makes_it(blob_store, direct):
    assert not direct.container.client().exists()
    assert send(direct.whole("a", TEXT)) == 201


def test_nothing_is_made_for_a_download(direct):
    assert direct.download("a", TEXT, "inline") is None
    assert not direct.container.client().exists()


def test_a_signature_is_in_no_log_and_in_no_error(relayed_store, relay, no_retries, caplog):
    caplog.set_level("INFO", "genesis")
    direct = relayed_store.direct("")
    uploading = upload(direct, "a", [b"one", b"two"])
    signatures = [part.url.rpartition("sig=")[2] for part in uploading.parts]
    relay.meddle = lambda line, send_on: None
    for call in (
        lambda: direct.complete("a", uploading.upload_id, [1, 2], TEXT),
        lambda: direct.download("a", TEXT, "inline"),
    ):
        with pytest.raises(GenesisError, match="Blob Storage failed") as failure:
            call()
        assert (failure.value.status, failure.value.headers["Retry-After"]) == (503, "2")
        assert not any(signature in failure.value.message + caplog.text for signature in signatures)


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


@pytest.fixture
def mortal_service(tmp_path):
    """Its own, for the test to kill, and the relay to it."""
    with azurite(tmp_path) as service, Relay(service.port) as between:
        yield service, between, tmp_path


def _is_written(folder: Path, block: str) -> bool:
    name = b64encode(block.encode()).decode()
    return any(name in file.read_text(errors="ignore") for file in folder.glob("__azurite_db_blob__.json*"))


def _until_written(folder: Path, blocks: list[str]) -> None:
    """Azurite writes what it knows every few seconds only."""
    deadline = time.monotonic() + 60
    while not all(_is_written(folder, block) for block in blocks):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("committed", [False, True], ids=["before the commit", "before its reply"])
def test_a_service_killed_in_the_middle_of_complete_completes_it_when_it_is_back(
    mortal_service, no_retries, committed
):
    service, between, folder = mortal_service

    def kill(line, send_on):
        if "comp=blocklist" not in line:
            return send_on()
        if committed:
            send_on()
        service.kill()
        return None

    with closing(open_store(f"{between.url}/devstoreaccount1/container", DEVELOPMENT_STORAGE)) as store:
        direct = store.direct("")
        uploading = upload(direct, "a", [b"one", b"two"])
        _until_written(folder, [block_id(uploading.upload_id, number) for number in (1, 2)])
        between.meddle = kill
        for _ in range(2):
            with pytest.raises(GenesisError, match="Blob Storage failed") as failure:
                direct.complete("a", uploading.upload_id, [1, 2], TEXT)
            assert (failure.value.status, failure.value.headers["Retry-After"]) == (503, "2")
        between.meddle = lambda line, send_on: send_on()
        service.start()
        direct.complete("a", uploading.upload_id, [1, 2], TEXT)
        assert read(store, "a") == b"onetwo"


def test_a_commit_of_which_the_reply_was_lost_is_complete(relay, relayed_store, no_retries):
    direct = relayed_store.direct("")
    uploading = upload(direct, "a", [b"one", b"two"])

    def lose(line, send_on):
        reply = send_on()
        return None if "comp=blocklist" in line else reply

    relay.meddle = lose
    with pytest.raises(GenesisError, match="Blob Storage failed"):
        direct.complete("a", uploading.upload_id, [1, 2], TEXT)
    etag = direct.download("a", TEXT, "inline").etag
    direct.complete("a", uploading.upload_id, [1, 2], TEXT)
    assert direct.download("a", TEXT, "inline").etag == etag
    assert downloaded(direct).content == b"onetwo"


def test_a_signed_url_is_not_in_what_is_printed_of_it(direct):
    assert "sig=" not in repr(direct.begin("a", 2, TEXT))
