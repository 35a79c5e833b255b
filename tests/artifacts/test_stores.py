"""What every artifact store does, whatever it keeps the bytes in."""

from __future__ import annotations

import hashlib
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis.artifacts import ArtifactInfo, ArtifactStore, IsAFolder, UnsatisfiableRange, open_artifacts
from genesis.errors import GenesisError

MEGABYTE = 1 << 20
ODD_NAMES = [
    "a b+é.txt",
    "100%.txt",
    "a%zz&b=c.txt",
    "what?.txt",
    "semi;colon,comma'quote\"$@!().txt",
    "日本語 模型.pkl",
    "...",
    ".hidden",
    "~tilde",
    "a:b",
    "[brackets]{braces}<angles>|pipe^caret`",
    " leading and trailing ",
    "😀",
    "x" * 255,
]


def put(store: ArtifactStore, path: str, content: bytes = b"x") -> None:
    store.put(path, iter([content]) if content else iter([]), "application/octet-stream")


def read(store: ArtifactStore, path: str, span: tuple[int | None, int | None] | None = None) -> bytes:
    content = store.open(path, span)
    assert content is not None
    whole = b"".join(content.chunks)
    assert len(whole) == content.end - content.start
    return whole


def paths(store: ArtifactStore, folder: str = "") -> list[str]:
    return [info.path for info in store.list(folder)]


def test_what_was_put_is_read_back(store):
    put(store, "1/run/artifacts/model/MLmodel", b"flavors: {}\n")
    assert read(store, "1/run/artifacts/model/MLmodel") == b"flavors: {}\n"


def test_an_opened_artifact_tells_its_size_time_and_version(store):
    put(store, "a.txt", b"hello")
    content = store.open("a.txt")
    assert (content.size, content.start, content.end) == (5, 0, 5)
    assert abs(content.modified - time.time()) < 60
    assert content.etag.startswith('"') and content.etag.endswith('"')


def test_an_empty_artifact_is_an_artifact(store):
    put(store, "empty", b"")
    content = store.open("empty")
    assert (content.size, content.start, content.end, list(content.chunks)) == (0, 0, 0, [])
    assert store.list("") == [ArtifactInfo("empty", 0)]


def test_chunks_of_any_size_are_joined(store):
    pieces = [b"a", b"", b"b" * 3 * MEGABYTE, b"c" * 9 * MEGABYTE, b"d"]
    store.put("joined", iter(pieces), "text/plain")
    assert read(store, "joined") == b"".join(pieces)


@pytest.mark.parametrize("blocks", [8, 16])
def test_an_artifact_of_whole_blocks_is_kept_whole(store, blocks):
    put(store, "whole", b"z" * blocks * MEGABYTE)
    assert store.open("whole").size == blocks * MEGABYTE


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_kept_as_they_are(store, name):
    put(store, f"folder {name[:50]}/{name}", name.encode())
    assert read(store, f"folder {name[:50]}/{name}") == name.encode()
    assert paths(store) == [f"folder {name[:50]}"]
    assert paths(store, f"folder {name[:50]}") == [f"folder {name[:50]}/{name}"]
    store.delete(f"folder {name[:50]}")
    assert paths(store) == []


def test_a_missing_artifact_is_none(store):
    assert store.open("nothing") is None
    put(store, "some/file")
    assert store.open("some/fil") is None
    assert store.open("some/file/below") is None
    assert store.open("nothing", (5, 6)) is None


def test_a_folder_is_no_file(store):
    put(store, "folder/sub/file")
    for folder in ("folder", "folder/sub"):
        with pytest.raises(IsAFolder):
            store.open(folder)
        with pytest.raises(IsAFolder):
            store.open(folder, (0, 1))


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0, None), b"0123456789"),
        ((0, 0), b"0"),
        ((2, 4), b"234"),
        ((9, 9), b"9"),
        ((7, 100), b"789"),
        ((7, None), b"789"),
        ((None, 3), b"789"),
        ((None, 10), b"0123456789"),
        ((None, 99), b"0123456789"),
    ],
)
def test_a_range_is_cut_out_of_the_artifact(store, span, expected):
    put(store, "digits", b"0123456789")
    content = store.open("digits", span)
    assert b"".join(content.chunks) == expected
    assert content.size == 10
    assert content.end - content.start == len(expected)
    assert content.start == b"0123456789".index(expected[:1])


@pytest.mark.parametrize("span", [(10, None), (10, 20), (999, 1000), (None, 0)])
def test_a_range_behind_the_end_cannot_be_satisfied(store, span):
    put(store, "digits", b"0123456789")
    with pytest.raises(UnsatisfiableRange) as refusal:
        store.open("digits", span)
    assert refusal.value.size == 10


@pytest.mark.parametrize("span", [(0, None), (0, 0), (None, 1)])
def test_no_range_of_an_empty_artifact_can_be_satisfied(store, span):
    put(store, "empty", b"")
    with pytest.raises(UnsatisfiableRange) as refusal:
        store.open("empty", span)
    assert refusal.value.size == 0


def test_a_range_across_many_pieces_is_exact(store):
    content = b"".join(i.to_bytes(4, "big") for i in range(3 * MEGABYTE))
    put(store, "large", content)
    assert (
        read(store, "large", (5 * MEGABYTE - 1, 11 * MEGABYTE))
        == content[5 * MEGABYTE - 1 : 11 * MEGABYTE + 1]
    )
    assert read(store, "large", (None, 5 * MEGABYTE + 3)) == content[-5 * MEGABYTE - 3 :]


def test_an_artifact_is_overwritten_whole(store):
    put(store, "a", b"long and old")
    before = store.open("a").etag
    put(store, "a", b"new")
    assert read(store, "a") == b"new"
    assert store.open("a").etag != before
    assert store.list("") == [ArtifactInfo("a", 3)]


def test_a_listing_shows_files_and_folders_of_one_folder_sorted(store):
    for path in ("b.txt", "a/x/deep", "a/y", "a-b/c", "a.txt", "Z"):
        put(store, path, b"12")
    assert store.list("") == [
        ArtifactInfo("Z", 2),
        ArtifactInfo("a", None),
        ArtifactInfo("a-b", None),
        ArtifactInfo("a.txt", 2),
        ArtifactInfo("b.txt", 2),
    ]
    assert store.list("a") == [ArtifactInfo("a/x", None), ArtifactInfo("a/y", 2)]
    assert [info.is_dir for info in store.list("a")] == [True, False]


def test_a_listing_of_nothing_and_of_a_file_is_empty(store):
    assert store.list("") == store.list("missing") == []
    put(store, "a/file")
    assert store.list("a/file") == store.list("a/fil") == store.list("a/file/below") == []


def test_a_listing_does_not_take_a_similar_name_for_the_folder(store):
    put(store, "run1/a")
    put(store, "run10/b")
    assert paths(store, "run1") == ["run1/a"]


def test_deleting_a_file_leaves_its_neighbours(store):
    for path in ("a/one", "a/one.txt", "a/two"):
        put(store, path)
    store.delete("a/one")
    assert store.open("a/one") is None
    assert paths(store, "a") == ["a/one.txt", "a/two"]


def test_deleting_a_folder_takes_all_in_it_and_nothing_beside_it(store):
    for path in ("run/a", "run/deep/er/b", "run/deep/c", "run2/d", "run.txt"):
        put(store, path)
    store.delete("run")
    assert paths(store) == ["run.txt", "run2"]
    assert store.open("run/deep/er/b") is None


def test_deleting_nothing_is_no_error(store):
    store.delete("nothing")
    put(store, "file")
    store.delete("nothing")
    store.delete("file/below")
    assert paths(store) == ["file"]


def test_the_root_is_not_deleted(store):
    put(store, "a")
    with pytest.raises(GenesisError, match="Invalid path"):
        store.delete("")
    assert paths(store) == ["a"]


def test_a_folder_whose_last_file_is_deleted_is_gone(store):
    put(store, "a/b/c")
    store.delete("a/b/c")
    assert store.list("") == []
    put(store, "a", b"a file now")
    assert read(store, "a") == b"a file now"


def failing(pieces: int) -> Iterator[bytes]:
    for _ in range(pieces):
        yield b"new" * MEGABYTE
    raise ConnectionResetError("the client is gone")


@pytest.mark.parametrize("pieces", [0, 1, 5])
def test_an_upload_that_breaks_off_leaves_the_old_bytes(store, pieces):
    put(store, "a", b"old")
    with pytest.raises(ConnectionResetError, match="the client is gone"):
        store.put("a", failing(pieces), "text/plain")
    assert read(store, "a") == b"old"


@pytest.mark.parametrize("pieces", [0, 5])
def test_an_upload_that_breaks_off_leaves_nothing_where_nothing_was(store, pieces):
    with pytest.raises(ConnectionResetError):
        store.put("folder/a", failing(pieces), "text/plain")
    assert store.open("folder/a") is None
    assert store.list("") == []


def test_readers_see_the_old_bytes_until_the_last_chunk_is_in(store):
    put(store, "a", b"old")

    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"n" * MEGABYTE
            assert read(store, "a") == b"old"

    store.put("a", chunks(), "text/plain")
    assert store.open("a").size == 20 * MEGABYTE


def test_two_writers_of_one_path_leave_one_of_the_two_whole(store):
    start = threading.Barrier(2)
    errors: list[BaseException] = []

    def write(letter: bytes) -> None:
        def chunks() -> Iterator[bytes]:
            for _ in range(20):
                start.wait(30)
                yield letter * MEGABYTE

        try:
            store.put("contested", chunks(), "text/plain")
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert errors == []
    content = read(store, "contested")
    assert content in (b"a" * 20 * MEGABYTE, b"b" * 20 * MEGABYTE)


def test_many_writers_of_a_new_store_do_not_meet(store):
    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            put(store, f"shared/folder/{number}", str(number).encode())
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert errors == []
    assert paths(store, "shared/folder") == [f"shared/folder/{number}" for number in range(8)]


def test_a_large_artifact_passes_through_without_being_held_in_memory(store):
    block = bytes(range(256)) * 4096
    sent, received = hashlib.sha256(), hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        for _ in range(80):
            sent.update(block)
            yield block

    tracemalloc.start()
    try:
        store.put("large.bin", chunks(), "application/octet-stream")
        for piece in store.open("large.bin").chunks:
            received.update(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert received.digest() == sent.digest()
    assert peak < 48 * MEGABYTE


def test_a_store_that_can_be_reached_is_good_before_its_first_write_and_after(store):
    store.check()
    put(store, "a")
    store.check()


def test_a_reader_that_stops_early_can_be_closed(store):
    put(store, "large", b"x" * 9 * MEGABYTE)
    content = store.open("large")
    assert next(content.chunks)
    content.chunks.close()
    assert list(content.chunks) == []
    put(store, "large", b"replaced")
    assert read(store, "large") == b"replaced"


@pytest.mark.parametrize(
    ("uri", "connection"),
    [("file:{folder}", ""), ("http://127.0.0.1:1/devstoreaccount1/container", "UseDevelopmentStorage=true")],
)
def test_direct_transfer_can_be_turned_off(tmp_path: Path, uri: str, connection: str) -> None:
    signs, stays = (open_artifacts(uri.format(folder=tmp_path), connection, minutes) for minutes in (1, 0))
    assert signs.direct("http://here") is not None
    assert stays.direct("http://here") is None
