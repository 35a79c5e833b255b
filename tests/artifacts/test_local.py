"""What is particular to artifacts in a folder: symbolic links, collisions, crashes, the disk."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from genesis.artifacts import IsAFolder, open_artifacts
from genesis.artifacts.local import DAY, UPLOADS
from genesis.errors import Code, GenesisError
from tests.artifacts.test_stores import MEGABYTE, put, read

OUTSIDE = "Invalid path: resolved path is outside the artifact directory"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def escape(local_store, local_folder: Path, secret: Path) -> None:
    (local_folder / "folder").symlink_to(secret)
    (local_folder / "file").symlink_to(secret / "secret.txt")
    (local_folder / "upwards").symlink_to("../outside")


@pytest.mark.parametrize("path", ["file", "folder", "folder/secret.txt", "upwards/secret.txt"])
def test_a_link_out_of_the_store_is_not_read(local_store, escape, path):
    with pytest.raises(GenesisError, match=OUTSIDE):
        local_store.open(path)


def test_a_link_out_of_the_store_is_neither_listed_nor_entered(local_store, escape):
    put(local_store, "own")
    assert [info.path for info in local_store.list("")] == ["own"]
    with pytest.raises(GenesisError, match=OUTSIDE):
        local_store.list("folder")


@pytest.mark.parametrize("path", ["folder/new.txt", "folder/deep/new.txt", "upwards/secret.txt"])
def test_nothing_is_written_through_a_link_out_of_the_store(local_store, escape, secret, path):
    with pytest.raises(GenesisError, match=OUTSIDE):
        put(local_store, path, b"evil")
    assert [(p.name, p.read_text()) for p in secret.iterdir()] == [("secret.txt", "secret")]


@pytest.mark.parametrize("path", ["folder/secret.txt", "upwards/secret.txt"])
def test_nothing_is_deleted_through_a_link_out_of_the_store(local_store, escape, secret, path):
    with pytest.raises(GenesisError, match=OUTSIDE):
        local_store.delete(path)
    assert (secret / "secret.txt").exists()


def test_a_link_at_the_end_is_replaced_or_deleted_and_its_target_left_alone(local_store, escape, secret):
    put(local_store, "file", b"own")
    assert read(local_store, "file") == b"own"
    local_store.delete("folder")
    assert [info.path for info in local_store.list("")] == ["file"]
    assert (secret / "secret.txt").read_text() == "secret"


def test_a_link_within_the_store_is_followed(local_store, local_folder):
    put(local_store, "a/file", b"content")
    (local_folder / "link").symlink_to("a")
    assert read(local_store, "link/file") == b"content"
    assert [info.path for info in local_store.list("link")] == ["link/file"]
    assert [info.path for info in local_store.list("")] == ["a", "link"]


def test_links_that_lead_nowhere_or_in_circles_are_nothing(local_store, local_folder):
    (local_folder / "circle").symlink_to("circle")
    (local_folder / "nowhere").symlink_to("missing")
    for path in ("circle", "nowhere", "circle/below"):
        assert local_store.open(path) is None
    assert local_store.list("") == local_store.list("circle") == []


def test_what_is_no_file_is_no_artifact(local_store, local_folder):
    os.mkfifo(local_folder / "pipe")
    assert local_store.open("pipe") is None
    assert local_store.list("") == []


def test_a_name_that_is_not_unicode_is_not_listed(local_store, local_folder):
    (local_folder / os.fsdecode(b"bad\xff")).write_text("x")
    assert local_store.list("") == []


def test_a_folder_cannot_become_a_file(local_store):
    put(local_store, "run/model/weights", b"kept")
    with pytest.raises(GenesisError, match="'run/model' is a folder") as refusal:
        put(local_store, "run/model", b"x")
    assert refusal.value.code == Code.INVALID_PARAMETER_VALUE
    assert read(local_store, "run/model/weights") == b"kept"


@pytest.mark.parametrize("path", ["run/model/weights", "run/model/deep/weights"])
def test_nothing_can_lie_below_a_file(local_store, path):
    put(local_store, "run/model", b"kept")
    with pytest.raises(GenesisError, match="lies below an artifact that is a file") as refusal:
        put(local_store, path)
    assert refusal.value.code == Code.INVALID_PARAMETER_VALUE
    assert read(local_store, "run/model") == b"kept"


@pytest.mark.parametrize("path", [UPLOADS, f"{UPLOADS}/x", ".UPLOADS/x", ".up\u200cloads./x", "link/x"])
def test_the_folder_of_unfinished_uploads_cannot_be_reached(local_store, local_folder, path):
    (local_folder / "link").symlink_to(UPLOADS)
    (local_folder / UPLOADS / "x").write_text("half")
    for reach in (
        local_store.open,
        local_store.delete,
        local_store.list,
        lambda path: put(local_store, path),
    ):
        with pytest.raises(GenesisError, match=r"^Invalid path$"):
            reach(path)
    assert (local_folder / UPLOADS / "x").exists()


def test_the_folder_of_unfinished_uploads_is_not_listed(local_store):
    put(local_store, f"run/{UPLOADS}")
    assert [info.path for info in local_store.list("")] == ["run"]
    assert [info.path for info in local_store.list("run")] == [f"run/{UPLOADS}"]


UPLOAD_FOR_EVER = """
import sys
from genesis.artifacts import open_artifacts

def chunks():
    while True:
        yield b"new" * 100_000
        print("wrote", flush=True)

open_artifacts(sys.argv[1]).put("a/b", chunks(), "text/plain")
"""


def test_a_process_killed_in_mid_upload_leaves_the_old_bytes(local_store, local_folder):
    put(local_store, "a/b", b"old")
    command = [sys.executable, "-c", UPLOAD_FOR_EVER, local_folder.as_uri()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert read(local_store, "a/b") == b"old"
    assert [info.path for info in local_store.list("a")] == ["a/b"]
    (leftover,) = (local_folder / UPLOADS).iterdir()

    open_artifacts(local_folder.as_uri())
    assert leftover.exists(), "it might be another process's upload, still going on"
    yesterday = time.time() - DAY - 60
    os.utime(leftover, (yesterday, yesterday))
    open_artifacts(local_folder.as_uri())
    assert not leftover.exists()
    assert read(local_store, "a/b") == b"old"


def test_no_upload_leaves_anything_in_the_hidden_folder(local_store, local_folder):
    put(local_store, "a/b", b"x")
    put(local_store, "a/b", b"y")
    with pytest.raises(GenesisError):
        put(local_store, "a")
    with pytest.raises(ZeroDivisionError):
        local_store.put("c", (b"x" for _ in range(1 // 0)), "text/plain")
    local_store.delete("a")
    assert list((local_folder / UPLOADS).iterdir()) == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_told_without_the_path(local_store, local_folder, monkeypatch, call):
    put(local_store, "a", b"old")

    def fail(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(local_folder))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(GenesisError) as failure:
        put(local_store, "a", b"new")
    assert (failure.value.status, failure.value.headers["Retry-After"]) == (503, "1")
    assert failure.value.message == "The artifact folder cannot be used: No space left on device."
    assert read(local_store, "a") == b"old"
    assert list((local_folder / UPLOADS).iterdir()) == []


def test_an_artifact_is_readable_as_the_umask_says(local_store, local_folder):
    before = os.umask(0o027)
    try:
        put(local_store, "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((local_folder / "a").stat().st_mode) == 0o640


def test_uploads_survive_the_deletion_of_their_folder_at_the_same_time(local_store):
    errors: list[BaseException] = []
    finished = threading.Event()

    def delete() -> None:
        while not finished.is_set():
            try:
                local_store.delete("run/model")
                local_store.list("run/model")
            except BaseException as error:
                errors.append(error)

    deleter = threading.Thread(target=delete)
    deleter.start()
    try:
        for number in range(300):
            put(local_store, f"run/model/deep/{number}", b"whole")
    finally:
        finished.set()
        deleter.join()
    assert errors == []
    put(local_store, "run/model/deep/last", b"whole")
    assert {read(local_store, info.path) for info in local_store.list("run/model/deep")} == {b"whole"}


def test_an_open_artifact_is_read_to_its_end_although_it_was_replaced(local_store):
    put(local_store, "a", b"old" * MEGABYTE)
    content = local_store.open("a")
    put(local_store, "a", b"new")
    assert b"".join(content.chunks) == b"old" * MEGABYTE


def test_a_large_artifact_comes_in_pieces_of_a_megabyte(local_store):
    put(local_store, "a", b"x" * (2 * MEGABYTE + 1))
    assert [len(piece) for piece in local_store.open("a").chunks] == [MEGABYTE, MEGABYTE, 1]


def test_two_uploads_within_one_tick_of_the_clock_have_two_etags(local_store, local_folder):
    etags = set()
    for content in (b"one", b"two"):
        put(local_store, "a", content)
        os.utime(local_folder / "a", ns=(1, 1))
        etags.add(local_store.open("a").etag)
    assert len(etags) == 2


def test_the_folder_of_a_uri_may_have_an_odd_name(tmp_path):
    folder = tmp_path / "a b%20é"
    put(open_artifacts(folder.as_uri()), "file")
    assert (folder / "file").read_bytes() == b"x"


def test_a_stock_servers_folder_can_be_taken_over(tmp_path):
    (tmp_path / "1" / "run" / "artifacts").mkdir(parents=True)
    (tmp_path / "1" / "run" / "artifacts" / "model.pkl").write_bytes(b"model")
    store = open_artifacts(tmp_path.as_uri())
    assert read(store, "1/run/artifacts/model.pkl") == b"model"
    with pytest.raises(IsAFolder):
        store.open("1/run")


@pytest.mark.parametrize("uri", ["file:relative", "file://host/folder"])
def test_a_uri_that_names_no_folder_of_this_machine_is_refused(uri):
    with pytest.raises(ValueError, match="GENESIS_ARTIFACTS_URI"):
        open_artifacts(uri)


def test_a_folder_that_cannot_be_made_is_told_at_the_start(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="cannot be used: Not a directory"):
        open_artifacts((tmp_path / "file" / "artifacts").as_uri())
