"""Texts that look like filters and orders, made by hypothesis."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

WORDS = (
    *("=", "!=", ">", "<", ">=", "<=", "LIKE", "ilike", "IN", "NOT", "NOT IN"),
    *("IS", "NULL", "IS NULL", "IS NOT NULL", "AND", "and", "OR", "ASC", "DESC"),
    *("'a'", '"a"', "5", "-1.5", "1e3", "('a', 'b')", "('a')", "(1)", "(1, 'a')", "()", "nan"),
    *("(", ")", ",", ";", ".", "`", "'", '"', "--", "/*", "*/", "*", "%", "\n", "\t", "\\"),
    *("ä", "🙂", "SELECT", "CASE", "END", "BETWEEN", "timestamp", "x"),
)
OPERATORS = ("=", "!=", ">", "LIKE", "ILIKE", "ilike", "IN", "NOT IN", "IS NULL", "IS NOT NULL", "<=")
VALUES = ("'a'", '"b"', "5", "-1.5", "('a', 'b')", "('5')", "", "'5'", "x", "(5)", "(1, 2)", "'true'")

MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def filters(identifiers: Sequence[str]) -> st.SearchStrategy[str]:
    """Filters of these identifiers: well formed, nearly so, and not at all."""
    pieces = st.sampled_from((*identifiers, *WORDS))
    comparisons = st.builds(
        "{} {} {}".format, st.sampled_from(identifiers), st.sampled_from(OPERATORS), st.sampled_from(VALUES)
    )
    return st.one_of(
        st.lists(comparisons, min_size=1, max_size=4).map(" AND ".join),
        st.lists(st.one_of(comparisons, pieces), min_size=1, max_size=7).map(" ".join),
        st.lists(pieces, min_size=1, max_size=8).map("".join),
        st.text(max_size=12),
    )


def orders(identifiers: Sequence[str]) -> st.SearchStrategy[str]:
    """Items of an order_by of these identifiers."""
    items = st.builds(
        "{}{}".format,
        st.sampled_from(identifiers),
        st.sampled_from(("", " ASC", " DESC", " desc", " x", " ")),
    )
    return st.one_of(items, filters(identifiers))
