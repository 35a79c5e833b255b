"""Results as people and pipelines read them."""

from __future__ import annotations

import json

import click
import pytest

from genesis.validate import report
from genesis.validate.results import Result, failed, ok, skipped, warning

ALL = [
    ok("https", "Fine."),
    warning("clock", "Late.", "Wait."),
    failed("ready", "No.", "Mend."),
    skipped("name", "-"),
]


def test_json_has_all_that_the_table_has() -> None:
    document = json.loads(report.document(ALL, url="https://h"))
    assert document["url"] == "https://h"
    assert (document["ok"], document["interrupted"]) == (False, False)
    assert document["counts"] == {"ok": 1, "warning": 1, "failed": 1, "skipped": 1}
    assert [Result(r["name"], r["status"], r["detail"], r["fix"]) for r in document["results"]] == ALL


@pytest.mark.parametrize(
    ("results", "interrupted", "good"), [(ALL[:2], False, True), (ALL[:2], True, False), (ALL, False, False)]
)
def test_all_is_well_when_nothing_failed_and_nobody_interrupted(
    results: list[Result], interrupted: bool, good: bool
) -> None:
    assert json.loads(report.document(results, interrupted=interrupted))["ok"] is good


def test_a_long_detail_is_wrapped_in_its_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = click.unstyle(report.line(failed("ready", "word " * 30, "Mend it."))).splitlines()
    assert lines[0].startswith("failed   ready                word word")
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith(" " * 30) for line in lines[1:])
    assert lines[-1].strip() == "→ Mend it."


def test_the_last_line_counts() -> None:
    assert report.summary(ALL) == "1 ok, 1 warning, 1 failed, 1 skipped."
