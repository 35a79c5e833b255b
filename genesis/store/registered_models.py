"""Registered models over any engine: names, tags, aliases; deletion and renaming that can be repeated."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import orjson

from genesis.entities.registry import (
    MODEL,
    PROMPT_TAG,
    RegisteredModel,
    already_exists,
    kind_of,
    not_found,
    rename_taken,
    version_not_found,
)
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.claims import MADE, RENAMED, Claims
from genesis.store.engine import Change, Document, Engine, Query, Updated
from genesis.store.pages import NEWEST, fixed, page
from genesis.store.registry import (
    DELETING,
    KIND,
    MODELS,
    NAME,
    NUMBER,
    SHOWN,
    UPDATED,
    VERSIONS,
    Registry,
    described,
    newest,
)
from genesis.store.schema import REGISTRY

FORMER = Path("former")
"""The name a model had, as long as versions may still bear it."""

BY_NAME = Order(NAME)


class RegisteredModels:
    """The registered models of one workspace, prompts among them."""

    def __init__(self, engine: Engine, workspace: str) -> None:
        self._engine = engine
        self._workspace = workspace
        self._registry = Registry(engine, workspace)
        self._names = Claims(engine, workspace, "models", self._is_borne)

    def create(self, name: str, description: str | None, tags: dict[str, str], now: int) -> RegisteredModel:
        """Raises RESOURCE_ALREADY_EXISTS when another model or prompt has the name."""
        model = uuid.uuid4().hex
        document: Document = {
            "id": self._registry.key(model),
            "workspace": self._workspace,
            "model": model,
            "kind": kind_of(tags),
            "name": name,
            "newest": name,
            "number": 0,
            "shown": 1,
            "created": now,
            "updated": now,
            **described(description),
            "tags": tags,
            "aliases": {},
            "stages": {},
            "gone": {},
            "last": 0,
            "revision": 0,
        }
        claim = self._names.claim(name, model, now, **{MADE: orjson.dumps(document).decode()})
        if claim is None:
            existing = self._registry.model(name)
            raise already_exists(name, PROMPT_TAG in existing["tags"], PROMPT_TAG in tags)
        self._engine.insert(REGISTRY, document)
        self._names.made(claim)
        return self._registry.registered_model(document, {})

    def _is_borne(self, claim: Document) -> bool:
        """Whether the claim's model bears the name, after all that its holder had begun is done."""
        id = self._registry.key(claim["holder"])
        model = self._engine.get(REGISTRY, id)
        if model is None and MADE in claim:
            self._engine.insert(REGISTRY, orjson.loads(claim[MADE]))
            model = self._engine.get(REGISTRY, id)
        if model is not None and model["name"] == claim.get(RENAMED):
            self._engine.update(REGISTRY, *self._renaming(model, claim))
            model = self._engine.get(REGISTRY, id)
        if model is None:
            return False
        if model["kind"] == DELETING:
            self._remove(model)
            return False
        if model.get("former") == claim["name"]:
            self._rename_versions(model)
        return bool(model["name"] == claim["name"])

    def get(self, name: str) -> RegisteredModel:
        """Raises RESOURCE_DOES_NOT_EXIST."""
        return self._registry.registered_model(*self._registry.shown(name))

    def search(
        self, where: Where, kinds: Sequence[str], order: tuple[Order, ...], at: tuple[str, int]
    ) -> tuple[list[RegisteredModel], str]:
        """A page and the next token, by name or in ``order`` and then by name."""
        if order[:1] in ((), (BY_NAME,)):
            order = NEWEST
        elif all(item.path != NAME for item in order):
            order = (*order, BY_NAME)
        scope = (fixed("workspace", [self._workspace]), fixed("kind", kinds))
        found, token = page(self._engine, REGISTRY, (*scope, *where), order, at, only=("name",))
        names = [document["name"] for document in found]
        return self._whole(names) if names else [], token

    def _whole(self, names: list[str]) -> list[RegisteredModel]:
        """The models that bear these names, each with its latest versions."""
        found = self._registry.find(Clause(NAME, Op.IN, tuple(names)), Clause(SHOWN, Op.EQ, 1))
        models = {document["name"]: document for document in found if document["kind"] in MODELS}
        versions: dict[str, dict[int, Document]] = {}
        for document in found:
            if document["kind"] in VERSIONS:
                versions.setdefault(document["model"], {})[document["number"]] = document
        return [
            self._registry.registered_model(models[name], versions.get(models[name]["model"], {}))
            for name in names
            if name in models
        ]

    def update(self, name: str, description: str | None, now: int) -> RegisteredModel:
        """Sets or, as MLflow does, clears the description."""
        given = described(description)
        change = Change(
            set={UPDATED: now, **{Path(field): value for field, value in given.items()}},
            unset=() if given else (Path("description"),),
        )
        self._change(name, change)
        return self.get(name)

    def _change(self, name: str, change: Change) -> Document:
        model = self._engine.update_one(REGISTRY, self._registry.place_of_model(name), change)
        if model is None:
            raise not_found(name)
        return model

    def set_tag(self, name: str, key: str, value: str) -> None:
        kind = {KIND: kind_of({key: value})} if key == PROMPT_TAG else {}
        self._change(name, Change(set={Path("tags", key): value, **kind}))

    def delete_tag(self, name: str, key: str) -> None:
        """A tag that is not there is no error, for MLflow."""
        kind = {KIND: MODEL} if key == PROMPT_TAG else {}
        self._change(name, Change(set=kind, unset=(Path("tags", key),)))

    def set_alias(self, name: str, alias: str, number: int) -> None:
        """Points an alias to a version, wherever it pointed before; raises RESOURCE_DOES_NOT_EXIST."""
        # So that a reader by alias finds the version together with the model.
        show = Change(set={SHOWN: 1})
        where = self._registry.place(name, Clause(NUMBER, Op.EQ, number), fixed("kind", VERSIONS))
        version = self._engine.update_one(REGISTRY, where, show) if 0 < number < 2**31 else None
        if version is None:
            _, version = self._registry.pair(name, number)
            self._engine.update(REGISTRY, version["id"], show)
        there = (
            Clause(NAME, Op.EQ, name),
            Clause(KIND, Op.IN, MODELS),
            Clause(Path("gone", str(number)), Op.IS_NULL),
        )
        id = self._registry.key(version["model"])
        if not isinstance(
            self._engine.update(REGISTRY, id, Change(set={Path("aliases", alias): number}), there), Updated
        ):
            self._registry.model(name)
            raise version_not_found(name, number)

    def delete_alias(self, name: str, alias: str) -> None:
        """An alias that is not there is no error, for MLflow."""
        self._change(name, Change(unset=(Path("aliases", alias),)))

    def rename(self, name: str, new_name: str, now: int) -> RegisteredModel:
        """Claim the new name, take it, then give it to the versions; an interrupted call can be repeated.

        The model bears one name or the other at any time, and its versions are found by that one.
        """
        if new_name == name:
            self._change(name, Change(set={UPDATED: now}))
            return self.get(name)
        model = self._half_renamed(name, new_name) or self._registry.model(name)
        old = self._names.held(name)
        if model["name"] == name:
            self._take_name(model, new_name, now)
        self._rename_versions({**model, "name": new_name, "former": name, "updated": now})
        self._names.let_go(old, model["model"])
        return self.get(new_name)

    def _half_renamed(self, name: str, new_name: str) -> Document | None:
        """The model, if an earlier call of the same kind died after the model had taken the new name."""
        found = self._engine.find(REGISTRY, Query(self._registry.place_of_model(new_name), limit=1))
        return found[0] if found and found[0].get("former") == name else None

    def _take_name(self, model: Document, new_name: str, now: int) -> None:
        name, holder = model["name"], model["model"]
        claim = self._names.claim(new_name, holder, now, **{RENAMED: name})
        if claim is None:
            raise rename_taken(new_name)
        self._engine.update(REGISTRY, *self._renaming(model, claim))
        # Whoever found the claim in the way may have done it for us.
        taken = self._engine.get(REGISTRY, model["id"])
        if taken is None or taken["name"] != new_name:
            self._names.let_go(claim, holder)
            raise not_found(name)

    def _renaming(self, model: Document, claim: Document) -> tuple[str, Change, tuple[Clause, ...]]:
        """The update that gives a model the claimed name, if it bears the old one still."""
        name = claim["name"]
        values = {NAME: name, Path("newest"): name, FORMER: model["name"], UPDATED: claim["at"]}
        guard = (Clause(NAME, Op.EQ, model["name"]), Clause(KIND, Op.IN, MODELS))
        return model["id"], Change(set=values), guard

    def _rename_versions(self, model: Document) -> None:
        """Give the versions of a renamed model its name."""
        former, name, now = model["former"], model["name"], model["updated"]
        for version in self._registry.find(
            Clause(NAME, Op.EQ, former), Clause(Path("model"), Op.EQ, model["model"]), fixed("kind", VERSIONS)
        ):
            values = {NAME: name, UPDATED: now, Path("newest"): newest(name, version["number"], now)}
            self._engine.update(REGISTRY, version["id"], Change(set=values), (Clause(NAME, Op.EQ, former),))
        done = (Clause(FORMER, Op.EQ, former), Clause(NAME, Op.EQ, name))
        self._engine.update(REGISTRY, model["id"], Change(unset=(FORMER,)), done)

    def delete(self, name: str) -> None:
        """Removes the model and its versions; an interrupted call can be repeated."""
        kinds = (*MODELS, DELETING)
        where = self._registry.place(name, Clause(NUMBER, Op.EQ, 0), fixed("kind", kinds))
        # From here on nobody finds it any more, or makes a version of it.
        model = self._engine.update_one(REGISTRY, where, Change(set={KIND: DELETING}))
        if model is None:
            raise not_found(name)
        claim = self._names.held(name)
        self._remove(model)
        self._names.let_go(claim, model["model"])

    def _remove(self, model: Document) -> None:
        of_it = (fixed("workspace", [self._workspace]), Clause(Path("model"), Op.EQ, model["model"]))
        for name in {model["name"], model.get("former", model["name"])}:
            self._engine.delete_all(REGISTRY, (*of_it, Clause(NAME, Op.EQ, name), fixed("kind", VERSIONS)))
        self._engine.delete(REGISTRY, model["id"])
