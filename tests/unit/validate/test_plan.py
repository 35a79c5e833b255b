"""Which checks are made, in which order, and that what was made is removed."""

from __future__ import annotations

import pytest

from genesis.validate import plan
from genesis.validate.deployment import Deployment
from genesis.validate.environment import Caller
from genesis.validate.plan import Check, Run
from genesis.validate.results import Result, Status, failed, ok, skipped, warning
from genesis.validate.transport import Unreachable
from tests.unit.validate.scripted import deployment


def good(d: Deployment) -> Result:
    return ok("", "")


def run(
    monkeypatch: pytest.MonkeyPatch, *checks: Check, skip: tuple[str, ...] = (), d: Deployment | None = None
) -> dict[str, Result]:
    monkeypatch.setattr(plan, "CHECKS", checks)
    told: list[Result] = []
    running = Run(d or deployment({}), skip, told.append)
    running.checks()
    assert told == list(running.results.values())
    return running.results


def test_every_need_is_a_check_that_comes_before() -> None:
    known: set[str] = set()
    for check in plan.CHECKS:
        assert set(check.needs) <= known, check.name
        assert check.name not in known
        known.add(check.name)


@pytest.mark.parametrize(
    ("end", "is_made"),
    [
        (ok("a", ""), True),
        (warning("a", "", ""), True),
        (failed("a", "", ""), False),
        (skipped("a", ""), False),
    ],
)
def test_a_check_is_made_only_after_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, end: Result, is_made: bool
) -> None:
    results = run(monkeypatch, Check("a", lambda d: end), Check("b", lambda d: ok("b", ""), ("a",)))
    assert (results["b"].status is Status.OK) is is_made
    if not is_made:
        assert results["b"].detail == "The check 'a' was not good."


def test_where_there_is_no_tls_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    results = run(
        monkeypatch,
        Check("certificate", lambda d: skipped("certificate", "")),
        Check("b", lambda d: ok("b", ""), ("certificate",)),
    )
    assert results["b"].status is Status.OK


@pytest.mark.parametrize(("need", "is_made"), [("version", True), ("experiment", False), ("direct", False)])
def test_what_the_caller_skips_stops_only_those_that_use_it(
    monkeypatch: pytest.MonkeyPatch, need: str, is_made: bool
) -> None:
    results = run(monkeypatch, Check(need, good), Check("b", lambda d: ok("b", ""), (need,)), skip=(need,))
    assert results[need].detail == "As asked."
    assert (results["b"].status is Status.OK) is is_made


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unreachable("reset"), "did not answer: reset"),
        (KeyError("uploads"), "not what Genesis-Flow would say"),
    ],
)
def test_a_check_that_breaks_has_failed_and_the_next_one_is_made(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def breaks(d: Deployment) -> Result:
        raise error

    results = run(monkeypatch, Check("a", breaks), Check("b", lambda d: ok("b", "")))
    assert results["a"].status is Status.FAILED
    assert words in results["a"].detail
    assert results["b"].status is Status.OK


def begin(d: Deployment) -> Result:
    d.throwaway.begun = True
    return ok("experiment", "")


def interrupt(d: Deployment) -> Result:
    raise KeyboardInterrupt


def test_what_was_made_is_removed_after_an_interruption_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "CHECKS", (Check("experiment", begin), Check("b", interrupt)))
    monkeypatch.setattr(plan.throwaway, "removal", lambda d: ok("removal", ""))
    running = Run(deployment({}), (), lambda result: None)
    with pytest.raises(KeyboardInterrupt):
        running.checks()
    assert list(running.results) == ["experiment", "removal"]


def test_who_interrupts_the_removal_is_told_what_may_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan.throwaway, "removal", interrupt)
    d = deployment({})
    results = run(monkeypatch, Check("experiment", begin), d=d)
    assert results["removal"].status is Status.FAILED
    assert d.throwaway.name in results["removal"].detail


def test_where_nothing_was_begun_nothing_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "removal" not in run(monkeypatch, Check("a", lambda d: ok("a", "")))


def test_no_result_tells_the_callers_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    d = deployment({}, caller=Caller(token="secret-word"))
    results = run(monkeypatch, Check("a", lambda d: failed("a", "secret-word", "secret-word")), d=d)
    assert results["a"] == failed("a", "…", "…")
