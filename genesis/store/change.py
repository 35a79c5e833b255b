"""Guards and changes in plain Python, for a document in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from genesis.search.clauses import Clause, Op, Path
from genesis.store.engine import Change, Document


def holds(document: Document, guard: Sequence[Clause]) -> bool:
    """Whether every clause of an update's guard is true of the document."""
    return all(_holds(document, clause) for clause in guard)


def _holds(document: Document, clause: Clause) -> bool:
    value = document.get(clause.path.field)
    key = clause.path.key
    if clause.op is Op.ABSENT:
        return all(element.get(key) != clause.value for element in value or ())
    if key is not None:
        value = (value or {}).get(key)
    if clause.op is Op.ABSENT_OR_EQ:
        return value is None or bool(value == clause.value)
    if clause.op is Op.EQ:
        return bool(value == clause.value)
    if clause.op is Op.IS_NOT_NULL:
        return value is not None
    raise ValueError(f"not a guard: {clause.op}")


def apply(document: Document, change: Change) -> None:
    """Do to ``document`` what ``change`` says."""
    for path, value in change.set.items():
        _put(document, path, value)
    for path in change.unset:
        if path.key is None:
            document.pop(path.field, None)
        else:
            document.get(path.field, {}).pop(path.key, None)
    for path, entry in change.greatest.items():
        held = document.get(path.field, {}).get(path.key)
        if held is None or _rank(held) < _rank(entry):
            _put(document, path, dict(entry))
    for name, elements in change.add.items():
        document.setdefault(name, []).extend(dict(element) for element in elements)


def stands(document: Document, change: Change) -> bool:
    """Whether ``document`` is as ``change`` would leave it, so that it may have been applied already."""
    changed = deepcopy(document)
    apply(changed, replace(change, add={}))
    return changed == document and all(
        element in document.get(name, ()) for name, elements in change.add.items() for element in elements
    )


def _put(document: Document, path: Path, value: Any) -> None:
    if path.key is None:
        document[path.field] = value
    else:
        document.setdefault(path.field, {})[path.key] = value


def _rank(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    # As BSON compares sub-documents: member by member, and the longer one is greater at the end.
    return tuple(entry.values())
