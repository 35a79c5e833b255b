"""LIKE patterns as regular expressions: what they match, and that no text makes them slow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import GenesisError
from genesis.search.clauses import Clause, Op, Path
from genesis.store.engine import Engine
from genesis.store.mongo.query import LONGEST_PATTERN, pattern, where
from genesis.store.schema import RUNS
from tests.store.documents import fill, ids, run

TAG = Path("tags", "t")


def like(text: str, wanted: str) -> bool:
    """Whether ``text`` is like ``wanted``, a letter at a time: no expression, nothing to go astray."""
    reached = {0}
    for wild in wanted:
        if wild == "%":
            reached = set(range(min(reached, default=len(text) + 1), len(text) + 1))
        else:
            reached = {i + 1 for i in reached if i < len(text) and wild in ("_", text[i])}
    return len(text) in reached


LETTERS = st.text("ab%_\n", max_size=12)


@given(text=st.text("ab\n", max_size=12), wanted=LETTERS)
def test_an_expression_matches_what_the_pattern_says(text: str, wanted: str) -> None:
    assert bool(re.search(pattern(wanted), text)) == like(text, wanted)


@given(text=st.text(max_size=8), wanted=st.text(max_size=8))
def test_an_expression_of_any_letters_matches_what_the_pattern_says(text: str, wanted: str) -> None:
    assert bool(re.search(pattern(wanted), text)) == like(text, wanted)


@given(text=st.text("aB[]{}^$|()*+?.\\ #-&~/\n\0", max_size=8), wilds=st.sets(st.integers(0, 8)))
def test_a_text_is_like_itself_with_anything_in_any_place(text: str, wilds: set[int]) -> None:
    wanted = "".join("%" * (i in wilds) + c for i, c in enumerate(text))
    assert re.search(pattern(wanted), text)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("%a" * 4 + "%b", "a" * 200),
        ("%a" * 300 + "%b", "a" * 8000),
        ("%a" * 300 + "b%", "a" * 8000),
        ("%_a" * 200 + "%b", "a" * 8000),
        ("%" + "a" * 500 + "b%", "a" * 8000),
        ("%" + "a" * 500 + "b", "a" * 8000),
        ("%" + "_" * 500 + "b%", "a" * 8000),
        ("%_" * 300 + "b", "a" * 8000),
    ],
    ids=lambda text: text[:12],
)
def test_no_text_makes_an_expression_slow(wanted: str, text: str) -> None:
    expression = re.compile(pattern(wanted))
    # One that goes back would not be done in a lifetime.
    assert expression.search(text) is None


def test_a_search_that_once_took_a_minute_is_answered(engine: Engine) -> None:
    fill(engine, run("a", tags={"t": "a" * 200}), run("b", tags={"t": "a" * 200 + "b"}))
    # It ended in a 503, when the driver's patience did.
    assert ids(engine, Clause(TAG, Op.LIKE, "%a%a%a%a%b")) == ["b"]


def test_a_pattern_without_a_wild_card_is_equality_of_any_length(engine: Engine) -> None:
    text = "(x) " * 2000
    fill(engine, run("a", tags={"t": text}), run("b", tags={"t": text + "."}))
    assert ids(engine, Clause(TAG, Op.LIKE, text)) == ["a"]
    assert where(RUNS, [Clause(TAG, Op.LIKE, text)]) == {"tags.t": {"$eq": text}}


def test_a_pattern_as_long_as_a_tag_is_taken() -> None:
    wanted = "_" * 4000 + "%" + "x" * 3998 + "%"
    assert re.search(pattern(wanted), "y" * 4000 + "x" * 3998)


@pytest.mark.parametrize("wanted", ["%" + "x" * LONGEST_PATTERN, "%x" * LONGEST_PATTERN, "ä" * 9000 + "%"])
@pytest.mark.parametrize("op", [Op.LIKE, Op.ILIKE])
def test_a_pattern_too_long_for_the_database_is_refused(wanted: str, op: Op) -> None:
    with pytest.raises(GenesisError, match="too long") as refused:
        where(RUNS, [Clause(TAG, op, wanted)])
    assert refused.value.status == 400
