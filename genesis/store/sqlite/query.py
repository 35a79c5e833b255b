"""Clauses, sort keys and page positions as SQL; every value is a bound parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.engine import Query, SortKey
from genesis.store.schema import Collection, Map

OPERATORS: dict[Op, str] = {
    Op.EQ: "{x} = ?",
    Op.NE: "{x} <> ?",
    Op.LT: "{x} < ?",
    Op.LE: "{x} <= ?",
    Op.GT: "{x} > ?",
    Op.GE: "{x} >= ?",
    Op.LIKE: "{x} LIKE ?",
    Op.ILIKE: "fold({x}) LIKE fold(?)",
    Op.IN: "{x} IN (SELECT value FROM json_each(?))",
    Op.NOT_IN: "{x} NOT IN (SELECT value FROM json_each(?))",
}

NUMBERS_ONLY = " AND {x} < ''"
"""NaN is the text 'NaN' in the index, and SQLite sorts every text behind every number."""


INDEXED: dict[str, tuple[str, ...]] = {
    "runs": ("status", "start_time", "end_time"),
    "logged_models": ("created",),
}
"""Fields with an index of their own (scope, stage, field, newest), for pages sorted by them and for filters.

Each costs a creation 7 µs of processor time, and an update only where it changes the field.
"""


class Sql(NamedTuple):
    """Part of a statement and the values for its marks."""

    text: str
    values: tuple[Any, ...] = ()


def select(collection: Collection, query: Query, driver: Clause | None = None, column: str = "body") -> Sql:
    """The statement that answers ``query`` with the bodies (or ``column``) of documents, in order.

    A ``driver`` is a clause that few documents fulfil, so that SQLite begins with those.
    """
    scopes = scopes_of(collection, query.where)
    entries = [(i, item) for i, item in enumerate(query.order) if item.path.key is not None]
    sorted_by = [
        _sorted_by_latest(collection, item, i, scopes)
        if item.among
        else _sorted_by(collection, item.path, i, scopes)
        for i, item in entries
    ]
    terms = [_terms(collection, item, i) for i, item in enumerate(query.order)]
    if query.order and query.order[-1].path != Path(collection.newest):
        terms.append([("d.id", "ASC")])
    conditions = [
        _driving(collection, clause, driver, scopes) if driver else condition(collection, clause, scopes)
        for clause in query.where
    ]
    if query.after is not None:
        conditions.append(_behind(terms, query.after))
    # A plus keeps SQLite from using an index: here, from walking all documents in the order asked for.
    sign = "+" if driver else ""
    keys = [f"{sign}{x} {direction}" for term in terms for x, direction in term]
    joins = [f" LEFT JOIN o{i} ON o{i}.id = d.id" for i, _ in entries]
    text = (
        # Names are the schema's; every value is bound.
        ("WITH " + ", ".join(part.text for part in sorted_by) + " " if sorted_by else "")
        + f"SELECT d.{column} FROM {collection.name} d"
        + "".join(joins)
        + (" WHERE " + " AND ".join(c.text for c in conditions) if conditions else "")
        + (" ORDER BY " + ", ".join(keys) if query.order else "")
        + (f" LIMIT {int(query.limit)}" if query.limit else "")
    )
    return Sql(text, tuple(v for part in (*sorted_by, *conditions) for v in part.values))


def _driving(collection: Collection, clause: Clause, driver: Clause, scopes: Sequence[str]) -> Sql:
    """As ``condition``, such that no index serves it but the driver's."""
    if clause == driver:
        return condition(collection, clause, scopes, "d")
    if clause.op is Op.EQ and is_entry(collection, clause):
        return has_entry(collection, clause)
    within = clause.path.field in (collection.scope, collection.stage) and driver.path.key is None
    return condition(collection, clause, scopes, "d" if within else "+d")


def is_entry(collection: Collection, clause: Clause) -> bool:
    """Whether the clause speaks of an entry of a map."""
    return clause.path.key is not None and collection.map(clause.path.field) is not None


def has_entry(collection: Collection, clause: Clause) -> Sql:
    """That a document ``d`` has an entry of just this value: one look into the index for each."""
    return Sql(
        f"EXISTS (SELECT 1 FROM entries WHERE scope = ? || d.{collection.scope}"
        " AND field = ? AND key = ? AND value = ? AND id = d.id)",
        (entry_scope(collection, ""), *clause.path, clause.value),
    )


def condition(collection: Collection, clause: Clause, scopes: Sequence[str], table: str | None = None) -> Sql:
    """One clause as a condition on the documents' table ``d``; as ``+d`` its fields use no index."""
    field, key = clause.path
    if clause.op is Op.ANY:
        return _some_element(field, clause.value)
    if key is None:
        return compared(f"{table or _table(collection, clause)}.{field}", clause)
    if collection.list(field) is not None:
        return _some_element(field, (clause._replace(path=Path(key)),))
    mapping = collection.map(field)
    if mapping is None:
        # A sub-document that is not searched by, only guarded.
        inner = compared("json_extract(d.body, ?)", clause)
        return Sql(inner.text, (f'$.{field}."{key}"', *inner.values))
    return _entry(collection, mapping, clause, scopes)


def _table(collection: Collection, clause: Clause) -> str:
    """Without an index for ranges, of which SQLite would sort all that is in them for a page of a few."""
    ranged = clause.op not in (Op.EQ, Op.IS_NULL)
    return "+d" if ranged and clause.path.field in INDEXED.get(collection.name, ()) else "d"


def _some_element(field: str, clauses: Sequence[Clause]) -> Sql:
    """One element of a list fulfils all of ``clauses``."""
    inner = [compared("json_extract(e.value, ?)", clause) for clause in clauses]
    text = " AND ".join(part.text for part in inner)
    values = [v for c, part in zip(clauses, inner, strict=True) for v in (f"$.{c.path.field}", *part.values)]
    return Sql(f"EXISTS (SELECT 1 FROM json_each(d.body, ?) e WHERE {text})", (f"$.{field}", *values))


def _entry(collection: Collection, mapping: Map, clause: Clause, scopes: Sequence[str]) -> Sql:
    found = _matching(collection, mapping, clause, scopes)
    negation = "NOT " if clause.op is Op.IS_NULL else ""
    return Sql(f"d.id {negation}IN (SELECT id FROM {found.text})", found.values)


def matching(collection: Collection, clause: Clause, where: Where) -> Sql:
    """The entries that fulfil a clause on a map, in the scope that ``where`` fixes: what follows FROM."""
    mapping = collection.map(clause.path.field)
    if mapping is None:
        raise ValueError(f"{collection.name} has no map {clause.path.field!r}")
    return _matching(collection, mapping, clause, scopes_of(collection, where))


def _matching(collection: Collection, mapping: Map, clause: Clause, scopes: Sequence[str]) -> Sql:
    within = _within(collection, scopes)
    text = f"entries WHERE {within.text} AND field = ? AND key = ?"
    at = (*within.values, mapping.name, clause.path.key)
    if clause.op in (Op.IS_NULL, Op.IS_NOT_NULL):
        return Sql(text, at)
    inner = compared("value", clause)
    if mapping.members and clause.op in (Op.GT, Op.GE):
        inner = Sql(inner.text + NUMBERS_ONLY.format(x="value"), inner.values)
    return Sql(f"{text} AND {inner.text}", (*at, *inner.values))


def compared(x: str, clause: Clause) -> Sql:
    """A clause on the value of an expression."""
    if clause.op is Op.IS_NULL:
        return Sql(f"{x} IS NULL")
    if clause.op is Op.IS_NOT_NULL:
        return Sql(f"{x} IS NOT NULL")
    if clause.op not in (Op.IN, Op.NOT_IN):
        return Sql(OPERATORS[clause.op].format(x=x), (clause.value,))
    if clause.op is Op.IN and len(clause.value) == 1:
        # Plain equality lets the planner walk an index in the order that is asked for.
        return Sql(OPERATORS[Op.EQ].format(x=x), tuple(clause.value))
    return Sql(OPERATORS[clause.op].format(x=x), (orjson.dumps(list(clause.value)).decode(),))


def scopes_of(collection: Collection, where: Where) -> tuple[str, ...]:
    """The values of the collection's scope that a search is about."""
    for path, op, value in where:
        if path == Path(collection.scope):
            return tuple(value) if op is Op.IN else (value,)
    raise ValueError(f"a search of {collection.name} must fix its {collection.scope}")


def entry_scope(collection: Collection, scope: str) -> str:
    """The first column of the index of map entries."""
    return f"{collection.name}|{scope}"


def _sorted_by(collection: Collection, path: Path, i: int, scopes: Sequence[str]) -> Sql:
    """The map's entries that an order needs; materialized, or they would be walked for every document."""
    within = _within(collection, scopes)
    return Sql(
        f"o{i} AS MATERIALIZED (SELECT id, value FROM entries WHERE {within.text} AND field = ? AND key = ?)",
        (*within.values, path.field, path.key),
    )


def _sorted_by_latest(collection: Collection, item: Order, i: int, scopes: Sequence[str]) -> Sql:
    """The member that an order needs, of each document's latest element among those it speaks of."""
    field, member = item.path
    declared = collection.list(field)
    if declared is None:
        raise ValueError(f"{collection.name} has no list {field!r}")
    within = compared(f"d.{collection.scope}", Clause(Path(collection.scope), Op.IN, tuple(scopes)))
    equal = " AND ".join("json_extract(e.value, ?) = ?" for _ in item.among)
    latest = ", ".join(f"json_extract(e.value, '$.{name}') DESC" for name in declared.recency)
    text = (
        f"o{i} AS MATERIALIZED (SELECT d.id AS id, (SELECT json_extract(e.value, ?)"
        f" FROM json_each(d.body, ?) e WHERE {equal}"
        f" ORDER BY {latest}, json_extract(e.value, '$.{declared.tie}') LIMIT 1) AS value"
        f" FROM {collection.name} d WHERE {within.text})"
    )
    among = [part for path, _, value in item.among for part in (f"$.{path.field}", value)]
    return Sql(text, (f"$.{member}", f"$.{field}", *among, *within.values))


def _within(collection: Collection, scopes: Sequence[str]) -> Sql:
    named = tuple(entry_scope(collection, scope) for scope in scopes)
    return compared("scope", Clause(Path("scope"), Op.IN, named))


def _terms(collection: Collection, item: Order, i: int) -> list[tuple[str, str]]:
    """Expressions and directions that sort as ``Order`` says."""
    direction = "ASC" if item.ascending else "DESC"
    if item.path == Path(collection.newest):
        return [(f"d.{item.path.field}", direction)]
    if item.path.key is None:
        x = f"d.{item.path.field}"
        return [(f"({x} IS NULL) * 2", "ASC"), (x, direction)]
    x = f"o{i}.value"
    if _members(collection, item.path):
        rank = f"CASE typeof({x}) WHEN 'null' THEN 2 WHEN 'text' THEN 1 ELSE 0 END"
        return [(rank, "ASC"), (f"CASE typeof({x}) WHEN 'text' THEN NULL ELSE {x} END", direction)]
    return [(f"({x} IS NULL) * 2", "ASC"), (x, direction)]


def _members(collection: Collection, path: Path) -> bool:
    mapping = collection.map(path.field)
    return mapping is not None and bool(mapping.members)


def _behind(terms: Sequence[list[tuple[str, str]]], after: SortKey) -> Sql:
    """The condition that a document stands behind ``after``: the page begins there."""
    *places, id = after
    steps: list[tuple[str, str, Any]] = []
    # Where the order is unique by itself, the id has no term and takes no part.
    for term, (rank, value) in zip(terms, [*places, [0, id]], strict=False):
        if len(term) == 2:
            steps.append((term[0][0], ">", rank))
        x, direction = term[-1]
        if value is not None:
            steps.append((x, ">" if direction == "ASC" else "<", value))
    alternatives: list[str] = []
    values: list[Any] = []
    for i, (x, sign, value) in enumerate(steps):
        equal = [f"{e} = ?" for e, _, _ in steps[:i]]
        alternatives.append(" AND ".join([*equal, f"{x} {sign} ?"]))
        values += [*(v for _, _, v in steps[:i]), value]
    return Sql("(" + " OR ".join(alternatives) + ")", tuple(values))
