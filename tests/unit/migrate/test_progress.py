"""What is seen of a move: a line that changes on a terminal, and elsewhere one at the end of each phase."""

from __future__ import annotations

import io
import sys

import pytest

from genesis.migrate.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work(progress: Progress, *steps: tuple[str, int]) -> None:
    with progress.phase("Moving"):
        for kind, count in steps:
            progress.step(kind, count)


def test_elsewhere_a_phase_tells_what_it_counted_when_it_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    work(progress, ("run", 1), ("points", 1200), ("run", 1), ("file", 0))
    work(progress)
    assert capsys.readouterr() == ("", "Moving: 2 runs, 1,200 points\nMoving: nothing\n")


def test_a_phase_that_fails_says_nothing_of_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    with pytest.raises(OSError), progress.phase("Moving"):
        progress.step("run", 1)
        raise OSError
    work(progress, ("run", 3))
    assert capsys.readouterr().err == "Moving: 3 runs\n"


def test_a_pipeline_that_reads_json_sees_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    work(Progress(quiet=True), ("run", 1))
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_the_counts_are_shown_as_they_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    progress = Progress()
    with progress.phase("Moving"):
        progress.step("run", 2)
        progress._bar.refresh()
        assert "Moving: 2 runs" in terminal.getvalue()
    assert terminal.getvalue().endswith("Moving: 2 runs\n")
