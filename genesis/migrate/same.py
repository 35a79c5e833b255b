"""Whether two entities hold the same, value by value; no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import LoggedModel, ModelMetric
from genesis.entities.registry import ModelLine, ModelVersion, RegisteredModel
from genesis.entities.runs import DatasetInput, Run

Entity = Experiment | Run | LoggedModel | RegisteredModel | ModelVersion | ModelLine

ABSENT = object()


class Difference(NamedTuple):
    """A value that is not at the target as it should be; None where there is none."""

    what: str
    expected: Any
    found: Any


def differences(expected: Entity, found: Entity, ignored: frozenset[str] = frozenset()) -> list[Difference]:
    """Every value in which the two differ; no text and an empty one are the same, and so are two NaN."""
    one, other = dict(_values(expected)), dict(_values(found))
    return [
        Difference(what, one.get(what), other.get(what))
        for what in sorted({*one, *other})
        if not {what, what.partition("[")[0].rpartition(".")[2]} & ignored
        and not _equal(one.get(what, ABSENT), other.get(what, ABSENT))
    ]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other) or (one != one and other != other)


def _values(entity: Entity) -> Iterator[tuple[str, Any]]:
    if isinstance(entity, ModelLine):
        yield "last", entity.last
        yield from _values(entity.model)
        for version in entity.versions:
            yield f"version[{version.number}]", True
            yield from ((f"version {version.number}.{what}", value) for what, value in _values(version))
        return
    for field in fields(entity):
        if not _is_derived(entity, field.name):
            yield from _value(field.name, getattr(entity, field.name))


def _is_derived(entity: Entity, field: str) -> bool:
    """What follows from other values, or is the same for all of a move."""
    if isinstance(entity, ModelVersion):
        return field in ("name", "aliases")
    return field in ("workspace", "latest")


def _value(field: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"{field}[{key}]", _plain(held)) for key, held in value.items())
    elif isinstance(value, list):
        yield from (_element(field, element) for element in value)
    else:
        yield field, _plain(value)


def _element(field: str, element: Any) -> tuple[str, Any]:
    if isinstance(element, DatasetInput):
        dataset = element.dataset
        described = tuple(vars(dataset).values())
        return f"{field}[{dataset.name} {dataset.digest}]", (*described, *sorted(element.tags.items()))
    if isinstance(element, ModelMetric):
        # As MLflow's SQL store has it, which keeps 0 for what is not a number.
        value = element.value if element.value == element.value else 0.0
        place = f"{element.key} {element.timestamp} {element.step} {element.run_id}"
        return f"{field}[{place}]", (value, element.dataset_name, element.dataset_digest)
    if isinstance(element, tuple):
        return f"{field}[{element[0]}]", element[1]
    return f"{field}[{element}]", True


def _plain(value: Any) -> Any:
    return "" if value is None else tuple(value) if isinstance(value, tuple) else value
