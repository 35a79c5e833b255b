"""What one GraphQL query may ask for."""

from __future__ import annotations

import pytest

from genesis.api.graphql_limits import MAX_SELECTIONS, excess, parsed
from genesis.errors import Code, GenesisError


def told(query: str) -> str:
    return excess(parsed(query))


def nested(depth: int) -> str:
    return "{ a " * depth + "} " * depth


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (nested(10), ""),
        (nested(11), "Query exceeds maximum depth of 10"),
        ("{" + "a " * 10 + "}", ""),
        ("{" + "a " * 11 + "}", "at most 10 root fields, got 11"),
        ("query A {" + "a " * 6 + "} query B {" + "a " * 6 + "}", "at most 10 root fields, got 12"),
        ("{ a { " + "x: b " * 11 + "} }", "at most 10 aliases, got 11"),
        ("{ a { " + "x: b " * 6 + "} b { " + "x: b " * 6 + "} }", ""),
        ("{ a { " + "x: b " * 6 + "... { " + "x: b " * 6 + "} } }", "at most 10 aliases, got 12"),
        ("{ a { " + "x: b " * 6 + "...F } } fragment F on T { " + "x: b " * 6 + "}", "got 12 aliases"),
        ("{ a { " + "b " * (MAX_SELECTIONS - 1) + "} }", ""),
        ("{ a { " + "b " * MAX_SELECTIONS + "} }", "maximum total selections of 1000"),
    ],
)
def test_a_query_has_no_more_than_it_may_have(query: str, words: str) -> None:
    found = told(query)
    assert words in found and bool(words) == bool(found)


def test_fragments_that_contain_each_other_end() -> None:
    assert told("{ ...F } fragment F on Q { ...G } fragment G on Q { ...F a }") == ""
    assert told("{ ...F } fragment F on Q { a { ...F } }") == "Query exceeds maximum depth of 10"


def test_fragments_that_double_at_each_level_are_counted_once_each() -> None:
    doubling = " ".join(f"fragment F{i} on Q {{ ...F{i + 1} ...F{i + 1} }}" for i in range(100))
    assert told(f"{{ ...F0 }} {doubling} fragment F100 on Q {{ a }}") == ""


@pytest.mark.parametrize(
    "query", ["{", "}", "a b c", "{ a(b: " + "[" * 3000 + ") }", "{" * 3000, "{" + "a " * 4000 + "}", "\0"]
)
def test_what_is_no_document_is_refused(query: str) -> None:
    with pytest.raises(GenesisError) as refused:
        parsed(query)
    assert refused.value.code is Code.INVALID_PARAMETER_VALUE
