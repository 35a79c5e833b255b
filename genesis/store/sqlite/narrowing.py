"""Searches that a clause narrows to few documents: those are looked at one by one, however many there are."""

from __future__ import annotations

import operator
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import orjson

from genesis.search.clauses import Clause, Op, Path, Where
from genesis.store.engine import Document, Query, sort_key, value_at
from genesis.store.schema import Collection
from genesis.store.sqlite.places import behind, in_order
from genesis.store.sqlite.query import INDEXED, Sql, condition, is_entry, matching, scopes_of, select

FEW = 1000
"""Documents that are sorted faster by SQLite than an index is walked for them."""

READ = 200
"""As many where all must be read to be sorted."""

MORE = 2000
"""Documents that are read faster than all are sorted, where a walk would be too far."""

COMPARED: dict[Op, Callable[[Any, Any], bool]] = {
    Op.NE: lambda held, value: bool(held != value and value == value),
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
    Op.IN: lambda held, values: held in values,
    Op.NOT_IN: lambda held, values: held not in values,
    Op.IS_NOT_NULL: lambda held, _: True,
}
"""Of NaN Python thinks as the index does: it is not equal to anything, and on neither side of it."""

RANGES = (Op.EQ, Op.LT, Op.LE, Op.GT, Op.GE, Op.IN)
"""What an index finds at once."""


def narrowed(
    connection: sqlite3.Connection, collection: Collection, query: Query, most: int
) -> list[Document] | None:
    """The page, where a clause leaves fewer than ``most`` documents to look at."""
    reads = not _sorts(query)
    few = _driver(connection, collection, query.where, READ if reads and most == FEW else most)
    if few is None:
        return None
    return list(islice(_among_few(connection, collection, query, few), query.limit or None))


def _sorts(query: Query) -> bool:
    """Whether SQLite can sort few documents without looking at all."""
    return all(item.path.key is None or item.among for item in query.order)


def _driver(connection: sqlite3.Connection, collection: Collection, where: Where, most: int) -> Clause | None:
    """A clause that leaves fewer than ``most`` documents; None where none does."""
    return next((c for c in where if counted(connection, collection, c, where, most) < most), None)


def counted(
    connection: sqlite3.Connection, collection: Collection, clause: Clause, where: Where, most: int
) -> int:
    """Documents that fulfil a clause, ``most`` at most; as many where no index answers it."""
    found = _indexed(collection, clause, where)
    if found is None:
        return most
    rows = connection.execute(f"SELECT count(*) FROM (SELECT 1 FROM {found.text} LIMIT {most})", found.values)
    count: int = rows.fetchone()[0]
    return count


def _indexed(collection: Collection, clause: Clause, where: Where) -> Sql | None:
    """What follows FROM in the question for those that fulfil a clause, if an index answers it."""
    if is_entry(collection, clause):
        return matching(collection, clause, where) if clause.op in (*RANGES, Op.IS_NOT_NULL) else None
    if clause.op not in RANGES or clause.path.field not in INDEXED.get(collection.name, ()):
        return None
    place = [c for c in where if c.path in (Path(collection.scope), Path(collection.stage))]
    if len(place) != 2:
        return None
    parts = [condition(collection, c, scopes_of(collection, where), "d") for c in (*place, clause)]
    text = " AND ".join(part.text for part in parts)
    return Sql(f"{collection.name} d WHERE {text}", tuple(v for part in parts for v in part.values))


def _among_few(
    connection: sqlite3.Connection, collection: Collection, query: Query, few: Clause
) -> Iterator[Document]:
    """The documents that match, in order, ``few`` being the clause that leaves few."""
    left = unasked(collection, query.where, (few,))
    asked = replace(query, where=tuple(c for c in query.where if c not in left), limit=0)
    if _sorts(query):
        return _read(connection, collection, select(collection, asked, few, "rowid"), left)
    asked = replace(asked, order=(), after=None)
    found = _read(connection, collection, select(collection, asked, few, "rowid"), left)
    ranked = ((sort_key(collection, query.order, document), document) for document in found)
    return (d for _, d in in_order(query.order, behind(query.order, query.after, ranked)))


def _read(
    connection: sqlite3.Connection, collection: Collection, statement: Sql, left: Where
) -> Iterator[Document]:
    for (row,) in connection.execute(*statement):
        document = read(connection, collection, row)
        if holds(collection, document, left):
            yield document


def read(connection: sqlite3.Connection, collection: Collection, row: int) -> Document:
    """The document in a row of its table."""
    found = connection.execute(f"SELECT body FROM {collection.name} WHERE rowid = ?", (row,)).fetchone()
    document: Document = orjson.loads(found[0])
    return document


def unasked(collection: Collection, where: Where, asked: Where) -> Where:
    """Clauses on entries that are cheaper to look at in a document than to ask an index for."""
    ops = (*COMPARED, Op.IS_NULL)
    return tuple(c for c in where if is_entry(collection, c) and c.op in ops and c not in asked)


def holds(collection: Collection, document: Document, where: Where) -> bool:
    """Whether the document fulfils these clauses, which are of those that are ``unasked``."""
    for path, op, wanted in where:
        value = value_at(collection, document, path)
        if op is Op.IS_NULL:
            if value is not None:
                return False
        elif value is None or not COMPARED[op](value, wanted):
            return False
    return True
