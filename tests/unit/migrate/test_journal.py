"""The journal of a move."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from genesis.migrate.journal import BEGUN, DONE, FILE, TAKEN, Journal


def test_what_was_noted_is_known_to_the_next_process(tmp_path: Path) -> None:
    with closing(Journal(tmp_path, "a", "b")) as journal:
        token = journal.token
        journal.begin("run", ["1", "2", "3"])
        journal.end("run", {"1": "1", "2": "20"})
        journal.end("run", {"4": "other"}, TAKEN)
    with closing(Journal(tmp_path, "a", "b")) as journal:
        assert journal.token == token
        states = journal.states("run", ["1", "2", "3", "4", "5"])
        assert states == {"1": DONE, "2": DONE, "3": BEGUN, "4": TAKEN}
        assert [journal.there("run", id) for id in "12345"] == ["1", "20", None, None, None]
        assert list(journal.mapped()) == [("run", "2", "20")]
        assert journal.counts() == {"run": 2}


def test_the_id_that_is_known_stays_known_when_it_is_begun_again(tmp_path: Path) -> None:
    with closing(Journal(tmp_path, "a")) as journal:
        journal.end("experiment", {"1": "7"})
        journal.begin("experiment", ["1"])
        assert journal.there("experiment", "1") == "7"


def test_the_journal_of_another_move_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path, "a", "b").close()
    with pytest.raises(ValueError, match="between other places"):
        Journal(tmp_path, "a", "c")


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    with (
        closing(Journal(tmp_path, "a")),
        pytest.raises(ValueError, match="Another process is at work"),
    ):
        Journal(tmp_path, "a")


def test_who_only_looks_makes_no_journal(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "work", "a", moves=False)) as journal:
        assert journal.states("run", ["1"]) == {}
    assert not (tmp_path / "work").exists()


def test_no_secret_of_a_uri_is_in_the_journal(tmp_path: Path) -> None:
    Journal(tmp_path, "mongodb://ada:hunter2@host/db").close()
    assert b"hunter2" not in (tmp_path / FILE).read_bytes()
