"""Direct transfer to a folder: bad grants, crashes, full disks, sweeps, and processes that meet."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from genesis.artifacts import grants, open_artifacts
from genesis.artifacts.local import DAY, UPLOADS
from genesis.errors import GenesisError
from tests.artifacts.test_local_direct import (
    BASE,
    begin,
    complete,
    hidden,
    invalid,
    md5_of,
    send,
    target,
    unread,
)
from tests.artifacts.test_stores import MEGABYTE, put, read

TWO = (b"1" * MEGABYTE, b"2" * MEGABYTE)


def of_another_part(store):
    first, second = store.direct(BASE).begin("a", 2, "text/plain").parts
    path, grant = target(first)
    return path, grant | {"part": target(second)[1]["part"]}


def of_another_upload(store):
    path, grant = target(store.direct(BASE).begin("a", 1, "text/plain").parts[0])
    return path, grant | {"upload": store.direct(BASE).begin("a", 1, "text/plain").upload_id}


def of_another_path(store):
    return "b", target(store.direct(BASE).whole("a", "text/plain"))[1]


def of_another_method(store):
    return target(store.direct(BASE).download("a", "", "").signed)


def tampered_expiry(store):
    path, grant = target(store.direct(BASE).whole("a", "text/plain"))
    return path, grant | {"expires": str(int(grant["expires"]) + 3600)}


def tampered_signature(store):
    path, grant = target(store.direct(BASE).whole("a", "text/plain"))
    return path, grant | {"sig": grant["sig"][::-1]}


def without_a_grant(store):
    return "a", {}


def of_another_store(store):
    other = open_artifacts((store._places.root.parent / "other").as_uri())
    return target(other.direct(BASE).whole("a", "text/plain"))


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (of_another_part, "signature does not fit"),
        (of_another_upload, "signature does not fit"),
        (of_another_path, "signature does not fit"),
        (of_another_store, "signature does not fit"),
        (tampered_expiry, "signature does not fit"),
        (tampered_signature, "signature does not fit"),
        (of_another_method, "signed to read, not to write"),
        (without_a_grant, "not signed"),
    ],
)
def test_a_bad_grant_is_refused_before_a_byte_of_the_body_is_read(local_store, local_folder, bad, text):
    put(local_store, "a", b"old")
    with pytest.raises(GenesisError, match=text) as refused:
        local_store.receiver().put(*bad(local_store), unread(), None)
    assert refused.value.status == 403
    assert read(local_store, "a") == b"old" and hidden(local_folder) == []


@pytest.mark.parametrize("bad", [of_another_path, tampered_expiry, without_a_grant])
def test_a_bad_grant_reads_nothing(local_store, bad):
    put(local_store, "a")
    with pytest.raises(GenesisError) as refused:
        local_store.receiver().check(*bad(local_store))
    assert refused.value.status == 403


def test_a_grant_to_write_is_none_to_read(local_store):
    put(local_store, "a")
    for signed in (
        local_store.direct(BASE).whole("a", ""),
        local_store.direct(BASE).begin("a", 1, "").parts[0],
    ):
        with pytest.raises(GenesisError, match="signed to write, not to read"):
            local_store.receiver().check(*target(signed))


@pytest.mark.parametrize(("minutes", "later", "good"), [(15, 899, True), (15, 915, False), (1, 75, False)])
def test_urls_live_as_long_as_the_store_was_told(local_folder, monkeypatch, minutes, later, good):
    store = open_artifacts(local_folder.as_uri(), minutes=minutes)
    direct = store.direct(BASE)
    put(store, "a", b"old")
    reading, whole = direct.download("a", "", "").signed, direct.whole("a", "")
    part = direct.begin("a", 1, "").parts[0]
    then = grants.now() + later
    monkeypatch.setattr(grants, "now", lambda: then)
    calls: list[Callable[[], None]] = [
        lambda: store.receiver().check(*target(reading)),
        lambda: store.receiver().put(*target(whole), iter([b"new"]) if good else unread(), None),
        lambda: store.receiver().put(*target(part), iter([b"new"]) if good else unread(), None),
    ]
    for call in calls:
        if good:
            call()
            continue
        with pytest.raises(GenesisError, match=r"The URL has expired; ask for a new one\.") as refused:
            call()
        assert refused.value.status == 403


def test_seconds_shorten_a_urls_life(local_store, monkeypatch):
    put(local_store, "a")
    direct = local_store.direct(BASE)
    urls = [
        direct.whole("a", "", 60),
        direct.begin("a", 1, "", seconds=60).parts[0],
        direct.download("a", "", "", 60).signed,
    ]
    lives = [int(grant["expires"]) - int(grant["made"]) for _, grant in map(target, urls)]
    assert lives == [60, 60, 60]


def test_a_url_that_was_not_yet_made_is_refused(local_store, monkeypatch):
    signed = local_store.direct(BASE).whole("a", "")
    earlier = grants.now() - 600
    monkeypatch.setattr(grants, "now", lambda: earlier)
    with pytest.raises(GenesisError, match="not valid yet"):
        local_store.receiver().put(*target(signed), unread(), None)


@pytest.mark.parametrize("path", [UPLOADS, f"{UPLOADS}/signing/key", ".UPLOADS/x", "out/x", ""])
def test_nothing_is_signed_that_the_store_would_not_write_or_read(local_store, local_folder, path):
    (local_folder / "out").symlink_to("/")
    direct = local_store.direct(BASE)
    for sign in (direct.whole, lambda path, _: direct.begin(path, 1, "")):
        with invalid("^Invalid path"):
            sign(path, "text/plain")
    if path:
        with invalid("^Invalid path"):
            direct.download(path, "", "")


@pytest.mark.parametrize(
    "path", [f"{UPLOADS}/signing/key", ".Uploads/signing/key", "link/signing/key", "key"]
)
def test_the_key_is_nowhere_to_be_seen(local_store, local_folder, path):
    local_store.direct(BASE).whole("a", "text/plain")
    (local_folder / "link").symlink_to(UPLOADS)
    (local_folder / "key").symlink_to(f"{UPLOADS}/signing/key")
    for reach in (
        local_store.open,
        lambda path: local_store.direct(BASE).download(path, "", ""),
        lambda path: local_store.list(path.removesuffix("/key")),
    ):
        with invalid("^Invalid path$"):
            reach(path)
    assert local_store.list("") == []
    with suppress(GenesisError):
        local_store.delete(path)
    assert (local_folder / UPLOADS / "signing" / "key").exists()


def test_a_folder_is_no_target_and_nothing_lies_below_a_file(local_store, local_folder):
    put(local_store, "run/a", b"kept")
    for path, text in (("run", "'run' is a folder"), ("run/a/b", "lies below an artifact that is a file")):
        uploading = begin(local_store, path, b"1", b"2")
        with invalid(text):
            complete(local_store, path, uploading)
        with invalid(text):
            send(local_store, local_store.direct(BASE).whole(path, ""), b"x")
        local_store.direct(BASE).abort(path, uploading.upload_id)
    assert read(local_store, "run/a") == b"kept" and hidden(local_folder) == []


def full(*args: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/secret/place")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_told_to_whoever_sends_and_the_old_part_stays(
    local_store, local_folder, monkeypatch, call
):
    put(local_store, "a", b"old")
    uploading = begin(local_store, "a", b"1", b"2")
    whole = local_store.direct(BASE).whole("a", "")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        for signed in (uploading.parts[0], whole):
            with pytest.raises(GenesisError) as failure:
                send(local_store, signed, b"new")
            assert (failure.value.status, failure.value.headers["Retry-After"]) == (503, "1")
            assert failure.value.message == "The artifact folder cannot be used: No space left on device."
    assert read(local_store, "a") == b"old" and hidden(local_folder) == [uploading.upload_id]
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"12"


@pytest.mark.parametrize("call", ["os.fsync", "os.replace", "pathlib.Path.touch"])
def test_a_full_disk_is_told_to_whoever_completes_and_can_be_repeated(
    local_store, local_folder, monkeypatch, call
):
    put(local_store, "a", b"old")
    uploading = begin(local_store, "a", *TWO)
    with monkeypatch.context() as patch:
        patch.setattr(call, full)
        with pytest.raises(GenesisError, match=r"cannot be used: No space left on device\.$") as failure:
            complete(local_store, "a", uploading)
        assert failure.value.status == 503
    assert read(local_store, "a") in (b"old", b"".join(TWO))
    assert hidden(local_folder) == [uploading.upload_id]
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"".join(TWO)


def test_a_key_that_cannot_be_made_is_told(local_store, monkeypatch):
    monkeypatch.setattr(os, "fsync", full)
    for call in (
        lambda: local_store.direct(BASE).begin("a", 1, ""),
        lambda: local_store.direct(BASE).whole("a", ""),
        lambda: local_store.receiver().check("a", {}),
    ):
        with pytest.raises(GenesisError, match="No space left on device") as failure:
            call()
        assert failure.value.status == 503 and "secret" not in failure.value.message


def unsupported(*args: object) -> int:
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


@pytest.mark.parametrize("md5", [None, md5_of(b"".join(TWO))])
@pytest.mark.parametrize("fast", ["whole", "early", "absent", "unsupported"])
def test_parts_are_joined_whatever_the_system_offers(local_store, monkeypatch, fast, md5):
    copy = getattr(os, "copy_file_range", unsupported)
    ends = iter([1000, 0, 2000, 0])
    if fast == "early":
        monkeypatch.setattr(os, "copy_file_range", lambda s, t, _: (n := next(ends)) and copy(s, t, n))
    if fast == "absent":
        monkeypatch.delattr(os, "copy_file_range", raising=False)
    if fast == "unsupported":
        monkeypatch.setattr(os, "copy_file_range", unsupported, raising=False)
    complete(local_store, "a", begin(local_store, "a", *TWO), md5)
    assert read(local_store, "a") == b"".join(TWO)


def test_the_only_part_is_published_without_a_second_name_too(local_store, local_folder, monkeypatch):
    monkeypatch.setattr(os, "link", unsupported)
    complete(local_store, "a", begin(local_store, "a", b"content"), md5_of(b"content"))
    assert read(local_store, "a") == b"content" and hidden(local_folder) == []


KILLED = """
import os, signal, sys
from genesis.artifacts import open_artifacts

def die(*args, **kwargs):
    if name == "os.copy_file_range":
        copy(args[0], args[1], 1000)
    os.kill(os.getpid(), signal.SIGKILL)

uri, upload_id, parts, name = sys.argv[1:]
direct = open_artifacts(uri).direct("")
copy = os.copy_file_range
module, _, function = name.rpartition(".")
import pathlib, shutil
setattr(eval(module), function, die)
direct.complete("a", upload_id, range(1, int(parts) + 1), "text/plain")
"""


@pytest.mark.parametrize(
    ("parts", "call", "now_there"),
    [
        (2, "os.copy_file_range", "old"),
        (2, "os.fsync", "old"),
        (2, "os.replace", "old"),
        (2, "pathlib.Path.touch", "new"),
        (2, "shutil.rmtree", "new"),
        (1, "os.link", "old"),
        (1, "os.replace", "old"),
        (1, "pathlib.Path.touch", "new"),
        (1, "shutil.rmtree", "new"),
    ],
)
def test_a_process_killed_while_it_completes_leaves_one_whole_file_and_the_rest_to_a_repetition(
    local_store, local_folder, parts, call, now_there
):
    whole = {"old": b"old", "new": b"".join(TWO[:parts])}
    put(local_store, "a", whole["old"])
    uploading = begin(local_store, "a", *TWO[:parts])
    command = [sys.executable, "-c", KILLED, local_folder.as_uri(), uploading.upload_id, str(parts), call]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert read(local_store, "a") == whole[now_there]
    assert [info.path for info in local_store.list("")] == ["a"]
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == whole["new"]
    age(local_folder)
    local_store.sweep()
    assert [entry.name for entry in (local_folder / UPLOADS).iterdir()] == ["signing"]
    assert read(local_store, "a") == whole["new"]


def age(folder: Path) -> None:
    """Make all that is hidden look a day old."""
    yesterday = time.time() - DAY - 60
    for entry in (folder / UPLOADS).iterdir():
        os.utime(entry, (yesterday, yesterday))
