"""Ages, plans in words, and what an interruption says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from genesis.entities.removals import EXPERIMENT, RUN, Removal
from genesis.errors import unavailable
from genesis.gc import Collector, Plan, age, run


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("0s", 0), ("30d", 2_592_000_000), ("1d12h", 129_600_000), ("1.5h", 5_400_000), ("2m4s", 124_000)],
)
def test_an_age_is_read(text: str, milliseconds: int) -> None:
    assert age(text) == milliseconds


@pytest.mark.parametrize("text", ["", "30", "d", "30 d", "-1d", "1w", "1d soon", "1.2.3h"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no age"):
        age(text)


def test_a_plan_says_what_goes_and_what_stays_and_why() -> None:
    plan = Plan(
        begun=[Removal(RUN, "z", "")],
        removals=[Removal(EXPERIMENT, "1", "", "x"), Removal(RUN, "a", ""), Removal(RUN, "b", "")],
        kept=[Removal(RUN, "c", "", kept="it is active; delete it first")],
    )
    assert list(plan.lines()) == [
        "An earlier call left 1 run half removed.",
        "To be removed for good: 1 experiment, 2 runs",
        "  experiment 1 (x) and all in it",
        "  run a",
        "  run b",
        "Kept: 1 run",
        "  run c: it is active; delete it first",
    ]


def test_a_long_plan_is_cut() -> None:
    plan = Plan(begun=[], removals=[Removal(RUN, str(i), "") for i in range(25)])
    assert list(plan.lines())[-2:] == ["  run 19", "  … and 5 more"]


class Breaking:
    """A collector whose removal ends in an error."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def plan(self, named: Sequence[tuple[str, str]]) -> Plan:
        return Plan(begun=[], removals=[Removal(RUN, "a", "")])

    def collect(self, plan: Plan) -> int:
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (unavailable("The database is away."), 1)]
)
def test_a_removal_that_breaks_off_says_how_to_go_on(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    collector = cast(Collector, Breaking(error))
    assert run(collector, [], dry=False, sure=True) == code
    assert "Call it again to go on where it stopped." in capsys.readouterr().err
