"""Direct transfer to a folder: requests, processes and sweeps that meet in one upload."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading

import pytest

from genesis.artifacts import local_uploads, open_artifacts
from genesis.artifacts.local import UPLOADS
from genesis.errors import GenesisError
from tests.artifacts.test_local_direct import BASE, begin, complete, hidden, invalid, md5_of, send, target
from tests.artifacts.test_local_direct_faults import TWO, age, unsupported
from tests.artifacts.test_stores import put, read


@pytest.fixture
def in_the_join(monkeypatch):
    """Have something happen once, after the first part was copied."""

    def arrange(happening):
        copy = os.copy_file_range
        happened = []

        def copy_and_more(source, target, count):
            copied = copy(source, target, count)
            if not copied and not happened:
                happened.append(True)
                happening()
            return copied

        monkeypatch.setattr(os, "copy_file_range", copy_and_more)

    return arrange


def test_a_repetition_waits_for_the_first_and_joins_nothing(local_store, in_the_join, monkeypatch):
    uploading = begin(local_store, "a", *TWO)
    begun, go_on, waits = threading.Event(), threading.Event(), threading.Event()
    errors: list[BaseException] = []
    joined: list[threading.Thread] = []

    def run() -> None:
        try:
            complete(local_store, "a", uploading)
        except BaseException as error:
            errors.append(error)

    def first_is_in_the_middle() -> None:
        begun.set()
        go_on.wait(30)

    fcntl = pytest.importorskip("fcntl")
    lock = fcntl.flock

    def told(*args: int) -> None:
        if begun.is_set():
            waits.set()
        lock(*args)

    monkeypatch.setattr(fcntl, "flock", told)
    in_the_join(first_is_in_the_middle)
    threads = [threading.Thread(target=run) for _ in range(2)]
    threads[0].start()
    assert begun.wait(30)
    copy = os.copy_file_range

    def counted(*args: int) -> int:
        joined.append(threading.current_thread())
        return copy(*args)

    monkeypatch.setattr(os, "copy_file_range", counted)
    threads[1].start()
    assert waits.wait(30)
    go_on.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert read(local_store, "a") == b"".join(TWO)
    assert set(joined) == {threads[0]}


def test_a_repetition_that_nothing_keeps_waiting_is_overtaken_without_harm(
    local_store, local_folder, in_the_join, monkeypatch
):
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(fcntl, "flock", unsupported)
    uploading = begin(local_store, "a", *TWO)
    in_the_join(lambda: complete(local_store, "a", uploading))
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"".join(TWO) and hidden(local_folder) == []


def test_an_upload_that_is_aborted_while_it_is_joined_is_not_published(
    local_store, local_folder, in_the_join
):
    put(local_store, "a", b"old")
    uploading = begin(local_store, "a", *TWO)
    in_the_join(lambda: local_store.direct(BASE).abort("a", uploading.upload_id))
    with invalid("never came: 1, 2"):
        complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"old" and hidden(local_folder) == []


def test_an_upload_that_is_aborted_and_sent_anew_while_it_is_joined_is_told_to_come_again(
    local_store, in_the_join
):
    put(local_store, "a", b"old")
    uploading = begin(local_store, "a", *TWO)

    def abort_and_send() -> None:
        local_store.direct(BASE).abort("a", uploading.upload_id)
        send(local_store, uploading.parts[0], b"1")

    in_the_join(abort_and_send)
    with pytest.raises(GenesisError, match="never came: 2"):
        complete(local_store, "a", uploading)
    send(local_store, uploading.parts[1], b"2")
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"12"


def test_an_upload_whose_parts_come_back_while_it_is_joined_is_told_to_come_again(local_store, monkeypatch):
    uploading = begin(local_store, "a", *TWO)

    def gone(*args: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    with monkeypatch.context() as patch:
        patch.setattr(local_uploads, "_join", gone)
        with pytest.raises(GenesisError, match="The upload is being aborted") as failure:
            complete(local_store, "a", uploading)
    assert failure.value.status == 503 and local_store.open("a") is None


def test_parts_that_could_not_be_removed_are_not_published_again(local_store, local_folder, monkeypatch):
    uploading = begin(local_store, "a", *TWO)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *args, **options: None)
        complete(local_store, "a", uploading)
    assert hidden(local_folder) == [uploading.upload_id]
    put(local_store, "a", b"newer")
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"newer" and hidden(local_folder) == []


def test_a_part_that_comes_again_while_it_is_joined_is_not_mixed(local_store, in_the_join):
    uploading = begin(local_store, "a", *TWO)

    def send_again() -> None:
        send(local_store, uploading.parts[0], b"X" * 10)
        send(local_store, uploading.parts[1], b"Y" * 10)

    in_the_join(send_again)
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == TWO[0] + b"Y" * 10


def test_a_part_that_arrives_after_its_upload_was_aborted_is_left_to_the_sweep(local_store, local_folder):
    uploading = begin(local_store, "a", *TWO)

    def chunks():
        yield b"1"
        local_store.direct(BASE).abort("a", uploading.upload_id)
        yield b"2"

    local_store.receiver().put(*target(uploading.parts[0]), chunks(), None)
    with invalid("never came: 2"):
        complete(local_store, "a", uploading)
    age(local_folder)
    local_store.sweep()
    assert hidden(local_folder) == [] and local_store.list("") == []


def test_the_sweep_takes_what_is_a_day_old_and_nothing_younger(local_store, local_folder):
    put(local_store, "kept", b"kept")
    complete(local_store, "done", begin(local_store, "done", b"1"))
    given_up = begin(local_store, "a", *TWO)
    age(local_folder)
    young = begin(local_store, "a", *TWO)
    local_store.sweep()
    assert hidden(local_folder) == [young.upload_id]
    assert not list((local_folder / UPLOADS).glob("*.done"))
    with invalid("never came: 1, 2"):
        complete(local_store, "a", given_up)
    complete(local_store, "a", young)
    assert read(local_store, "a") == b"".join(TWO)
    assert read(local_store, "kept") == b"kept"


def test_a_sweep_of_a_folder_that_is_gone_is_told_without_its_name(local_store, local_folder):
    shutil.rmtree(local_folder)
    with pytest.raises(GenesisError) as failure:
        local_store.sweep()
    assert failure.value.message == "The artifact folder cannot be used: No such file or directory."


def test_the_key_outlives_every_sweep(local_store, local_folder):
    uploading = begin(local_store, "a", b"1")
    for entry in (local_folder / UPLOADS / "signing").iterdir():
        os.utime(entry, (0, 0))
    os.utime(local_folder / UPLOADS / "signing", (0, 0))
    local_store.sweep()
    complete(local_store, "a", uploading)


def test_whoever_goes_on_with_an_old_upload_keeps_it_from_the_sweep(local_store, local_folder):
    uploading = begin(local_store, "a", *TWO)
    age(local_folder)
    local_store.direct(BASE).begin("a", 2, "", upload_id=uploading.upload_id)
    local_store.sweep()
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"".join(TWO)


def test_a_part_that_comes_keeps_its_upload_from_the_sweep(local_store, local_folder):
    uploading = begin(local_store, "a", *TWO)
    age(local_folder)
    send(local_store, uploading.parts[1], b"2")
    local_store.sweep()
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == TWO[0] + b"2"


def test_a_sweep_in_the_middle_of_a_join_takes_nothing_of_it(local_store, local_folder, in_the_join):
    uploading = begin(local_store, "a", *TWO)
    age(local_folder)
    in_the_join(local_store.sweep)
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"".join(TWO)


def test_a_sweep_before_an_old_part_is_published_does_not_take_it(local_store, local_folder, monkeypatch):
    uploading = begin(local_store, "a", b"1")
    age(local_folder)
    os.utime(local_folder / UPLOADS / uploading.upload_id / "1", (0, 0))
    replace = os.replace

    def sweep_first(*args: object) -> None:
        local_store.sweep()
        replace(*args)

    monkeypatch.setattr(os, "replace", sweep_first)
    complete(local_store, "a", uploading, md5_of(b"1"))
    assert read(local_store, "a") == b"1"
    assert local_store.open("a").modified > 86400


UPLOAD = """
import sys
from urllib.parse import parse_qsl, urlsplit
from genesis.artifacts import open_artifacts

store = open_artifacts(sys.argv[1])

def chunks():
    yield b"first half, "
    print("half", flush=True)
    sys.stdin.readline()
    yield b"second half"

uploading = store.direct("http://x").begin("a", 2, "text/plain")
grants = [dict(parse_qsl(urlsplit(signed.url).query)) for signed in uploading.parts]
store.receiver().put("a", grants[0], iter([b"1, "]), None)
store.receiver().put("a", grants[1], chunks(), None)
store.direct("http://x").complete("a", uploading.upload_id, [1, 2], "text/plain")
"""


def test_a_sweep_takes_leftovers_while_another_process_uploads(local_store, local_folder):
    given_up = begin(local_store, "b", *TWO)
    age(local_folder)
    command = [sys.executable, "-c", UPLOAD, local_folder.as_uri()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "half\n"
        local_store.sweep()
        assert given_up.upload_id not in hidden(local_folder)
        process.stdin.write("\n")
        process.stdin.close()
        assert process.wait(60) == 0
    assert read(local_store, "a") == b"1, first half, second half"


def test_two_processes_share_one_key(local_store, local_folder):
    signed = open_artifacts(local_folder.as_uri()).direct(BASE).whole("a", "")
    send(local_store, signed, b"content")
    assert read(local_store, "a") == b"content"
