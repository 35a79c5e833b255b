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


class Sql(NamedTuple):
    """Part of a statement and the values for its marks."""

    text: str
    values: tuple[Any, ...] = ()


def select(collection: Collection, query: Query) -> Sql:
    """The statement that answers ``query`` with the bodies of documents, in order."""
    scopes = _scopes(collection, query.where)
    joins = [_join(collection, item.path, i, scopes) for i, item in enumerate(query.order)]
    terms = [_terms(collection, item, i) for i, item in enumerate(query.order)]
    conditions = [condition(collection, clause, scopes) for clause in query.where]
    if query.after is not None:
        conditions.append(_behind(terms, query.order, query.after))
    keys = [f"{x} {direction}" for term in terms for x, direction in term]
    text = (
        f"SELECT d.body FROM {collection.name} d"  # noqa: S608 (names are the schema's, values are bound)
        + "".join(join.text for join in joins)
        + (" WHERE " + " AND ".join(c.text for c in conditions) if conditions else "")
        + (" ORDER BY " + ", ".join([*keys, "d.id"]) if query.order else "")
        + (f" LIMIT {int(query.limit)}" if query.limit else "")
    )
    return Sql(text, tuple(v for part in (*joins, *conditions) for v in part.values))


def condition(collection: Collection, clause: Clause, scopes: Sequence[str]) -> Sql:
    """One clause as a condition on the documents' table ``d``."""
    field, key = clause.path
    if key is None:
        return _compare(f"d.{field}", clause)
    if field in collection.lists:
        inner = _compare("json_extract(e.value, ?)", clause)
        return Sql(
            f"EXISTS (SELECT 1 FROM json_each(d.body, ?) e WHERE {inner.text})",  # noqa: S608
            (f"$.{field}", f"$.{key}", *inner.values),
        )
    mapping = collection.map(field)
    if mapping is None:
        raise ValueError(f"{collection.name} has no map {field!r}")
    return _entry(mapping, clause, scopes)


def _entry(mapping: Map, clause: Clause, scopes: Sequence[str]) -> Sql:
    within = _within(scopes)
    entries = f"(SELECT id FROM entries WHERE {within.text} AND field = ? AND key = ?"  # noqa: S608
    at = (*within.values, mapping.name, clause.path.key)
    if clause.op is Op.IS_NULL:
        return Sql(f"d.id NOT IN {entries})", at)
    if clause.op is Op.IS_NOT_NULL:
        return Sql(f"d.id IN {entries})", at)
    inner = _compare("value", clause)
    if mapping.members and clause.op in (Op.GT, Op.GE):
        inner = Sql(inner.text + NUMBERS_ONLY.format(x="value"), inner.values)
    return Sql(f"d.id IN {entries} AND {inner.text})", (*at, *inner.values))


def _compare(x: str, clause: Clause) -> Sql:
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


def _scopes(collection: Collection, where: Where) -> tuple[str, ...]:
    for path, op, value in where:
        if path == Path(collection.scope):
            values = tuple(value) if op is Op.IN else (value,)
            return tuple(entry_scope(collection, v) for v in values)
    raise ValueError(f"a search of {collection.name} must fix its {collection.scope}")


def entry_scope(collection: Collection, scope: str) -> str:
    """The first column of the index of map entries."""
    return f"{collection.name}|{scope}"


def _join(collection: Collection, path: Path, i: int, scopes: Sequence[str]) -> Sql:
    """What an order by a map's entry needs beside the documents' own table."""
    if path.key is None:
        return Sql("")
    within = _within(scopes)
    return Sql(
        f" LEFT JOIN (SELECT id, value FROM entries WHERE {within.text}"  # noqa: S608
        f" AND field = ? AND key = ?) o{i} ON o{i}.id = d.id",
        (*within.values, path.field, path.key),
    )


def _within(scopes: Sequence[str]) -> Sql:
    return _compare("scope", Clause(Path("scope"), Op.IN, scopes))


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


def _behind(terms: Sequence[list[tuple[str, str]]], order: Sequence[Order], after: SortKey) -> Sql:
    """The condition that a document stands behind ``after``: the page begins there."""
    steps: list[tuple[str, str, Any]] = []
    for term, (rank, value) in zip(terms, after[:-1], strict=True):
        if len(term) == 2:
            steps.append((term[0][0], ">", rank))
        x, direction = term[-1]
        if value is not None:
            steps.append((x, ">" if direction == "ASC" else "<", value))
    if len(order) == 1 and len(steps) == 1:
        # A unique order: its index serves the condition as it stands.
        x, sign, value = steps[0]
        return Sql(f"{x} {sign} ?", (value,))
    steps.append(("d.id", ">", after[-1]))
    alternatives: list[str] = []
    values: list[Any] = []
    for i, (x, sign, value) in enumerate(steps):
        equal = [f"{e} = ?" for e, _, _ in steps[:i]]
        alternatives.append("(" + " AND ".join([*equal, f"{x} {sign} ?"]) + ")")
        values += [*(v for _, _, v in steps[:i]), value]
    return Sql("(" + " OR ".join(alternatives) + ")", tuple(values))
