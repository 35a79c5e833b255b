"""Pages walked along an index in the order asked for, as far as the page goes and no further.

Where the order begins with a map's entry, or with a field that has an index, documents come in groups of
one value; a group that is large is walked in the default order, which most often ends the sorting.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice, product
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import orjson

from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.engine import Document, Query, SortKey, sort_key
from genesis.store.schema import Collection
from genesis.store.sqlite.narrowing import counted, holds, read, unasked
from genesis.store.sqlite.places import behind, in_order
from genesis.store.sqlite.query import (
    INDEXED,
    Sql,
    compared,
    condition,
    entry_scope,
    has_entry,
    is_entry,
    scopes_of,
)

GROUP = 2000
"""Documents of one value that are sorted faster than others are passed over in their favour."""

PEEKED = 50
"""Documents of one value that are walked before it is asked how many have it."""

READ_GROUP = 600
"""As many of one value as are read at most, to be sorted by what only they hold."""

STEPS = 6000
"""Rows that are walked before all is sorted instead; a document that is read counts as ``READ`` more."""
READ = 3

LARGE = 2000
"""Documents of a page up to which reading them one by one is not dearer than sorting all."""

WALKS = 16
"""Scopes and stages that are walked side by side at most."""

NAN = "NaN"
SIDES = {Op.EQ: "<>", Op.LT: "<", Op.LE: "<", Op.GT: ">", Op.GE: ">"}
"""The sides on which a clause bounds a value."""


def both(*parts: Sql) -> Sql:
    """All of these."""
    return Sql(
        " AND ".join(part.text for part in parts) or "1", tuple(v for part in parts for v in part.values)
    )


def _stages(collection: Collection, where: Where) -> list[tuple[str, ...]]:
    """The stages that a search fixes; none where it fixes none."""
    fixed = (clause for clause in where if clause.path == Path(collection.stage))
    values = [c.value if c.op is Op.IN else (c.value,) for c in fixed if c.op in (Op.EQ, Op.IN)]
    return [tuple(dict.fromkeys(found)) for found in values[:1]]


def _ranged(x: str, clauses: Sequence[Clause], may_be_nan: bool) -> Sql:
    """All clauses, of which SQLite uses the first on each side to find the place in the index.

    It would use any, and then pass over what lies between that and the page.
    """
    parts: list[Sql] = []
    bound = ""
    for clause in clauses:
        sides = SIDES[clause.op]
        parts.append(compared(f"+{x}" if set(bound) & set(sides) else x, clause))
        bound += sides
    if may_be_nan and "<" not in bound:
        parts.append(Sql(f"{x} < ''"))
    return both(*parts)


def _direction(order: Order) -> str:
    return "ASC" if order.ascending else "DESC"


def _beyond(order: Order) -> str:
    return ">" if order.ascending else "<"


class TooFar(Exception):
    """The page would be found faster by sorting everything."""


class Row(NamedTuple):
    """A step of a walk: what it is ordered by, and the document's body or "" if SQL's conditions hold."""

    value: Any
    body: str | None
    row: int
    newest: str


def walked(connection: sqlite3.Connection, collection: Collection, query: Query) -> list[Document] | None:
    """The page; None where no index serves its order or the page is too far along it."""
    if not query.limit or not query.order or not collection.newest or not collection.maps:
        return None
    if query.limit > LARGE or len(scopes_of(collection, query.where)) > WALKS:
        return None
    walk = Walk(connection, collection, query, STEPS + READ * query.limit)
    if len(walk.places) > WALKS or _is_plain(walk):
        return None
    found = _page(walk)
    try:
        return None if found is None else list(islice(found, query.limit))
    except TooFar:
        return None


def _is_plain(walk: Walk) -> bool:
    """Whether SQLite walks the index of the default order by itself."""
    led = walk.query.order[0].path == Path(walk.collection.newest)
    return led and len(walk.places) == 1 and not any(is_entry(walk.collection, c) for c in walk.query.where)


def _page(walk: Walk) -> Iterator[Document] | None:
    """Documents in order, if an index is in that order."""
    lead, collection = walk.query.order[0], walk.collection
    if lead.path == Path(collection.newest):
        return walk.newest_first()
    if lead.path.field in INDEXED.get(collection.name, ()):
        return Led(walk, ByField(walk, lead)).page()
    if not lead.among and collection.map(lead.path.field) is not None:
        return Led(walk, ByEntry(walk, lead)).page()
    return None


class Walk:
    """What the walks of one search share: its conditions, its scopes and stages, and how far they may go."""

    def __init__(
        self, connection: sqlite3.Connection, collection: Collection, query: Query, steps: int
    ) -> None:
        self.connection = connection
        self.collection = collection
        self.query = query
        self.scopes = tuple(dict.fromkeys(scopes_of(collection, query.where)))
        stages = [[(collection.stage, v) for v in found] for found in _stages(collection, query.where)]
        self.places = [
            both(*(Sql(f"d.{field} = ?", (value,)) for field, value in place))
            for place in product([(collection.scope, scope) for scope in self.scopes], *stages)
        ]
        lead = query.order[0].path
        self.bounds = tuple(c for c in query.where if c.path == lead and c.op in SIDES)
        """Clauses on what leads the order: they say where the walk begins and ends."""
        self.left = unasked(collection, query.where, self.bounds)
        self.fits = both(*(self._asked(clause) for clause in query.where if clause not in self.left))
        self._steps = self._allowed = steps
        self._fitting = 0

    def _asked(self, clause: Clause) -> Sql:
        if clause.op is Op.EQ and is_entry(self.collection, clause):
            return has_entry(self.collection, clause)
        if clause in self.bounds:
            return Sql("1")
        return condition(self.collection, clause, self.scopes, "d")

    def rows(self, statements: list[Sql], falling: bool) -> Iterator[Row]:
        """What several statements give in one order, as one."""
        cursors = [self.connection.execute(*statement) for statement in statements]
        found: Iterator[tuple[Any, ...]] = cursors[0]
        if len(cursors) > 1:
            found = heapq.merge(*cursors, key=itemgetter(0), reverse=falling)
        for row in found:
            self._step(1)
            self._fitting += row[1] is not None
            yield Row._make(row)

    def _step(self, count: int) -> None:
        self._steps -= count
        if self._steps < 0 or self._is_slow(self._fitting):
            raise TooFar

    def _is_slow(self, found: int) -> bool:
        """Whether a quarter of the way has shown that the rest will not do."""
        return self._steps < self._allowed * 3 / 4 and found < self.query.limit / 4

    def statement(self, value: str, where: Sql, direction: str, source: str = "") -> Sql:
        """Documents that fulfil ``where``, ordered by ``value``, as ``Row`` has them."""
        body = "d.body" if self.left else "''"
        return Sql(
            f"SELECT {value}, CASE WHEN {self.fits.text} THEN {body} END, d.rowid, d.{self.collection.newest}"
            f" FROM {source}{self.collection.name} d WHERE {where.text} ORDER BY {value} {direction}",
            (*self.fits.values, *where.values),
        )

    def document(self, row: Row) -> Document | None:
        """The document, if all conditions hold."""
        if row.body is None:
            return None
        self._step(READ)
        if not row.body:
            return read(self.connection, self.collection, row.row)
        document: Document = orjson.loads(row.body)
        return document if holds(self.collection, document, self.left) else None

    def documents(self, rows: Iterator[Row]) -> Iterator[Document]:
        return (document for document in map(self.document, rows) if document is not None)

    def newest_first(self) -> Iterator[Document]:
        """A page that is led by the default order's field."""
        order, after = self.query.order[0], self.query.after
        x = f"d.{self.collection.newest}"
        ends = [] if after is None else [Sql(f"{x} {_beyond(order)} ?", (after[0][1],))]
        # Of one value, a field's own index has the documents in this order, too.
        own = INDEXED.get(self.collection.name, ())
        equal = [c for c in self.query.where if c.path.field in own and c.op in (Op.EQ, Op.IS_NULL)]
        ends += [condition(self.collection, clause, self.scopes, "d") for clause in equal]
        found = 0
        statements = [self.statement(x, both(place, *ends), _direction(order)) for place in self.places]
        for row in self.rows(statements, not order.ascending):
            document = self.document(row)
            if document is not None:
                found += 1
                yield document
            elif self._is_slow(found):
                raise TooFar

    def within(self, clause: Clause, after: SortKey | None) -> Iterator[Document]:
        """Documents by what is left of the order: all are equal in its first sort key, as ``clause`` says."""
        query, collection = self.query, self.collection
        inner = replace(
            query, where=(*query.where, clause), order=query.order[1:], after=after[1:] if after else None
        )
        found = _page(Walk(self.connection, collection, inner, self._steps)) if inner.order else None
        if found is None:
            raise TooFar
        return found


class ByEntry:
    """Documents by the value of one entry of a map."""

    def __init__(self, walk: Walk, lead: Order) -> None:
        self._walk = walk
        self._lead = lead
        self._mapping = walk.collection.map(lead.path.field)
        self.has_nan = self._mapping is not None and bool(self._mapping.members)
        self.group_size = GROUP

    def values(self, *clauses: Clause) -> Iterator[Row]:
        """Documents that have a value for which ``clauses`` and the bounds hold, by that value."""
        asked = _ranged("e.value", (*clauses, *self._walk.bounds), self.has_nan)
        statements = [
            self._walk.statement(
                "e.value",
                both(self._entries(scope), asked),
                _direction(self._lead),
                # Without CROSS it is SQLite who chooses which to begin with.
                "entries e CROSS JOIN ",
            )
            for scope in self._walk.scopes
        ]
        return self._walk.rows(statements, not self._lead.ascending)

    def _entries(self, scope: str) -> Sql:
        return Sql(
            "d.id = e.id AND e.scope = ? AND e.field = ? AND e.key = ?",
            (entry_scope(self._walk.collection, scope), *self._lead.path),
        )


class ByField:
    """Documents by the value of a field that has an index, in default order where they have one value."""

    def __init__(self, walk: Walk, lead: Order) -> None:
        self._walk = walk
        self._lead = lead
        self._x = f"d.{lead.path.field}"
        self.has_nan = False
        # No document is passed over in a large one.
        self.group_size = PEEKED

    def values(self, *clauses: Clause) -> Iterator[Row]:
        """Documents that have a value for which ``clauses`` and the bounds hold, by that value."""
        asked = (Sql(f"{self._x} IS NOT NULL"), _ranged(self._x, (*clauses, *self._walk.bounds), False))
        statements = [
            self._walk.statement(self._x, both(place, *asked), _direction(self._lead))
            for place in self._walk.places
        ]
        return self._walk.rows(statements, not self._lead.ascending)


class Led:
    """A page whose order begins with a value: groups of equal values, NaN, and what has none."""

    def __init__(self, walk: Walk, source: ByEntry | ByField) -> None:
        self._walk = walk
        self._source = source
        query = walk.query
        self._order = query.order
        self._lead = query.order[0]
        second = query.order[1] if len(query.order) > 1 else None
        self._newest = second if second and second.path == Path(walk.collection.newest) else None
        """The default order, where it decides between equal values."""
        self._most = READ_GROUP if self._newest is None else source.group_size

    def page(self) -> Iterator[Document]:
        after = self._walk.query.after
        rank = after[0][0] if after else 0
        if rank == 0:
            yield from self._values(after)
        if rank <= 1 and self._source.has_nan and not self._walk.bounds:
            yield from self._group(NAN, after if rank == 1 else None)
        if self._may_be_missing():
            yield from self._walk.within(Clause(self._lead.path, Op.IS_NULL), after if rank == 2 else None)

    def _may_be_missing(self) -> bool:
        clauses = [clause for clause in self._walk.query.where if clause.path == self._lead.path]
        return all(clause.op is Op.IS_NULL for clause in clauses)

    def _values(self, after: SortKey | None) -> Iterator[Document]:
        last = None
        if after is not None:
            last = after[0][1]
            yield from self._group(last, after)
        while True:
            for value, rows in groupby(self._source.values(*self._beyond(last)), itemgetter(0)):
                last = value
                group = self._small(value, rows)
                if group is None:
                    # What is left of it is not to be read: the walk begins anew behind it.
                    yield from self._large(value, None)
                    break
                yield from self._sorted(group, None)
            else:
                return

    def _group(self, value: Any, after: SortKey | None) -> Iterator[Document]:
        """What has one value, behind ``after``."""
        group = self._small(value, self._source.values(self._is(value)))
        return self._large(value, after) if group is None else self._sorted(group, after)

    def _small(self, value: Any, rows: Iterator[Row]) -> list[Row] | None:
        """All of what has one value; None where that is too much to be sorted."""
        walk, most = self._walk, self._most
        group = list(islice(rows, PEEKED))
        if len(group) == PEEKED:
            where = walk.query.where
            if counted(walk.connection, walk.collection, self._is(value), where, most) >= most:
                return None
            group += rows
        return group

    def _large(self, value: Any, after: SortKey | None) -> Iterator[Document]:
        return self._walk.within(self._is(value), after)

    def _is(self, value: Any) -> Clause:
        return Clause(self._lead.path, Op.EQ, value)

    def _beyond(self, value: Any) -> list[Clause]:
        """That a value comes after this one; where there is none, any does."""
        op = Op.GT if self._lead.ascending else Op.LT
        return [] if value is None else [Clause(self._lead.path, op, value)]

    def _sorted(self, rows: list[Row], after: SortKey | None) -> Iterator[Document]:
        """Documents of one value by the other sort keys."""
        if self._newest is not None:
            # Its field is at hand: only documents that go into the page are read.
            falling, last = not self._newest.ascending, after[1][1] if after else None
            rows = [
                row for row in rows if last is None or (row.newest < last if falling else row.newest > last)
            ]
            rows.sort(key=attrgetter("newest"), reverse=falling)
            return self._walk.documents(iter(rows))
        found = self._walk.documents(iter(rows))
        keyed = ((sort_key(self._walk.collection, self._order, d), d) for d in found)
        return (d for _, d in in_order(self._order, behind(self._order, after, keyed)))
