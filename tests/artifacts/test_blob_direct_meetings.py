"""Uploads to Blob Storage that meet in one path, and take back no file but their own."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from genesis.artifacts.blob import BLOCK
from tests.artifacts.blob_direct import TEXT, at, downloaded, md5, refusal
from tests.artifacts.client import send, upload
from tests.artifacts.test_stores import put, read


@pytest.mark.parametrize("skew", [-240, 0, 240])
@pytest.mark.parametrize("parts", [1, 2])
def test_an_older_file_does_not_pass_for_the_upload(blob_store, direct, skew, parts):
    put(blob_store, "a", b"old")
    # Ten seconds later, on a server whose clock is off.
    upload_id = at(direct, skew + 10).begin("a", parts, TEXT).upload_id
    message = refusal(at(direct, skew).complete, "a", upload_id, range(1, parts + 1), TEXT)
    assert "never came" in message
    assert read(blob_store, "a") == b"old"


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
