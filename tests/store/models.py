"""Registered models and versions as short as a test of the registry wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from genesis.entities.registry import MODEL, VERSION, ModelVersion, NewVersion, RegisteredModel
from genesis.errors import GenesisError
from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store import Store

NOW = 1_700_000_000_000
PLAIN = NewVersion("s3://bucket/m", "s3://bucket/m")

T = TypeVar("T")


def new_model(store: Store, name: str = "m", versions: int = 0, **tags: str) -> str:
    """The name of a new model with versions 1 to ``versions``."""
    store.registered_models.create(name, None, tags, NOW)
    for _ in range(versions):
        new_version(store, name)
    return name


def new_version(store: Store, name: str = "m", now: int = NOW, **tags: str) -> int:
    """The number of a new version."""
    return store.model_versions.create(name, replace(PLAIN, tags=tags), now).number


def found_models(
    store: Store, *where: Clause, kinds: tuple[str, ...] = (MODEL,), order: tuple[Order, ...] = ()
) -> list[str]:
    """The names of the models on the first page of a search."""
    page, _ = store.registered_models.search(where, kinds, order, ("", 1000))
    return [model.name for model in page]


def found_versions(
    store: Store, *where: Clause, kinds: tuple[str, ...] = (VERSION,), order: tuple[Order, ...] = ()
) -> list[tuple[str, int]]:
    """The names and numbers of the versions on the first page of a search."""
    page, _ = store.model_versions.search(where, kinds, order, ("", 1000))
    return [(version.name, version.number) for version in page]


def latest(model: RegisteredModel) -> dict[str, int]:
    """The number of the version that a model shows of each stage."""
    assert len({version.stage for version in model.latest}) == len(model.latest)
    return {version.stage: version.number for version in model.latest}


def is_tagged(key: str, value: str) -> Clause:
    return Clause(Path("tags", key), Op.EQ, value)


def is_named(name: str) -> Clause:
    return Clause(Path("name"), Op.EQ, name)


def refusal(act: Callable[[], object]) -> str:
    """The code of the error with which a call is refused; "" of one that is not."""
    try:
        act()
    except GenesisError as error:
        return error.code.name
    return ""


def everything(store: Store, *names: str) -> dict[str, object]:
    """All that readers are told of these names, times aside, and all that searches find."""
    page, _ = store.model_versions.search((), (VERSION,), (), ("", 1000))
    return {
        **by_name(store, *names),
        "searched models": found_models(store),
        "searched versions": sorted((v.name, v.number, v.stage) for v in page),
    }


def by_name(store: Store, *names: str, numbers: Iterable[int] = range(1, 7)) -> dict[str, object]:
    """All that readers are told of these names, times aside."""
    return {name: told(lambda name=name: _model(store, name, numbers)) for name in names}


def _model(store: Store, name: str, numbers: Iterable[int]) -> object:
    model = store.registered_models.get(name)
    versions = [told(lambda n=n: _version(store.model_versions.get(name, n))) for n in numbers]
    aliased = {a: told(lambda a=a: store.model_versions.get_by_alias(name, a).number) for a in model.aliases}
    return model.description, model.tags, model.aliases, aliased, latest(model), versions


def _version(version: ModelVersion) -> object:
    return version.name, version.number, version.stage, version.aliases, version.tags, version.description


def told(act: Callable[[], T]) -> T | str:
    """What a call returns, or the message of the error with which it is refused."""
    try:
        return act()
    except GenesisError as error:
        return error.message
