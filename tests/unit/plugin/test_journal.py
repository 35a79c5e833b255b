"""What an interrupted upload leaves for the next."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from genesis.plugin import journal as journals
from genesis.plugin.journal import journal


def only(folder: Path) -> Path:
    (found,) = folder.rglob("*.jsonl")
    return found


def interrupted(*parts: int) -> None:
    with journal("key") as kept:
        kept.begin("upload")
        for number in parts:
            kept.add(number, f"md5 of {number}")


def test_it_is_there_again_for_the_same_key_only() -> None:
    interrupted(1, 3)

    with journal("key") as kept:
        assert (kept.upload_id, kept.sent) == ("upload", {1: "md5 of 1", 3: "md5 of 3"})
    with journal("other") as kept:
        assert (kept.upload_id, kept.sent) == ("", {})


def test_what_was_forgotten_leaves_no_file(tmp_path: Path) -> None:
    interrupted(1)
    with journal("key") as kept:
        kept.forget()

    assert not list(tmp_path.rglob("*.jsonl"))


@pytest.mark.parametrize("torn", ['[4, "md5', "[4", "", "[]\n", "nonsense\n", "\x00\xff"])
def test_a_line_that_was_cut_off_costs_only_itself(tmp_path: Path, torn: str) -> None:
    interrupted(1, 2)
    with only(tmp_path).open("a") as file:
        file.write(torn)

    with journal("key") as kept:
        assert sorted(kept.sent) == [1, 2]


@pytest.mark.parametrize("damaged", ["", "nonsense", "[]", "{}", '{"upload_id": "x"}', "1"])
def test_a_damaged_one_is_none(tmp_path: Path, damaged: str) -> None:
    interrupted(1)
    only(tmp_path).write_text(damaged)

    with journal("key") as kept:
        assert (kept.upload_id, kept.sent) == ("", {})


def test_what_began_a_day_ago_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(1)
    later = time.time() + journals.DAY + 1
    monkeypatch.setattr(journals.time, "time", lambda: later)

    with journal("key") as kept:
        assert (kept.upload_id, kept.sent) == ("", {})


def test_old_files_of_other_uploads_are_removed(tmp_path: Path) -> None:
    interrupted(1)
    old = only(tmp_path)
    os.utime(old, (0, time.time() - journals.DAY - 1))

    with journal("other") as kept:
        kept.begin("another")

    assert only(tmp_path) != old


def test_two_at_once_share_nothing() -> None:
    interrupted(1)
    with journal("key") as first, journal("key") as second:
        assert first.upload_id == "upload"
        assert second.upload_id == ""
        second.begin("another")
        second.add(7, "md5")
        second.forget()

    with journal("key") as kept:
        assert (kept.upload_id, sorted(kept.sent)) == ("upload", [1])


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    interrupted(1)

    assert only(tmp_path).stat().st_mode & 0o077 == 0
    assert only(tmp_path).parent.stat().st_mode & 0o077 == 0
