"""What clauses and orders mean, in plain Python: the engines are compared with this."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key
from typing import Any

from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.engine import Document

LISTS = {"inputs"}


def value(document: Document, path: Path) -> Any:
    """The value at a path; None where there is none."""
    found = document.get(path.field)
    if path.key is None or found is None:
        return found
    entry = found.get(path.key)
    if isinstance(entry, dict):
        return float("nan") if entry.get("nan") else entry["value"]
    return entry


def like(text: str, pattern: str) -> bool:
    return re.fullmatch(pattern_of(pattern), text, re.DOTALL) is not None


def pattern_of(pattern: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern)


COMPARE: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: lambda a, b: a == b,
    Op.NE: lambda a, b: a != b,
    Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b,
    Op.GT: lambda a, b: a > b,
    Op.GE: lambda a, b: a >= b,
    Op.LIKE: like,
    Op.ILIKE: lambda a, b: like(a.lower(), b.lower()),
    Op.IN: lambda a, b: a in b,
    Op.NOT_IN: lambda a, b: a not in b,
}


def latest(document: Document, item: Order) -> Any:
    """The member that an order speaks of, of the latest element that equals all it asks for."""
    elements = [
        e
        for e in document.get(item.path.field, ())
        if all(e.get(c.path.field) == c.value for c in item.among)
    ]
    elements.sort(key=lambda e: (-e["timestamp"], -e["step"], e["run_id"]))
    return elements[0][item.path.key] if elements else None


def holds(document: Document, clause: Clause) -> bool:
    path, op, wanted = clause
    if op is Op.ANY:
        return any(all(holds(element, c) for c in wanted) for element in document.get(path.field, ()))
    if path.field in LISTS and path.key is not None:
        members = [element.get(path.key) for element in document.get(path.field, [])]
        return any(member is not None and COMPARE[op](member, wanted) for member in members)
    found = value(document, path)
    if op in (Op.IS_NULL, Op.IS_NOT_NULL):
        return (found is None) == (op is Op.IS_NULL)
    return found is not None and COMPARE[op](found, wanted)


def select(documents: Iterable[Document], where: Where) -> set[str]:
    return {d["id"] for d in documents if all(holds(d, clause) for clause in where)}


def ordered(documents: Iterable[Document], order: Sequence[Order]) -> list[str]:
    """Ids in order: values first, then NaN, then what is missing, in either direction; ties by id."""

    def compare(a: Document, b: Document) -> int:
        for item in order:
            look = latest if item.among else (lambda document, item: value(document, item.path))
            one, other = look(a, item), look(b, item)
            if rank(one) != rank(other):
                return rank(one) - rank(other)
            if rank(one) == 0 and one != other:
                return (1 if one > other else -1) * (1 if item.ascending else -1)
        return (a["id"] > b["id"]) - (a["id"] < b["id"])

    return [d["id"] for d in sorted(documents, key=cmp_to_key(compare))]


def rank(found: Any) -> int:
    if found is None:
        return 2
    return 1 if found != found else 0
