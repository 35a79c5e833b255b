"""Long pages are made element by element."""

from __future__ import annotations

import pytest

from genesis.store.each import Each


@pytest.fixture
def asked() -> list[int]:
    return []


@pytest.fixture
def each(asked: list[int]) -> Each[int, str]:
    def made(number: int) -> str:
        asked.append(number)
        return str(number)

    return Each(range(5), made)


def test_nothing_is_made_before_it_is_asked_for(each: Each[int, str], asked: list[int]) -> None:
    assert len(each) == 5
    assert each
    part = each[1:3]
    assert asked == []
    assert next(iter(part)) == "1"
    assert asked == [1]


def test_it_is_a_sequence(each: Each[int, str]) -> None:
    assert list(each) == ["0", "1", "2", "3", "4"]
    assert each[-1] == "4"
    assert list(each[1:3]) == ["1", "2"]
    assert not each[5:]
    with pytest.raises(IndexError):
        each[5]
