"""What a search asks of a document, once the text is parsed."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple


class Op(StrEnum):
    """Comparisons; those up to NOT_IN hold only where the document has a value."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    LIKE = "LIKE"
    ILIKE = "ILIKE"
    IN = "IN"
    NOT_IN = "NOT IN"
    IS_NOT_NULL = "IS NOT NULL"
    IS_NULL = "IS NULL"
    ANY = "ANY"
    """Of a list's elements: one fulfils every clause in the value, whose paths are its members."""
    ABSENT = "ABSENT"
    """Of a list's elements: none has this value."""
    ABSENT_OR_EQ = "ABSENT OR ="
    """Guards of updates only: nothing there yet, or the same."""


class Path(NamedTuple):
    """A place in a document: a field, an entry of a map, or a member of a list's elements."""

    field: str
    key: str | None = None


class Clause(NamedTuple):
    """One condition; a search is all of its clauses at once."""

    path: Path
    op: Op
    value: Any = None


class Order(NamedTuple):
    """One sort key: values first, NaN behind them, then documents that lack it, in either direction.

    ``among`` is for a list's members: of its elements the latest counts that equals all of these.
    """

    path: Path
    ascending: bool = True
    among: tuple[Clause, ...] = ()


Where = tuple[Clause, ...]
