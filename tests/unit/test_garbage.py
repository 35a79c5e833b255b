"""Garbage in cycles is looked for rarely, and found."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from genesis.garbage import COLLECTED, collect_rarely


class Cyclic:
    """Holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_it_is_looked_for_less_often_than_python_does() -> None:
    before = gc.get_threshold()
    collect_rarely()
    assert gc.get_threshold()[0] > before[0]
    assert gc.get_freeze_count() > 0


def test_a_cycle_is_collected_all_the_same() -> None:
    collect_rarely()
    gone = weakref.ref(Cyclic())
    kept = [[i] for i in range(2 * COLLECTED[0])]
    assert gone() is None
    assert kept
