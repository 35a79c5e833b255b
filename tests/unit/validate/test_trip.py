"""A stock client where there is none, and one that dies."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesis.validate import trip
from genesis.validate.results import Status
from tests.unit.validate.scripted import deployment


def test_without_mlflow_the_round_trip_is_skipped_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trip, "find_spec", lambda name: None)
    results = trip.made(deployment({}))
    assert {result.status for result in results.values()} == {Status.SKIPPED}
    assert all("pip install mlflow-skinny" in result.fix for result in results.values())


def program(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    monkeypatch.setattr(trip, "PROGRAM", folder / "session.py")
    (folder / "session.py").write_text(text)


def test_a_client_that_ends_early_has_failed_what_it_did_not_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(
        monkeypatch,
        tmp_path,
        'print(\'{"step": "tracking", "ok": "Fine."}\', flush=True)\nraise SystemExit("no disk left")',
    )
    results = trip.made(deployment({}))
    assert (results["tracking"].status, results["tracking"].detail) == (Status.OK, "Fine.")
    for step in ("artifacts", "models", "search"):
        assert results[step].status is Status.FAILED
        assert results[step].detail == "The client ended early: no disk left"
        assert results[step].fix


def test_a_client_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(monkeypatch, tmp_path, "import threading; threading.Event().wait()")
    monkeypatch.setattr(trip, "SECONDS", 0.5)
    results = trip.made(deployment({}))
    assert results["search"].detail == "The client was not done within 0.5 seconds."


def test_one_client_does_all_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def made(d: object) -> dict[str, object]:
        asked.append(d)
        return dict.fromkeys(trip.FIXES)

    monkeypatch.setattr(trip, "made", made)
    d = deployment({})
    for name in trip.FIXES:
        trip.step(name)(d)
    assert asked == [d]
