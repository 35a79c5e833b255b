"""Clauses, guards and changes in MongoDB's language: flat filters, and operators every service has.

No aggregation, no pipeline updates, no `$or`: see docs/adr/0002-portable-mongodb.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from genesis.errors import invalid
from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store.engine import Change, Document
from genesis.store.schema import Collection

Filter = dict[str, Any]

END = r"(?![\s\S])"
"""The very end of the text: `$` would also match before a last newline."""

SPECIAL = re.compile(r"_+|[\\.^$*+?()\[\]{}|\0]")
"""What is written otherwise in a regular expression than in a LIKE pattern; `%` is seen to before."""

LONGEST_PATTERN = 16_000
"""Bytes of a regular expression: mongod takes about twice as many (PCRE's own limit, and every wild
card takes more inside), and a text as long as a tag still fits in."""

WILD = re.compile("[%_]")

OPERATORS: dict[Op, Callable[[Any], Any]] = {
    Op.EQ: lambda value: {"$eq": value},
    Op.LT: lambda value: {"$lt": value},
    Op.LE: lambda value: {"$lte": value},
    Op.GT: lambda value: {"$gt": value},
    Op.GE: lambda value: {"$gte": value},
    # Absent is not unequal: `$ne` and `$nin` alone would match it.
    Op.NE: lambda value: {"$ne": value, "$exists": True},
    Op.NOT_IN: lambda value: {"$nin": list(value), "$exists": True},
    Op.IN: lambda value: {"$in": list(value)},
    Op.LIKE: lambda value: {"$regex": pattern(value)} if WILD.search(value) else {"$eq": value},
    Op.ILIKE: lambda value: {"$regex": pattern(value), "$options": "i"},
    Op.IS_NULL: lambda _: {"$exists": False},
    Op.IS_NOT_NULL: lambda _: {"$exists": True},
    Op.ABSENT_OR_EQ: lambda value: {"$in": [None, value]},
}


def pattern(like: str) -> str:
    """A LIKE pattern as an anchored regular expression; everything but `%` and `_` is literal.

    Each part between two `%` is looked for once, from the left: `(?>…)` never goes back into it. The
    first place is as good as any later one, so nothing is missed, and no text takes long.
    """
    first, *parts = like.split("%")
    expression = "^" + _literal(first)
    if not parts:
        expression += END
    else:
        *between, last = parts
        expression += "".join(rf"(?>[\s\S]*?{_literal(part)})" for part in between if part)
        if last:
            expression += rf"[\s\S]*{_literal(last)}{END}"
    if len(expression.encode()) > LONGEST_PATTERN:
        raise invalid("The pattern of a LIKE or ILIKE is too long for the database.")
    return expression


def _literal(part: str) -> str:
    """A part of a LIKE pattern that has no `%`."""

    def escaped(found: re.Match[str]) -> str:
        text = found[0]
        if text[0] == "_":
            return rf"[\s\S]{{{len(text)}}}"
        return r"\x00" if text == "\0" else "\\" + text

    return SPECIAL.sub(escaped, part)


def escape(key: str) -> str:
    """A map's key as a field name: a dot would be a path, a dollar an operator, a NUL the name's end."""
    if "." not in key and "$" not in key and "%" not in key and "\0" not in key:
        return key
    return key.replace("%", "%25").replace(".", "%2E").replace("$", "%24").replace("\0", "%00")


def unescape(name: str) -> str:
    if "%" not in name:
        return name
    return name.replace("%00", "\0").replace("%24", "$").replace("%2E", ".").replace("%25", "%")


def where(collection: Collection, clauses: Iterable[Clause]) -> Filter:
    """All clauses as one flat filter."""
    conditions: Filter = {}
    none_of: list[Filter] = []
    for clause in clauses:
        name, condition = _condition(collection, clause, none_of)
        _and(conditions, name, condition)
    if none_of:
        conditions["$nor"] = none_of
    return conditions


def _condition(collection: Collection, clause: Clause, none_of: list[Filter]) -> tuple[str, Any]:
    field, key = clause.path
    if clause.op is Op.ANY:
        return field, {"$elemMatch": {c.path.field: OPERATORS[c.op](c.value) for c in clause.value}}
    if clause.op is Op.ABSENT:
        return f"{field}.{key}", {"$ne": clause.value}
    if key is not None and collection.list(field) is not None:
        return field, {"$elemMatch": {key: OPERATORS[clause.op](clause.value)}}
    mapping = collection.map(field)
    name = field if key is None else f"{field}.{escape(key)}"
    if mapping is None or not mapping.members or clause.op in (Op.IS_NULL, Op.IS_NOT_NULL):
        return name, OPERATORS[clause.op](clause.value)
    if clause.op is Op.NE:
        # NaN, which is stored as 0, differs from every number.
        none_of.append({f"{name}.value": clause.value, f"{name}.nan": {"$ne": True}})
        return name, {"$exists": True}
    none_of.append({f"{name}.nan": True})
    return f"{name}.value", OPERATORS[clause.op](clause.value)


def _and(conditions: Filter, name: str, condition: Mapping[str, Any]) -> None:
    """Add a condition on a field that may have some already."""
    held = conditions.setdefault(name, {})
    if held.keys() & condition.keys():
        # The one case a flat filter cannot say: the same operator twice on one field.
        conditions.setdefault("$and", []).append({name: dict(condition)})
    else:
        held.update(condition)


def update(change: Change) -> Document:
    """A change as MongoDB's update operators."""
    parts = {
        "$set": {_name(path): value for path, value in change.set.items()},
        "$unset": {_name(path): "" for path in change.unset},
        "$max": {_name(path): dict(entry) for path, entry in change.greatest.items()},
        "$inc": {_name(path): number for path, number in change.count.items()},
        "$push": {name: {"$each": [dict(e) for e in items]} for name, items in change.add.items()},
    }
    return {operator: fields for operator, fields in parts.items() if fields}


def _name(path: Path) -> str:
    return path.field if path.key is None else f"{path.field}.{escape(path.key)}"


def stored(collection: Collection, document: Document) -> Document:
    """A document as MongoDB keeps it: the key is `_id`, map keys are escaped."""
    kept = {"_id" if name == "id" else name: value for name, value in document.items()}
    for mapping in collection.maps:
        if mapping.name in kept:
            kept[mapping.name] = {escape(key): value for key, value in kept[mapping.name].items()}
    return kept


def loaded(collection: Collection, kept: Document) -> Document:
    """What ``stored`` made, as it was."""
    document = {"id" if name == "_id" else name: value for name, value in kept.items()}
    for mapping in collection.maps:
        entries = document.get(mapping.name)
        if entries and any("%" in key for key in entries):
            document[mapping.name] = {unescape(key): value for key, value in entries.items()}
    return document


def projection(order: Sequence[Order], only: Sequence[str] = ()) -> dict[str, int]:
    """Only the key, what is needed to sort (of a list, all of it), and the fields ``only``."""
    sorted_by = (item.path.field if item.among else _name(item.path) for item in order)
    return dict.fromkeys((*sorted_by, *only), 1)
