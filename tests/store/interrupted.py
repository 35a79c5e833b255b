"""Requests on the registry that die, or are overtaken, at any of their calls of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from genesis.search.clauses import Clause, Op, Path
from genesis.store import Store, store_of
from genesis.store.engine import Document, Engine, Query
from genesis.store.histories import Piles
from genesis.store.schema import NAMES as NAMES_TAKEN
from genesis.store.schema import REGISTRY, Collection
from tests.store.models import NOW, new_model, new_version

MOST_CALLS = 40

Act = Callable[[Store], object]


class Died(Exception):
    """Stands for a process that is gone at this point."""


class Watched:
    """An engine that does something else before one of its calls, the first of which is 0."""

    def __init__(self, engine: Engine, at: int, act: Callable[[], object]) -> None:
        self._engine = engine
        self._left = at
        self._act = act
        self.reached = False

    def __getattr__(self, name: str) -> Any:
        real: Callable[..., Any] = getattr(self._engine, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == -1:
                self.reached = True
                self._act()
            return real(*arguments, **named)

        return call


def workspace(engine: Engine, name: str) -> Store:
    return store_of(engine, name, Piles())


def watched(engine: Engine, name: str, at: int, act: Callable[[], object]) -> tuple[Store, Watched]:
    """A workspace's store to a request that is overtaken by ``act`` before its call number ``at``."""
    watch = Watched(engine, at, act)
    return workspace(watch, name), watch  # type: ignore[arg-type]


def die() -> None:
    raise Died


def deaths(engine: Engine, act: Act, first: Act = lambda store: None) -> Iterator[tuple[int, Store]]:
    """A prepared workspace for each call at which ``act`` can die, in which it has done so there."""
    for at in count():
        assert at < MOST_CALLS
        name = f"death-{at}"
        store = prepared(engine, name)
        first(store)
        dying, watch = watched(engine, name, at, die)
        try:
            act(dying)
        except Died:
            yield at, store
        if not watch.reached:
            assert at > 1
            return


TEMPLATE = "prepared"
PREPARED: WeakKeyDictionary[Engine, list[tuple[Collection, Document]]] = WeakKeyDictionary()
"""What the template's documents are in each database."""


def prepared(engine: Engine, name: str) -> Store:
    """A workspace with the models ``m`` (three versions, two stages, three aliases) and ``other``."""
    if engine not in PREPARED:
        prepare(workspace(engine, TEMPLATE))
        its = Query((Clause(Path("workspace"), Op.EQ, TEMPLATE),))
        PREPARED[engine] = [
            (kind, found) for kind in (REGISTRY, NAMES_TAKEN) for found in engine.find(kind, its)
        ]
    # A test wants dozens of them, and making one takes thirty calls.
    for collection, document in PREPARED[engine]:
        copy = {"id": name + document["id"].removeprefix(TEMPLATE), "workspace": name}
        assert engine.insert(collection, document | copy)
    return workspace(engine, name)


def prepare(store: Store) -> None:
    new_model(store, "m", versions=3)
    for alias, number in (("a", 1), ("b", 1), ("c", 2)):
        store.registered_models.set_alias("m", alias, number)
    for number, stage in ((1, "Production"), (2, "Staging")):
        store.model_versions.transition("m", number, stage, archive=False, now=NOW)
    new_model(store, "other", versions=1)


NAMES = ("m", "n", "other")

ACTS: dict[str, Act] = {
    "create n": lambda store: store.registered_models.create("n", "d", {"k": "1"}, NOW),
    "create m": lambda store: store.registered_models.create("m", "d", {"k": "2"}, NOW),
    "rename m to n": lambda store: store.registered_models.rename("m", "n", NOW),
    "rename n to m": lambda store: store.registered_models.rename("n", "m", NOW),
    "rename m to other": lambda store: store.registered_models.rename("m", "other", NOW),
    "rename other to n": lambda store: store.registered_models.rename("other", "n", NOW),
    "rename other to m": lambda store: store.registered_models.rename("other", "m", NOW),
    "delete m": lambda store: store.registered_models.delete("m"),
    "delete n": lambda store: store.registered_models.delete("n"),
    "promote m 3": lambda store: store.model_versions.transition("m", 3, "Production", True, NOW),
    "promote m 2": lambda store: store.model_versions.transition("m", 2, "Production", True, NOW),
    "demote m 1": lambda store: store.model_versions.transition("m", 1, "None", False, NOW),
    "archive n 2": lambda store: store.model_versions.transition("n", 2, "Archived", False, NOW),
    "delete m 1": lambda store: store.model_versions.delete("m", 1, NOW),
    "delete m 3": lambda store: store.model_versions.delete("m", 3, NOW),
    "describe m 1": lambda store: store.model_versions.update("m", 1, "new", NOW),
    "tag n 1": lambda store: store.model_versions.set_tag("n", 1, "k", "v"),
    "alias m 1": lambda store: store.registered_models.set_alias("m", "c", 1),
    "alias m 3": lambda store: store.registered_models.set_alias("m", "a", 3),
    "new alias m 3": lambda store: store.registered_models.set_alias("m", "d", 3),
    "no alias m": lambda store: store.registered_models.delete_alias("m", "a"),
    "new version of m": lambda store: new_version(store, "m"),
    "new version of n": lambda store: new_version(store, "n"),
}
