"""Reports: one document, told as JSON, as Markdown and on a terminal."""

from __future__ import annotations

import json
from pathlib import Path

from genesis.migrate import report
from genesis.migrate.ends import Loss
from genesis.migrate.same import Difference
from genesis.migrate.verification import MOST, Verified

DOCUMENT = {
    "source": "mlruns",
    "moved_now": {"run written": 1200},
    "problems": report.losses([Loss("run", "a|b", "another has\nthis id")]),
    "differences": [],
}


def test_both_files_are_written_and_say_the_same(tmp_path: Path) -> None:
    report.write(tmp_path / "work", "report", "What was moved", DOCUMENT)
    assert json.loads((tmp_path / "work" / "report.json").read_text()) == DOCUMENT
    text = (tmp_path / "work" / "report.md").read_text()
    assert "| run written | 1,200 |" in text
    assert "| run | a\\|b | another has this id |" in text
    assert [file.name for file in (tmp_path / "work").iterdir() if file.name.startswith(".")] == []


def test_a_terminal_is_told_the_first_of_many() -> None:
    many = [Loss("run", str(number), "why") for number in range(report.SHOWN + 5)]
    lines = list(report.lines({"problems": report.losses(many), "differences": []}))
    assert lines[0] == "Problems: 25"
    assert lines[-1] == "  … and 5 more in the report"
    assert len(lines) == report.SHOWN + 2


def test_all_differences_are_counted_and_the_first_are_kept() -> None:
    verified = Verified()
    verified.add("run", "1", [Difference(f"tags[{n}]", "a" * 300, None) for n in range(MOST + 1)])
    document = report.compared(verified)
    assert (document["differing"], len(document["differences"])) == (MOST + 1, MOST)
    first = document["differences"][0]
    assert (len(first["expected"]), first["found"]) == (200, "nothing")
