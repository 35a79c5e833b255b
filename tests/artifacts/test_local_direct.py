"""Direct transfer to a folder: parts, whole files, joins, repetitions."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from genesis.artifacts import (
    MOST_PARTS,
    ArtifactStore,
    Signed,
    Uploading,
    grants,
    local_direct,
    open_artifacts,
)
from genesis.artifacts.local import DAY, UPLOADS
from genesis.errors import GenesisError
from tests.artifacts.test_stores import MEGABYTE, ODD_NAMES, failing, paths, put, read

BASE = "http://flow.example:5000"


def target(signed: Signed) -> tuple[str, dict[str, str]]:
    """The path and the grant that whoever serves the URL hands on."""
    assert signed.url.startswith(f"{BASE}/signed/") and signed.headers == {}
    parts = urlsplit(signed.url)
    grant = parse_qsl(parts.query, strict_parsing=True)
    assert len(dict(grant)) == len(grant)
    return unquote(parts.path).removeprefix("/signed/"), dict(grant)


def send(store: ArtifactStore, signed: Signed, content: bytes, md5: bytes | None = None) -> None:
    path, grant = target(signed)
    store.receiver().put(path, grant, iter([content[:7], content[7:]]), md5)


def begin(store: ArtifactStore, path: str, *parts: bytes) -> Uploading:
    """An upload all of whose parts were sent."""
    uploading = store.direct(BASE).begin(path, len(parts), "text/plain")
    for signed, content in zip(uploading.parts, parts, strict=True):
        send(store, signed, content)
    return uploading


def complete(store: ArtifactStore, path: str, uploading: Uploading, md5: bytes | None = None) -> None:
    numbers = range(1, len(uploading.parts) + 1)
    store.direct(BASE).complete(path, uploading.upload_id, numbers, "text/plain", md5)


def md5_of(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def hidden(folder: Path) -> list[str]:
    """What the hidden folder holds, but the key and the marks of what was published."""
    return [e.name for e in (folder / UPLOADS).iterdir() if e.name != "signing" and e.suffix != ".done"]


def invalid(text: str):
    return pytest.raises(GenesisError, match=text)


PARTS = [(b"",), (b"one part",), (b"a" * 1000, b"", b"b" * 3 * MEGABYTE, b"c"), (b"", b"")]


@pytest.mark.parametrize("parts", PARTS)
def test_parts_are_joined_in_order(local_store, local_folder, parts):
    uploading = begin(local_store, "run/a", *parts)
    assert len(uploading.parts) == len(parts)
    complete(local_store, "run/a", uploading)
    assert read(local_store, "run/a") == b"".join(parts)
    assert hidden(local_folder) == []


def test_parts_may_come_and_be_told_in_any_order(local_store):
    direct = local_store.direct(BASE)
    uploading = direct.begin("a", 12, "text/plain")
    for number in (11, 3, 0, 7, 1, 2, 10, 4, 9, 8, 5, 6):
        send(local_store, uploading.parts[number], f"{number},".encode())
    direct.complete("a", uploading.upload_id, [12, *range(2, 12), 1], "text/plain")
    assert read(local_store, "a") == b"0,1,2,3,4,5,6,7,8,9,10,11,"


@pytest.mark.parametrize("content", [b"", b"whole"])
def test_a_whole_file_is_published_by_its_one_put(local_store, local_folder, content):
    put(local_store, "run/a", b"old")
    send(local_store, local_store.direct(BASE + "/").whole("run/a", "text/plain"), content)
    assert read(local_store, "run/a") == content
    assert hidden(local_folder) == []


@pytest.mark.parametrize("name", [*ODD_NAMES, "a#b", "%2e%2e", "a%2Fb", "+ +"])
def test_odd_names_are_kept_as_they_are(local_store, name):
    path = f"folder {name[:50]}/{name}"
    complete(local_store, path, begin(local_store, path, b"1", b"2"))
    assert read(local_store, path) == b"12"
    direct = local_store.direct(BASE)
    send(local_store, direct.whole(path, "text/plain"), b"34")
    assert read(local_store, path) == b"34"
    local_store.receiver().check(*target(direct.download(path, "", "").signed))
    assert paths(local_store, f"folder {name[:50]}") == [path]


def test_half_an_upload_is_nowhere_to_be_seen_and_in_nobodys_way(local_store):
    put(local_store, "run/other")
    uploading = begin(local_store, "run/a", b"1", b"2")
    assert paths(local_store) == ["run"] and paths(local_store, "run") == ["run/other"]
    assert local_store.open("run/a") is None
    assert local_store.direct(BASE).download("run/a", "", "") is None
    local_store.delete("run")
    assert paths(local_store) == []
    complete(local_store, "run/a", uploading)
    assert read(local_store, "run/a") == b"12"


def test_to_begin_writes_nothing(local_store, local_folder):
    local_store.direct(BASE).begin("run/a", 3, "text/plain")
    assert hidden(local_folder) == [] and paths(local_store) == []


def test_a_part_sent_twice_is_the_one_that_came_last(local_store):
    uploading = begin(local_store, "a", b"first, longer", b"2")
    send(local_store, uploading.parts[0], b"last")
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"last2"


@pytest.mark.parametrize("pieces", [0, 1])
def test_a_part_that_is_cut_off_leaves_nothing_and_the_old_one_stays(local_store, local_folder, pieces):
    uploading = begin(local_store, "a", b"old", b"2")
    before = hidden(local_folder)
    with pytest.raises(ConnectionResetError):
        local_store.receiver().put(*target(uploading.parts[0]), failing(pieces), None)
    assert hidden(local_folder) == before
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"old2"


def test_a_whole_file_that_is_cut_off_leaves_the_old_one(local_store, local_folder):
    put(local_store, "a", b"old")
    signed = local_store.direct(BASE).whole("a", "text/plain")
    with pytest.raises(ConnectionResetError):
        local_store.receiver().put(*target(signed), failing(1), None)
    assert read(local_store, "a") == b"old" and hidden(local_folder) == []


def test_complete_repeated_changes_nothing(local_store):
    uploading = begin(local_store, "a", b"1", b"2")
    complete(local_store, "a", uploading)
    put(local_store, "a", b"somebody's newer")
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"somebody's newer"


def test_complete_names_the_parts_that_never_came(local_store):
    put(local_store, "a", b"old")
    uploading = local_store.direct(BASE).begin("a", 13, "text/plain")
    with invalid("^Parts of the upload never came: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …. Nothing is published"):
        complete(local_store, "a", uploading)
    for signed in uploading.parts[2:]:
        send(local_store, signed, b"x")
    with invalid("^Parts of the upload never came: 1, 2. Nothing is published") as refused:
        complete(local_store, "a", uploading)
    assert refused.value.status == 400
    assert read(local_store, "a") == b"old"
    for signed in uploading.parts[:2]:
        send(local_store, signed, b"y")
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"yy" + 11 * b"x"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], "never came: 1, 2, 3"),
        ([2], "never came: 1, 3"),
        ([1, 2], "never came: 3"),
        ([1, 1, 3], "never came: 2"),
        ([1, 2, 3, 3], "This upload has 3 parts"),
        ([0, 1, 2, 3], "This upload has 3 parts"),
        (range(1, 5), "This upload has 3 parts"),
    ],
)
def test_an_upload_is_complete_with_all_its_parts_told_once(local_store, parts, text):
    uploading = begin(local_store, "a", b"1", b"2", b"3")
    with invalid(text) as refused:
        local_store.direct(BASE).complete("a", uploading.upload_id, parts, "text/plain")
    assert refused.value.status == 400 and local_store.open("a") is None


@pytest.mark.parametrize("parts", [1, 3])
def test_an_upload_goes_on_with_as_many_parts_as_it_began(local_store, parts):
    uploading = begin(local_store, "a", b"1", b"2")
    with invalid("This upload began with 2 parts"):
        local_store.direct(BASE).begin("a", parts, "text/plain", upload_id=uploading.upload_id)


@pytest.mark.parametrize("parts", [0, -1, MOST_PARTS + 1])
def test_an_upload_has_a_part_and_not_too_many(local_store, parts):
    with invalid(f"An upload has 1 to {MOST_PARTS} parts, not {parts}"):
        local_store.direct(BASE).begin("a", parts, "text/plain")


def test_as_many_parts_as_a_blob_takes_can_be_signed(local_store):
    uploading = local_store.direct(BASE).begin("a", MOST_PARTS, "text/plain")
    send(local_store, uploading.parts[-1], b"x")
    assert len({signed.url for signed in uploading.parts}) == MOST_PARTS


@pytest.mark.parametrize("path", ["b", "a/b", "A"])
def test_an_upload_is_completed_where_it_began_or_not_at_all(local_store, path):
    uploading = begin(local_store, "a", b"1", b"2")
    with invalid(f"There is no such upload of '{path}'") as refused:
        complete(local_store, path, uploading)
    assert refused.value.status == 400
    local_store.direct(BASE).abort(path, uploading.upload_id)
    assert paths(local_store) == []
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"12"


@pytest.mark.parametrize("upload_id", ["", "x", "..", "../a", "signing", "é", "\ud800", "\0", "0" * 63])
def test_an_id_that_no_upload_has_is_refused_and_to_abort_it_does_nothing(
    local_store, local_folder, upload_id
):
    put(local_store, "a", b"kept")
    put(local_store, "b", b"kept")
    direct = local_store.direct(BASE)
    with invalid("There is no such upload of 'a'"):
        direct.complete("a", upload_id, [1], "text/plain")
    direct.abort("a", upload_id)
    if upload_id:
        with invalid("There is no such upload of 'a'"):
            direct.begin("a", 1, "text/plain", upload_id=upload_id)
    assert paths(local_store) == ["a", "b"]
    assert (local_folder / UPLOADS / "signing" / "key").exists()


def test_abort_removes_the_parts(local_store, local_folder):
    uploading = begin(local_store, "a", b"1", b"2")
    local_store.direct(BASE).abort("a", uploading.upload_id)
    assert hidden(local_folder) == []
    with invalid("never came: 1, 2"):
        complete(local_store, "a", uploading)
    local_store.direct(BASE).abort("a", uploading.upload_id)
    assert paths(local_store) == []


def test_abort_of_what_is_complete_does_nothing(local_store):
    uploading = begin(local_store, "a", b"1", b"2")
    complete(local_store, "a", uploading)
    local_store.direct(BASE).abort("a", uploading.upload_id)
    complete(local_store, "a", uploading)
    assert read(local_store, "a") == b"12"


def test_a_complete_upload_takes_no_more_parts(local_store):
    uploading = begin(local_store, "a", b"1", b"2")
    complete(local_store, "a", uploading)
    with invalid("The upload of 'a' is complete"):
        local_store.receiver().put(*target(uploading.parts[0]), unread(), None)


def unread() -> Iterator[bytes]:
    pytest.fail("the body was read")
    yield b""


def test_another_process_goes_on_with_an_upload(local_store, local_folder):
    uploading = local_store.direct(BASE).begin("a", 2, "text/plain")
    send(local_store, uploading.parts[0], b"1")
    other = open_artifacts(local_folder.as_uri())
    again = other.direct(BASE).begin("a", 2, "text/plain", upload_id=uploading.upload_id)
    assert again.upload_id == uploading.upload_id
    send(other, again.parts[1], b"2")
    complete(local_store, "a", uploading)
    complete(other, "a", again)
    assert read(other, "a") == b"12"


def test_an_upload_that_was_given_up_is_not_signed_again(local_store, monkeypatch):
    uploading = local_store.direct(BASE).begin("a", 2, "text/plain")
    in_two_days = grants.now() + 2 * DAY
    monkeypatch.setattr(local_direct, "now", lambda: in_two_days)
    with invalid("began more than a day ago and was given up; begin anew"):
        local_store.direct(BASE).begin("a", 2, "text/plain", upload_id=uploading.upload_id)


def test_an_old_upload_whose_parts_are_there_is_signed_again(local_store, monkeypatch):
    uploading = begin(local_store, "a", b"1", b"2")
    in_two_days = grants.now() + 2 * DAY
    monkeypatch.setattr(local_direct, "now", lambda: in_two_days)
    again = local_store.direct(BASE).begin("a", 2, "text/plain", upload_id=uploading.upload_id)
    complete(local_store, "a", again)
    assert read(local_store, "a") == b"12"


def test_two_writers_of_one_path_leave_one_of_the_two_whole(local_store, monkeypatch):
    both = [(b"a" * MEGABYTE, b"a" * MEGABYTE), (b"b" * MEGABYTE, b"b")]
    uploads = [begin(local_store, "contested", *parts) for parts in both]
    outcomes = at_once(monkeypatch, [lambda u=u: complete(local_store, "contested", u) for u in uploads])
    assert outcomes == [None, None]
    assert read(local_store, "contested") in [b"".join(parts) for parts in both]


def at_once(monkeypatch: pytest.MonkeyPatch, calls: list[Callable[[], object]]) -> list[object]:
    """Run the calls so that they publish at the same time; what each returned or raised."""
    start = threading.Barrier(len(calls))
    replace = os.replace

    def together(source: Path, place: Path) -> None:
        start.wait(30)
        replace(source, place)

    outcomes: list[object] = []

    def run(call: Callable[[], object]) -> None:
        try:
            outcomes.append(call())
        except BaseException as error:
            outcomes.append(error)

    monkeypatch.setattr(os, "replace", together)
    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
