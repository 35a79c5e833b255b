"""Model versions over any engine: numbers without gap or double, stages that change at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genesis.entities.registry import (
    ARCHIVED,
    NO_STAGE,
    PROMPT_TAG,
    VERSION,
    ModelVersion,
    NewVersion,
    alias_not_found,
    kind_of,
    not_found,
)
from genesis.errors import unavailable
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.change import apply
from genesis.store.engine import Change, Document, Engine, Updated
from genesis.store.pages import NEWEST, fixed, page
from genesis.store.registry import (
    KIND,
    NAME,
    NUMBER,
    SHOWN,
    UPDATED,
    Registry,
    described,
    model_version,
    newest,
)
from genesis.store.schema import REGISTRY

TRIES = 16
"""Rounds of read and guarded write before a model that others keep changing is given up (503)."""

TIDY_EVERY = 8
"""Versions made until those are passed over that a model need not be shown with any more."""


class ModelVersions:
    """The versions of one workspace's registered models."""

    def __init__(self, engine: Engine, workspace: str) -> None:
        self._engine = engine
        self._workspace = workspace
        self._registry = Registry(engine, workspace)

    def create(self, name: str, new: NewVersion, now: int) -> ModelVersion:
        """The next version of a model; raises RESOURCE_DOES_NOT_EXIST when there is no such model.

        Its number is reserved by the same step that finds the model, so it takes two commands however many
        others do the same.
        """
        reserve = Change(set={UPDATED: now}, count={Path("last"): 1})
        model = self._engine.update_one(REGISTRY, self._registry.place_of_model(name), reserve)
        if model is None:
            raise not_found(name)
        number = model["last"]
        version: Document = {
            "id": self._registry.key(model["model"], number),
            "workspace": self._workspace,
            "model": model["model"],
            "kind": kind_of(new.tags, number),
            "name": model["name"],
            "newest": newest(model["name"], number, now),
            "number": number,
            "shown": 1,
            "created": now,
            "updated": now,
            **described(new.description),
            "source": new.source,
            "storage": new.storage,
            "run_id": new.run_id,
            "run_link": new.run_link,
            "stage": NO_STAGE,
            "revision": 0,
            "tags": new.tags,
        }
        self._engine.insert(REGISTRY, version)
        if number % TIDY_EVERY == 0:
            self._tidy(model)
        return model_version(version, model)

    def _tidy(self, model: Document) -> None:
        """Pass over the versions that are neither the latest of their stage nor have an alias."""
        found = self._registry.find(Clause(NAME, Op.EQ, model["name"]), Clause(SHOWN, Op.EQ, 1))
        versions = {d["number"]: d for d in found if d["number"] and d["model"] == model["model"]}
        latest = self._registry.registered_model(model, versions).latest
        kept = {0, *(version.number for version in latest), *model["aliases"].values()}
        where = self._registry.place(
            model["name"], Clause(SHOWN, Op.EQ, 1), Clause(NUMBER, Op.NOT_IN, tuple(sorted(kept)))
        )
        self._engine.update_all(REGISTRY, where, Change(set={SHOWN: 0}))

    def get(self, name: str, number: int) -> ModelVersion:
        """Raises RESOURCE_DOES_NOT_EXIST."""
        model, version = self._registry.pair(name, number)
        return model_version(version, model, aliases=True)

    def get_by_alias(self, name: str, alias: str) -> ModelVersion:
        """One command, unless what the alias points to was renamed or is gone this moment."""
        model, found = self._registry.shown(name)
        version = self._registry.version(model, model["aliases"].get(alias, 0), found)
        if version is None:
            raise alias_not_found(alias)
        return model_version(version, model, aliases=True)

    def search(
        self, where: Where, kinds: Sequence[str], order: tuple[Order, ...], at: tuple[str, int]
    ) -> tuple[list[ModelVersion], str]:
        """A page and the next token: last updated first, or in ``order``, then by name and falling number."""
        if not order:
            order = NEWEST
        else:
            asked = {item.path for item in order}
            ties = (Order(NAME), Order(NUMBER, ascending=False))
            order = (*order, *(tie for tie in ties if tie.path not in asked))
        scope = (fixed("workspace", [self._workspace]), fixed("kind", kinds))
        found, token = page(self._engine, REGISTRY, (*scope, *where), order, at)
        return [model_version(version) for version in found], token

    def update(self, name: str, number: int, description: str | None, now: int) -> ModelVersion:
        """Sets or, as MLflow does, clears the description."""
        model, version = self._registry.pair(name, number)
        given = described(description)
        change = Change(
            set={
                **{Path(field): value for field, value in given.items()},
                **_touched(model["name"], number, now),
            },
            unset=() if given else (Path("description"),),
        )
        self._engine.update(REGISTRY, version["id"], change)
        apply(version, change)
        return model_version(version, model, aliases=True)

    def set_tag(self, name: str, number: int, key: str, value: str) -> None:
        kind = {KIND: kind_of({key: value}, number)} if key == PROMPT_TAG else {}
        self._tag(name, number, Change(set={Path("tags", key): value, **kind}))

    def delete_tag(self, name: str, number: int, key: str) -> None:
        """A tag that is not there is no error, for MLflow."""
        kind = {KIND: VERSION} if key == PROMPT_TAG else {}
        self._tag(name, number, Change(set=kind, unset=(Path("tags", key),)))

    def _tag(self, name: str, number: int, change: Change) -> None:
        _, version = self._registry.pair(name, number)
        self._engine.update(REGISTRY, version["id"], change)

    def delete(self, name: str, number: int, now: int) -> None:
        """Removes a version and the aliases that point to it; its number is never given again."""
        model, version = self._registry.pair(name, number)
        aliases = [alias for alias, pointed in model["aliases"].items() if pointed == number]
        for alias in aliases:
            # Each on its own: one that was moved meanwhile stays.
            pointed = (Clause(Path("aliases", alias), Op.EQ, number),)
            self._engine.update(REGISTRY, model["id"], Change(unset=(Path("aliases", alias),)), pointed)
        gone = Change(
            set={Path("gone", str(number)): True, UPDATED: now}, unset=(Path("stages", str(number)),)
        )
        self._engine.update(REGISTRY, model["id"], gone)
        self._engine.delete(REGISTRY, version["id"])

    def transition(self, name: str, number: int, stage: str, archive: bool, now: int) -> ModelVersion:
        """Moves a version to a stage and, with ``archive``, all others there to Archived, in one step."""
        for _ in range(TRIES):
            model, version = self._registry.pair(name, number)
            moved = {str(number): stage}
            if archive:
                there = [n for n, held in model["stages"].items() if held == stage and n != str(number)]
                moved |= dict.fromkeys(there, ARCHIVED)
            revision = model["revision"] + 1
            change = Change(
                set={
                    UPDATED: now,
                    Path("revision"): revision,
                    **{Path("stages", n): to for n, to in moved.items() if to != NO_STAGE},
                    **{Path("copying", n): to for n, to in moved.items()},
                },
                unset=tuple(Path("stages", n) for n, to in moved.items() if to == NO_STAGE),
            )
            same = (Clause(Path("revision"), Op.EQ, model["revision"]),)
            if isinstance(self._engine.update(REGISTRY, model["id"], change, same), Updated):
                apply(model, change)
                self._copy_stages(model, now)
                apply(version, Change(set=_touched(model["name"], number, now)))
                return model_version(version, model, aliases=True)
        raise unavailable("The model is being changed by many requests at once; try again.")

    def _copy_stages(self, model: Document, now: int) -> None:
        """Tell the versions their stages, those included that a transition died over."""
        revision, copying = model["revision"], model["copying"]
        older = (Clause(Path("revision"), Op.LT, revision),)
        for n, stage in copying.items():
            touched = _touched(model["name"], int(n), now)
            values = {Path("stage"): stage, Path("revision"): revision, SHOWN: 1, **touched}
            self._engine.update(
                REGISTRY, self._registry.key(model["model"], int(n)), Change(set=values), older
            )
        same = (Clause(Path("revision"), Op.EQ, revision),)
        done = Change(unset=tuple(Path("copying", n) for n in copying))
        self._engine.update(REGISTRY, model["id"], done, same)


def _touched(name: str, number: int, now: int) -> Mapping[Path, Any]:
    """A version's time of change, and its place in the default order that follows from it."""
    return {UPDATED: now, Path("newest"): newest(name, number, now)}
