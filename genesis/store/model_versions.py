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
    version_not_found,
)
from genesis.errors import unavailable
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.change import apply
from genesis.store.engine import Change, Document, Engine, Refused, Updated
from genesis.store.pages import NEWEST, fixed, page
from genesis.store.registry import (
    AWAITED,
    FORMER,
    KIND,
    NAME,
    NAMED,
    NUMBER,
    SEALED,
    SHOWN,
    UPDATED,
    Registry,
    asked_for,
    described,
    model_version,
    newest,
    tops,
    version_document,
)
from genesis.store.schema import REGISTRY

REVISION = Path("revision")
"""Of a model: how often stages changed; of a version: as of which change it was told its stage."""

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
        made = ModelVersion(name, number, now, now, **vars(new))
        version = version_document(self._registry.key(model["model"], number), model, made)
        if not self._engine.insert(REGISTRY, version):
            self._take_place(version)
        if FORMER.field in model:
            self._registry.name_versions(model)
        if number % TIDY_EVERY == 0:
            self._tidy(model)
        return model_version(version, model)

    def _take_place(self, version: Document) -> None:
        """Write a version whose model was renamed, or deleted, after the number was reserved."""
        for _ in range(TRIES):
            place = self._engine.get(REGISTRY, version["id"])
            if place is None or place["kind"] == SEALED:
                self._engine.delete(REGISTRY, version["id"], (Clause(KIND, Op.EQ, SEALED),))
                raise not_found(version["name"])
            if place["kind"] != AWAITED:
                # Our own: the database did it twice.
                return
            name = place["name"]
            named = {"name": name, "named": place["named"]}
            version |= {**named, "newest": newest(name, version["number"], version["updated"])}
            same = (Clause(KIND, Op.EQ, AWAITED), Clause(NAMED, Op.EQ, place["named"]))
            if self._engine.delete(REGISTRY, version["id"], same) and self._engine.insert(REGISTRY, version):
                return
        raise unavailable("The model is being renamed by many requests at once; try again.")

    def _tidy(self, model: Document) -> None:
        """Pass over the versions that are neither the latest of their stage nor have an alias."""
        kept = {0, *tops(model), *model["aliases"].values()}
        where = self._registry.place(
            model["name"],
            Clause(SHOWN, Op.EQ, 1),
            Clause(NUMBER, Op.NOT_IN, tuple(sorted(kept))),
            # Those that others have made since are not this request's to judge.
            Clause(NUMBER, Op.LT, model["last"]),
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
        scope = (fixed("workspace", [self._workspace]), fixed("kind", asked_for(kinds, where)))
        found, token = page(self._engine, REGISTRY, (*scope, *where), order, at)
        return [model_version(version) for version in found], token

    def update(self, name: str, number: int, description: str | None, now: int) -> ModelVersion:
        """Sets or, as MLflow does, clears the description."""
        given = {Path(field): value for field, value in described(description).items()}
        for _ in range(TRIES):
            model, version = self._pair(name, number)
            change = Change(
                set={**given, **_touched(version["name"], number, now)},
                unset=() if given else (Path("description"),),
            )
            same = (Clause(NAME, Op.EQ, version["name"]),)
            if not isinstance(self._engine.update(REGISTRY, version["id"], change, same), Refused):
                apply(version, change)
                return model_version(version, model, aliases=True)
        raise unavailable("The model is being renamed by many requests at once; try again.")

    def _pair(self, name: str, number: int) -> tuple[Document, Document]:
        """A model and a version that are to be changed; raises RESOURCE_DOES_NOT_EXIST."""
        model, version = self._settled(name, number)
        if model is None or version is None:
            raise version_not_found(name, number)
        return model, version

    def _settled(self, name: str, number: int) -> tuple[Document | None, Document | None]:
        """A model and a version, if they are there, after all that requests which died had begun is done."""
        model, version = self._registry.found(name, number)
        if model is None or not (FORMER.field in model or model.get("copying")):
            return model, version
        if FORMER.field in model:
            self._registry.name_versions(model)
        if model.get("copying"):
            self._copy_stages(model, model["updated"])
        return self._registry.found(name, number)

    def set_tag(self, name: str, number: int, key: str, value: str) -> None:
        kind = {KIND: kind_of({key: value}, number)} if key == PROMPT_TAG else {}
        self._tag(name, number, Change(set={Path("tags", key): value, **kind}))

    def delete_tag(self, name: str, number: int, key: str) -> None:
        """A tag that is not there is no error, for MLflow."""
        kind = {KIND: VERSION} if key == PROMPT_TAG else {}
        self._tag(name, number, Change(set=kind, unset=(Path("tags", key),)))

    def _tag(self, name: str, number: int, change: Change) -> None:
        _, version = self._pair(name, number)
        self._engine.update(REGISTRY, version["id"], change)

    def delete(self, name: str, number: int, now: int) -> None:
        """Removes a version and the aliases that point to it; its number is never given again."""
        for _ in range(TRIES):
            model, version = self._settled(name, number)
            if model is None or version is None:
                if model is not None and self._is_half_deleted(model, number):
                    return
                raise version_not_found(name, number)
            aliases = [Path("aliases", alias) for alias, n in model["aliases"].items() if n == number]
            gone = Change(
                set={Path("gone", str(number)): True, UPDATED: now},
                unset=(*aliases, Path("stages", str(number))),
            )
            # An alias that was moved meanwhile stays; one that was set meanwhile is of no effect.
            same = [Clause(alias, Op.EQ, number) for alias in aliases]
            if isinstance(self._engine.update(REGISTRY, model["id"], gone, same), Updated):
                self._engine.delete(REGISTRY, version["id"])
                before = tops(model)
                apply(model, gone)
                self._show(model, before)
                return
        raise unavailable("The model is being changed by many requests at once; try again.")

    def _is_half_deleted(self, model: Document, number: int) -> bool:
        """Whether a deletion that died had left this version to be found by searches; now it has not."""
        id = self._registry.key(model["model"], number)
        return str(number) in model["gone"] and self._engine.delete(REGISTRY, id)

    def _show(self, model: Document, before: set[int]) -> None:
        """Let a model be found with the versions that have become the latest of their stage."""
        for number in tops(model) - before:
            id = self._registry.key(model["model"], number)
            self._engine.update(REGISTRY, id, Change(set={SHOWN: 1}))

    def transition(self, name: str, number: int, stage: str, archive: bool, now: int) -> ModelVersion:
        """Moves a version to a stage and, with ``archive``, all others there to Archived, in one step."""
        for _ in range(TRIES):
            model, version = self._pair(name, number)
            before = tops(model)
            change = _moving(model, number, stage, archive, now)
            same = (Clause(REVISION, Op.EQ, model["revision"]),)
            if isinstance(self._engine.update(REGISTRY, model["id"], change, same), Updated):
                apply(model, change)
                self._copy_stages(model, now)
                self._show(model, {*before, *map(int, model["copying"])})
                apply(version, Change(set=_touched(model["name"], number, now)))
                return model_version(version, model, aliases=True)
        raise unavailable("The model is being changed by many requests at once; try again.")

    def _copy_stages(self, model: Document, now: int) -> None:
        """Tell the versions their stages, those included that a transition died over."""
        for n, stage in model["copying"].items():
            self._copy_stage(model, int(n), stage, now)
        same = (Clause(REVISION, Op.EQ, model["revision"]),)
        done = Change(unset=tuple(Path("copying", n) for n in model["copying"]))
        self._engine.update(REGISTRY, model["id"], done, same)

    def _copy_stage(self, model: Document, number: int, stage: str, now: int) -> None:
        name, revision = model["name"], model["revision"]
        for _ in range(TRIES):
            touched = _touched(name, number, now)
            change = Change(set={Path("stage"): stage, REVISION: revision, SHOWN: 1, **touched})
            guard = (Clause(REVISION, Op.LT, revision), Clause(NAME, Op.EQ, name))
            outcome = self._engine.update(REGISTRY, self._registry.key(model["model"], number), change, guard)
            if not isinstance(outcome, Refused) or outcome.document["name"] == name:
                return
            # It was renamed, or is yet to be.
            name = outcome.document["name"]


def _moving(model: Document, number: int, stage: str, archive: bool, now: int) -> Change:
    """What a transition does to the model."""
    moved = {str(number): stage}
    if archive:
        there = [n for n, held in model["stages"].items() if held == stage and n != str(number)]
        moved |= dict.fromkeys(there, ARCHIVED)
    return Change(
        set={
            UPDATED: now,
            REVISION: model["revision"] + 1,
            **{Path("stages", n): to for n, to in moved.items() if to != NO_STAGE},
            **{Path("copying", n): to for n, to in moved.items()},
        },
        unset=tuple(Path("stages", n) for n, to in moved.items() if to == NO_STAGE),
    )


def _touched(name: str, number: int, now: int) -> Mapping[Path, Any]:
    """A version's time of change, and its place in the default order that follows from it."""
    return {UPDATED: now, Path("newest"): newest(name, number, now)}
