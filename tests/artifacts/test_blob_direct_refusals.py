"""Uploads to Blob Storage that are refused: parts that never came, ids that no upload has."""

from __future__ import annotations

from base64 import b64encode

import pytest

from genesis.artifacts import MOST_PARTS
from genesis.artifacts.blob_direct import _seal
from genesis.artifacts.paths import safe
from tests.artifacts.blob_direct import TEXT, md5, refusal
from tests.artifacts.client import send, upload
from tests.artifacts.test_stores import put, read


def test_a_hash_sign_is_refused_before_anything_is_signed():
    assert refusal(safe, "a#b") == "Invalid path"


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


def test_a_block_unlike_its_checksum_is_refused_by_the_storage(direct):
    uploading = direct.begin("a", 2, TEXT)
    wrong = b64encode(md5(b"other")).decode()
    assert send(uploading.parts[0], b"content", **{"Content-MD5": wrong}) == 400
    assert "never came: 1, 2." in refusal(direct.complete, "a", uploading.upload_id, [1, 2], TEXT)


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
