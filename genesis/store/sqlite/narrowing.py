"""Searches that equality narrows to few documents: those are looked at one by one, however many there are."""

from __future__ import annotations

import operator
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from genesis.search.clauses import Clause, Op, Where
from genesis.store.engine import Document, Query, value_at
from genesis.store.schema import Collection
from genesis.store.sqlite.query import matching

FEW = 250
"""Documents that are read faster one by one than an index is walked for them."""

NUMBERS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.GT: operator.gt,
    Op.GE: operator.ge,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.NE: operator.ne,
}
"""Of NaN Python thinks as the index does: it is not equal to anything, and on neither side of it."""


def narrowed(connection: sqlite3.Connection, collection: Collection, query: Query) -> Query | None:
    """What is left for SQL to ask where a clause leaves few documents; None where none does."""
    if not any(_is_few(connection, collection, clause, query.where) for clause in query.where):
        return None
    where = tuple(clause for clause in query.where if not _is_number(collection, clause))
    return query if len(where) == len(query.where) else replace(query, where=where, limit=0)


def _is_few(connection: sqlite3.Connection, collection: Collection, clause: Clause, where: Where) -> bool:
    mapping = collection.map(clause.path.field)
    if clause.op is not Op.EQ or clause.path.key is None or mapping is None or mapping.members:
        return False
    entries = matching(collection, clause, where)
    found = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {entries.text} LIMIT {FEW})", entries.values
    )
    return bool(found.fetchone()[0] < FEW)


def _is_number(collection: Collection, clause: Clause) -> bool:
    mapping = collection.map(clause.path.field)
    return mapping is not None and bool(mapping.members) and clause.op in NUMBERS


def rest(collection: Collection, query: Query, found: list[Document]) -> list[Document]:
    """Of what SQL found those for which its other clauses hold, too, and as many as were asked for."""
    left = [clause for clause in query.where if _is_number(collection, clause)]
    found = [d for d in found if all(_holds(collection, d, clause) for clause in left)]
    return found[: query.limit] if query.limit else found


def _holds(collection: Collection, document: Document, clause: Clause) -> bool:
    value = value_at(collection, document, clause.path)
    return value is not None and NUMBERS[clause.op](value, clause.value)
