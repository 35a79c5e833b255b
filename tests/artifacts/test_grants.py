"""Signed URLs of a local store: what is refused, and the key that processes share."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from genesis.artifacts import MOST_PARTS, MOST_SECONDS, grants
from genesis.artifacts.grants import KEY_FOLDER, READ, SKEW, WRITE, Grant, Grants, life, shared_key
from genesis.errors import GenesisError

NOW = 1_800_000_000
PART = Grant(WRITE, "run/model.pkl", "u1", 3)
WHOLE = Grant(WRITE, "run/model.pkl")
READING = Grant(READ, "run/model.pkl")
FOREIGN = "signature does not fit"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


def set_clock(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    monkeypatch.setattr(grants, "now", lambda: seconds)


@pytest.fixture
def signing() -> Grants:
    return Grants(b"k" * 32)


def query(signing: Grants, grant: Grant, **changes: str | None) -> dict[str, str]:
    fields = dict(parse_qsl(signing.query(grant, 900))) | changes
    return {name: value for name, value in fields.items() if value is not None}


def refusal(signing: Grants, allows: str, path: str, fields: dict[str, str]) -> str:
    with pytest.raises(GenesisError) as refused:
        signing.check(allows, path, fields)
    assert (refused.value.status, refused.value.code) == (403, "PERMISSION_DENIED")
    assert (fields.get("sig") or "nothing") not in refused.value.message
    return refused.value.message


@pytest.mark.parametrize("grant", [PART, WHOLE, READING])
def test_what_was_signed_is_granted(signing, grant):
    assert signing.check(grant.allows, grant.path, query(signing, grant)) == grant


@pytest.mark.parametrize("fields", [{}, {"allows": "write", "expires": str(NOW + 1)}, {"x": "y"}])
def test_a_url_without_a_signature_is_refused(signing, fields):
    assert refusal(signing, WRITE, "run/model.pkl", fields) == "The URL is not signed."


@pytest.mark.parametrize(
    "path", ["run/model.pk", "run/model.pkl2", "run", "", "../run/model.pkl", "\ud800", "\0"]
)
@pytest.mark.parametrize("grant", [PART, WHOLE, READING])
def test_a_url_is_good_for_its_path_alone(signing, grant, path):
    assert FOREIGN in refusal(signing, grant.allows, path, query(signing, grant))


@pytest.mark.parametrize(
    "changes",
    [
        {"part": "4"},
        {"part": "03"},
        {"part": None},
        {"upload": "u2"},
        {"upload": ""},
        {"upload": None},
        {"upload": None, "part": None},
        {"allows": "read"},
        {"allows": None},
        {"made": str(NOW - 1)},
        {"made": None},
        {"expires": str(NOW + 100_000)},
        {"expires": "never"},
        {"expires": None},
        {"more": "1"},
        {"sig": ""},
        {"sig": "0" * 64},
        {"sig": "é\ud800"},
    ],
)
def test_a_url_of_a_part_that_was_altered_is_refused(signing, changes):
    assert FOREIGN in refusal(signing, WRITE, PART.path, query(signing, PART, **changes))


@pytest.mark.parametrize("changes", [{"upload": "u1"}, {"upload": "u1", "part": "1"}])
def test_a_url_of_a_whole_file_cannot_become_a_parts(signing, changes):
    assert FOREIGN in refusal(signing, WRITE, WHOLE.path, query(signing, WHOLE, **changes))


def test_every_character_of_a_signature_counts(signing):
    fields = query(signing, READING)
    for place, digit in enumerate(fields["sig"]):
        other = "0" if digit != "0" else "1"
        tampered = fields | {"sig": fields["sig"][:place] + other + fields["sig"][place + 1 :]}
        assert FOREIGN in refusal(signing, READ, READING.path, tampered)


def test_words_cannot_be_moved_from_one_field_to_the_next(signing):
    signed = query(signing, Grant(WRITE, "a", "bc", 1))
    assert FOREIGN in refusal(signing, WRITE, "ab", signed | {"upload": "c"})


def test_a_url_of_another_key_is_refused(signing):
    assert FOREIGN in refusal(signing, READ, READING.path, query(Grants(b"l" * 32), READING))


def test_a_url_for_reading_does_not_allow_writing_nor_the_other_way_round(signing):
    text = refusal(signing, WRITE, READING.path, query(signing, READING))
    assert text == "The URL was signed to read, not to write."
    text = refusal(signing, READ, WHOLE.path, query(signing, WHOLE))
    assert text == "The URL was signed to write, not to read."


def test_a_url_ends_with_its_last_second(signing, monkeypatch):
    fields = query(signing, READING)
    set_clock(monkeypatch, NOW + 900)
    signing.check(READ, READING.path, fields)
    set_clock(monkeypatch, NOW + 901)
    assert refusal(signing, READ, READING.path, fields) == "The URL has expired; ask for a new one."


def test_a_url_from_a_clock_that_is_minutes_ahead_is_granted_but_not_one_from_the_future(
    signing, monkeypatch
):
    fields = query(signing, READING)
    set_clock(monkeypatch, NOW - SKEW)
    signing.check(READ, READING.path, fields)
    set_clock(monkeypatch, NOW - SKEW - 1)
    assert refusal(signing, READ, READING.path, fields).startswith("The URL is not valid yet")


@pytest.mark.parametrize(
    ("minutes", "parts", "seconds", "expected"),
    [
        (15, 0, None, 900),
        (15, 1, None, 910),
        (15, 100, None, 1900),
        (15, 50_000, None, MOST_SECONDS),
        (15, 0, 60, 60),
        (15, 0, 5000, 900),
        (1, 2, 100, 80),
    ],
)
def test_a_urls_life_grows_with_the_parts_and_is_only_ever_shortened(minutes, parts, seconds, expected):
    assert life(minutes, parts, seconds) == expected


def test_an_uploads_id_is_good_for_its_path_alone_and_tells_its_beginning_and_its_parts(signing):
    upload_id = signing.upload_id("a/b", 7)
    assert signing.is_upload("a/b", upload_id)
    assert abs(signing.begun("a/b", upload_id).started - time.time()) < 60
    assert signing.begun("a/b", upload_id).parts == 7
    assert signing.begun("a/b", signing.upload_id("a/b", MOST_PARTS)).parts == MOST_PARTS
    assert not signing.is_upload("a/c", upload_id)
    assert not Grants(b"l" * 32).is_upload("a/b", upload_id)
    assert upload_id.isalnum() and len({signing.upload_id("a/b", 7) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "change",
    [lambda i: "", lambda i: i[:-1], lambda i: i + "0", lambda i: "0" + i[1:], lambda i: "é" * len(i)],
)
def test_an_id_that_no_upload_has_is_refused(signing, change):
    with pytest.raises(GenesisError, match=r"There is no such upload of 'a/b'\.") as refused:
        signing.begun("a/b", change(signing.upload_id("a/b", 7)))
    assert refused.value.status == 400


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    before = os.umask(0)
    try:
        key = shared_key(tmp_path)
    finally:
        os.umask(before)
    assert shared_key(tmp_path) == key and len(key) == 32
    (folder,) = tmp_path.iterdir()
    (file,) = folder.iterdir()
    assert (folder.name, file.read_bytes()) == (KEY_FOLDER, key)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (folder, file)] == [0o700, 0o600]


def test_of_several_that_make_the_key_at_once_the_first_wins(tmp_path, monkeypatch):
    start = threading.Barrier(8)
    keys = []
    rename = os.rename

    def together(source: Path, target: Path) -> None:
        start.wait(30)
        rename(source, target)

    monkeypatch.setattr(os, "rename", together)
    makers = [threading.Thread(target=lambda: keys.append(shared_key(tmp_path))) for _ in range(8)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(keys) == 8 and len(set(keys)) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [KEY_FOLDER]


def test_a_key_that_was_made_meanwhile_stays(tmp_path):
    key = shared_key(tmp_path)
    grants._make_key(tmp_path)
    assert shared_key(tmp_path) == key
    assert [entry.name for entry in tmp_path.iterdir()] == [KEY_FOLDER]


def test_a_key_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        shared_key(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_key_signs_nothing(tmp_path):
    shared_key(tmp_path)
    (tmp_path / KEY_FOLDER / "key").write_bytes(b"short")
    with pytest.raises(GenesisError, match="damaged") as failure:
        shared_key(tmp_path)
    assert failure.value.status == 503
