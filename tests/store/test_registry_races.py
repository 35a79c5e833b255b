"""Requests on one registered model at once: as if they had come one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from genesis.store import Store
from genesis.store.engine import Engine
from tests.store.interrupted import ACTS, MOST_CALLS, NAMES, prepared, watched
from tests.store.models import (
    everything,
    refusal,
)

MISSING = "RESOURCE_DOES_NOT_EXIST"


def answer(store: Store, act: str) -> str:
    """The code of the error with which a request is refused; "" of one that is not."""
    return refusal(lambda: ACTS[act](store))


def in_turn(engine: Engine, first: str, second: str) -> tuple[dict[str, str], dict[str, object]]:
    """What two requests are answered that come one after the other, and what readers are told then."""
    store = prepared(engine, f"{first}, {second}")
    answers = {act: answer(store, act) for act in (first, second)}
    return answers, everything(store, *NAMES)


OVERTAKEN = [
    ("create n", "rename m to n"),
    ("create n", "delete n"),
    ("create m", "delete m"),
    ("create m", "rename m to n"),
    ("rename m to n", "rename m to other"),
    ("rename m to n", "rename other to n"),
    ("rename m to n", "rename other to m"),
    ("rename m to n", "create m"),
    ("rename m to n", "create n"),
    ("rename m to n", "delete m"),
    ("rename m to n", "new version of m"),
    ("rename m to n", "promote m 3"),
    ("rename m to n", "alias m 3"),
    ("rename m to n", "delete m 1"),
    ("rename m to n", "describe m 1"),
    ("delete m", "create m"),
    ("delete m", "rename m to n"),
    ("delete m", "rename other to m"),
    ("delete m", "new version of m"),
    ("delete m", "promote m 3"),
    ("delete m", "alias m 3"),
    ("new version of m", "rename m to n"),
    ("new version of m", "delete m"),
    ("promote m 3", "promote m 2"),
    ("promote m 3", "demote m 1"),
    ("promote m 3", "rename m to n"),
    ("promote m 3", "delete m"),
    ("promote m 3", "delete m 1"),
    ("promote m 3", "new version of m"),
    ("delete m 3", "promote m 3"),
    ("delete m 1", "alias m 1"),
    ("delete m 1", "alias m 3"),
    ("delete m 3", "alias m 3"),
    ("delete m 1", "no alias m"),
    ("delete m 1", "rename m to n"),
    ("delete m 1", "delete m"),
    ("alias m 1", "delete m 1"),
    ("alias m 3", "rename m to n"),
    ("alias m 3", "delete m"),
    ("describe m 1", "rename m to n"),
    ("describe m 1", "promote m 3"),
]


@pytest.mark.parametrize(("act", "other"), OVERTAKEN, ids=[f"{a} by {b}" for a, b in OVERTAKEN])
def test_a_request_that_is_overtaken_anywhere_comes_before_or_after_the_other(
    engine: Engine, act: str, other: str
) -> None:
    outcomes = [in_turn(engine, act, other), in_turn(engine, other, act)]
    for store, by, answers, at in overtakings(engine, act, other):
        assert ({act: by, **answers}, everything(store, *NAMES)) in outcomes, at


@pytest.mark.parametrize("act", ["create n", "rename m to n", "delete m", "delete m 1", "promote m 3"])
def test_a_request_that_is_overtaken_anywhere_by_the_same_has_the_outcome_of_one(
    engine: Engine, act: str
) -> None:
    store = prepared(engine, "once")
    ACTS[act](store)
    once = everything(store, *NAMES)
    for store, by, answers, at in overtakings(engine, act, act):
        assert everything(store, *NAMES) == once, at
        assert "" in (by, answers[act]), at


def overtakings(engine: Engine, act: str, other: str) -> Iterator[tuple[Store, str, dict[str, str], int]]:
    """For each call at which a request can be overtaken: its workspace, its answer and the other's."""
    for at in count():
        assert at < MOST_CALLS
        name = f"overtaken-{at}"
        store = prepared(engine, name)
        answers: dict[str, str] = {}

        def overtake(store: Store = store, answers: dict[str, str] = answers) -> None:
            answers[other] = answer(store, other)

        overtaken, watch = watched(engine, name, at, overtake)
        by = answer(overtaken, act)
        if not watch.reached:
            assert at > 1
            return
        yield store, by, answers, at
