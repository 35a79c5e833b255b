"""Direct transfer to a folder: checksums, and what a download tells."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from genesis.artifacts import ArtifactStore, IsAFolder
from tests.artifacts.test_local_direct import (
    BASE,
    PARTS,
    begin,
    complete,
    hidden,
    invalid,
    md5_of,
    send,
    target,
)
from tests.artifacts.test_stores import put, read


@pytest.mark.parametrize("parts", PARTS)
def test_the_md5_told_at_the_end_is_checked_and_kept(local_store, local_folder, parts):
    put(local_store, "a", b"old")
    uploading = begin(local_store, "a", *parts)
    with invalid("The MD5 of the bytes that arrived is not the one that was told") as refused:
        complete(local_store, "a", uploading, md5_of(b"other"))
    assert refused.value.status == 400
    assert read(local_store, "a") == b"old" and hidden(local_folder) == [uploading.upload_id]
    complete(local_store, "a", uploading, md5_of(b"".join(parts)))
    assert read(local_store, "a") == b"".join(parts)


def test_a_part_whose_md5_is_wrong_is_refused_and_the_old_one_stays(local_store, local_folder):
    uploading = begin(local_store, "a", b"old")
    with invalid("The MD5 of the bytes that arrived") as refused:
        send(local_store, uploading.parts[0], b"new", md5_of(b"now"))
    assert refused.value.status == 400 and hidden(local_folder) == [uploading.upload_id]
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"old"


def test_a_whole_file_whose_md5_is_wrong_is_not_published(local_store, local_folder):
    put(local_store, "a", b"old")
    signed = local_store.direct(BASE).whole("a", "text/plain")
    with invalid("The MD5 of the bytes that arrived"):
        send(local_store, signed, b"new", md5_of(b"now"))
    assert read(local_store, "a") == b"old" and hidden(local_folder) == []


@pytest.fixture
def attributes(tmp_path: Path) -> None:
    try:
        os.setxattr(tmp_path, "user.test", b"")
    except OSError:
        pytest.skip("this file system keeps no extended attributes")


def by_whole(store: ArtifactStore, content: bytes) -> None:
    send(store, store.direct(BASE).whole("a", "text/plain"), content, md5_of(content))


def by_part(store: ArtifactStore, content: bytes) -> None:
    uploading = store.direct(BASE).begin("a", 1, "text/plain")
    send(store, uploading.parts[0], content, md5_of(content))
    complete(store, "a", uploading)


def by_commit(store: ArtifactStore, content: bytes) -> None:
    complete(store, "a", begin(store, "a", content[:3], content[3:]), md5_of(content))


WAYS = pytest.mark.parametrize("upload", [by_whole, by_part, by_commit])


@WAYS
def test_a_download_tells_the_size_the_version_and_the_md5(local_store, attributes, upload):
    upload(local_store, b"content")
    told = local_store.direct(BASE).download("a", "text/plain", "inline")
    assert (told.size, told.etag) == (7, local_store.open("a").etag)
    assert told.md5 == md5_of(b"content")
    local_store.receiver().check(*target(told.signed))


@WAYS
def test_no_md5_is_told_where_the_file_system_keeps_none(local_store, monkeypatch, upload):
    def unsupported(*args: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", unsupported)
    monkeypatch.setattr(os, "getxattr", unsupported)
    upload(local_store, b"content")
    assert read(local_store, "a") == b"content"
    assert local_store.direct(BASE).download("a", "", "").md5 is None


@WAYS
def test_no_md5_is_told_on_a_system_without_attributes(local_store, monkeypatch, upload):
    monkeypatch.delattr(os, "setxattr", raising=False)
    monkeypatch.delattr(os, "getxattr", raising=False)
    upload(local_store, b"content")
    assert local_store.direct(BASE).download("a", "", "").md5 is None


@WAYS
def test_no_md5_is_told_of_a_file_that_somebody_wrote_to(local_store, local_folder, attributes, upload):
    upload(local_store, b"content")
    with (local_folder / "a").open("r+b") as file:
        file.write(b"C")
    os.utime(local_folder / "a", ns=(1, 1))
    assert local_store.direct(BASE).download("a", "", "").md5 is None


def test_an_overwritten_file_does_not_keep_the_old_md5(local_store, attributes):
    by_whole(local_store, b"content")
    put(local_store, "a", b"other")
    assert local_store.direct(BASE).download("a", "", "").md5 is None


def test_there_is_no_download_of_nothing_and_of_a_folder(local_store):
    put(local_store, "run/a")
    direct = local_store.direct(BASE)
    assert direct.download("missing", "", "") is direct.download("run/a/below", "", "") is None
    with pytest.raises(IsAFolder):
        direct.download("run", "", "")


def test_what_was_uploaded_is_readable_as_the_umask_says(local_store, local_folder):
    before = os.umask(0o027)
    try:
        by_whole(local_store, b"x")
        modes = [stat.S_IMODE((local_folder / "a").stat().st_mode)]
        for upload in (by_part, by_commit):
            upload(local_store, b"x")
            modes.append(stat.S_IMODE((local_folder / "a").stat().st_mode))
    finally:
        os.umask(before)
    assert modes == [0o640] * 3
