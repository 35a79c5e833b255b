"""The filter language by itself: what is taken apart, and what is refused before any entity is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from genesis.errors import GenesisError
from genesis.search import grammar
from genesis.search.grammar import Comparison, Triple, Value

READS: list[Callable[[str], object]] = [
    lambda text: list(grammar.comparisons(text)),
    lambda text: list(grammar.triples(text)),
    grammar.ordering,
]


@pytest.mark.parametrize("text", ["", None])
def test_nothing_asks_for_nothing(text: str) -> None:
    assert list(grammar.comparisons(text)) == []


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("a.b = 'x'", Comparison("a.b", "=", Value("text", "'x'"))),
        ("a.b >= -1", Comparison("a.b", ">=", Value("integer", "-1"))),
        ("a.b < 1.5", Comparison("a.b", "<", Value("float", "1.5"))),
        ("a LIKE b", Comparison("a", "LIKE", Value("text", "b"))),
        ("a IN ('x', 'y')", Comparison("a", "IN", Value("list", "('x', 'y')"))),
        ("a NOT IN ('x')", Comparison("a", "NOT IN", Value("list", "('x')"))),
        ("a IS NULL", Comparison("a", "IS NULL", None)),
        ("a is not null", Comparison("a", "IS NOT NULL", None)),
        ("a.`b c` = 'x'", Comparison("a.`b c`", "=", Value("text", "'x'"))),
    ],
)
def test_a_comparison_is_taken_apart(text: str, comparison: Comparison) -> None:
    assert list(grammar.comparisons(text)) == [comparison]


@pytest.mark.parametrize("word", ["AND", "and", " And\n"])
def test_comparisons_are_joined_by_and_in_any_case(word: str) -> None:
    found = grammar.comparisons(f"a = 'x' {word} b = 'y' {word} c = 'z'")
    assert [comparison.identifier for comparison in found] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "a = 'x' OR b = 'y'",
        "a = 'x'; b = 'y'",
        "(a = 'x')",
        "a",
        "=",
        ";",
        " ",
        "NOT a = 'x'",
    ],
)
def test_anything_but_comparisons_joined_by_and_is_refused(text: str) -> None:
    with pytest.raises(GenesisError) as refused:
        list(grammar.comparisons(text))
    assert refused.value.status == 400


def test_a_refusal_names_what_it_refuses() -> None:
    with pytest.raises(GenesisError, match=r"Invalid clause\(s\) in filter string: 'OR'"):
        list(grammar.comparisons("a = 'x' OR b = 'y'"))


def test_what_stands_before_a_fault_is_read_first() -> None:
    found = grammar.comparisons("a = 'x' AND 'b' = 'y'")
    assert next(found).identifier == "a"
    with pytest.raises(GenesisError, match="Expected 'Identifier' found ''b''"):
        next(found)


def test_a_filter_of_logged_models_is_read_as_it_is_written() -> None:
    found = grammar.triples("a.`b` like x AND 5 = 'y' and c NOT IN ('z',  1)")
    assert list(found) == [
        Triple("a.`b`", "like", "x"),
        Triple("5", "=", "'y'"),
        Triple("c", "NOT IN", "('z',  1)"),
    ]


@pytest.mark.parametrize("text", ["", None])
def test_no_filter_of_logged_models_asks_for_nothing(text: str) -> None:
    assert list(grammar.triples(text)) == []


@pytest.mark.parametrize("text", ["a = 'x' OR b = 'y'", "a IS NULL", "a = 'x'; b = 'y'", " ", "(a = 'x')"])
def test_anything_but_comparisons_of_logged_models_is_refused(text: str) -> None:
    with pytest.raises(GenesisError) as refused:
        list(grammar.triples(text))
    assert refused.value.status == 400


@pytest.mark.parametrize("mark", ["'", '"'])
def test_a_text_loses_its_quotes(mark: str) -> None:
    assert grammar.unquoted(f"{mark}it {mark}") == "it "


@pytest.mark.parametrize("text", ["x", "'x", 'x"', "'x\"", "'", ""])
def test_a_text_without_its_quotes_is_refused(text: str) -> None:
    with pytest.raises(GenesisError, match="not quoted"):
        grammar.unquoted(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [("('a')", ("a",)), ("('a', \"b\")", ("a", "b")), ("('a',)", ("a",)), ("('a, b')", ("a, b",))],
)
def test_a_list_is_its_texts(text: str, values: tuple[str, ...]) -> None:
    assert grammar.listed(text) == values


@pytest.mark.parametrize(
    "text",
    ["()", "(1)", "('a', 2)", "(a)", "('a'", "({[]: 1})", "(0x" + "f" * 9_000 + ")", "(" * 200 + ")" * 200],
    ids=lambda text: text[:12],
)
def test_a_list_of_anything_but_texts_is_refused(text: str) -> None:
    with pytest.raises(GenesisError, match="While parsing a list"):
        grammar.listed(text)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("a", ("a", True)),
        ("a ASC", ("a", True)),
        ("a desc", ("a", False)),
        ("a.`b c` DESC", ("a.b c", False)),
        ("timestamp DESC", ("timestamp", False)),
    ],
)
def test_an_order_is_an_identifier_and_a_direction(text: str, order: tuple[str, bool]) -> None:
    assert grammar.ordering(text) == order


@pytest.mark.parametrize("text", ["", " ", "a, b", "a DESC b", "a = 1", "1", "a `", "a; b", "DESC"])
def test_an_order_of_anything_else_is_refused(text: str) -> None:
    with pytest.raises(GenesisError) as refused:
        grammar.ordering(text)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "text",
    [
        "a = 'x' AND " * 20_000,
        "(" * 50_000,
        "((a = 'x') AND " * 3_000,
        "a" * 200_000,
        "`" * 99_999,
        "a = " + "CASE " * 5_000,
    ],
    ids=["many clauses", "deep", "deep and long", "one long word", "quotes", "keywords"],
)
@pytest.mark.parametrize("read", READS, ids=["filter", "filter of logged models", "order"])
def test_a_monstrous_text_is_refused(read: Callable[[str], object], text: str) -> None:
    # Without bounds some of these take minutes.
    with pytest.raises(GenesisError):
        read(text)
