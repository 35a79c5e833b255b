"""Guards and changes in plain Python, for a document in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from genesis.search.clauses import Clause, Op, Path
from genesis.store.engine import Change, Document

GUARDS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: lambda held, value: held == value,
    Op.LT: lambda held, value: held is not None and held < value,
    Op.IN: lambda held, values: held in values,
    Op.ABSENT_OR_EQ: lambda held, value: held is None or held == value,
    Op.IS_NULL: lambda held, _: held is None,
    Op.IS_NOT_NULL: lambda held, _: held is not None,
}


def holds(document: Document, guard: Sequence[Clause]) -> bool:
    """Whether every clause of an update's guard is true of the document."""
    return all(_holds(document, clause) for clause in guard)


def _holds(document: Document, clause: Clause) -> bool:
    field, key = clause.path
    if clause.op is Op.ABSENT:
        return all(element.get(key) != clause.value for element in document.get(field, ()))
    if clause.op not in GUARDS:
        raise ValueError(f"not a guard: {clause.op}")
    return bool(GUARDS[clause.op](_at(document, clause.path), clause.value))


def apply(document: Document, change: Change) -> None:
    """Do to ``document`` what ``change`` says."""
    for path, value in change.set.items():
        _put(document, path, value)
    for path in change.unset:
        place: dict[str, Any] = document if path.key is None else document.get(path.field, {})
        place.pop(path.field if path.key is None else path.key, None)
    for path, entry in change.greatest.items():
        held = _at(document, path)
        if held is None or _rank(held) < _rank(entry):
            _put(document, path, dict(entry))
    for name, elements in change.add.items():
        document.setdefault(name, []).extend(dict(element) for element in elements)
    for path, number in change.count.items():
        _put(document, path, (_at(document, path) or 0) + number)


def stands(document: Document, change: Change) -> bool:
    """Whether ``document`` is as ``change`` would leave it, so that it may have been applied already."""
    changed = deepcopy(document)
    apply(changed, replace(change, add={}, count={}))
    return changed == document and all(
        element in document.get(name, ()) for name, elements in change.add.items() for element in elements
    )


def _at(document: Document, path: Path) -> Any:
    held = document.get(path.field)
    return held if path.key is None else (held or {}).get(path.key)


def _put(document: Document, path: Path, value: Any) -> None:
    if path.key is None:
        document[path.field] = value
    else:
        document.setdefault(path.field, {})[path.key] = value


def _rank(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    # As BSON compares sub-documents: member by member, and the longer one is greater at the end.
    return tuple(entry.values())
