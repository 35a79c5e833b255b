"""Registered models over any engine: names, tags, aliases; deletion and renaming that can be repeated."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

import orjson

from genesis.entities.registry import (
    MODEL,
    NO_STAGE,
    PROMPT_TAG,
    ModelLine,
    RegisteredModel,
    already_exists,
    kind_of,
    not_found,
    rename_taken,
    version_not_found,
)
from genesis.errors import unavailable
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.claims import MADE, RENAMED, TRIES, Claims
from genesis.store.engine import Change, Document, Engine, Query, Updated
from genesis.store.pages import NEWEST, fixed, page, walk
from genesis.store.registry import (
    DELETING,
    FORMER,
    KIND,
    MODELS,
    NAME,
    NAMED,
    NUMBER,
    SHOWN,
    UPDATED,
    VERSIONS,
    Registry,
    asked_for,
    described,
    tops,
    version_document,
)
from genesis.store.schema import REGISTRY

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
        new = RegisteredModel(name, now, now, description, self._workspace, tags)
        document = self._new(uuid.uuid4().hex, new)
        claim = self._claim(document, now)
        self._engine.insert(REGISTRY, document)
        self._names.made(claim)
        return self._registry.registered_model(document, {})

    def _new(self, id: str, model: RegisteredModel) -> Document:
        return {
            "id": self._registry.key(id),
            "workspace": self._workspace,
            "model": id,
            "kind": kind_of(model.tags),
            "name": model.name,
            "newest": model.name,
            "number": 0,
            "shown": 1,
            "created": model.creation_time,
            "updated": model.last_update_time,
            **described(model.description),
            "tags": model.tags,
            "aliases": {},
            "stages": {},
            "gone": {},
            "last": 0,
            "revision": 0,
            "named": 0,
        }

    def write(self, id: str, line: ModelLine) -> None:
        """Bring a model with all its versions from elsewhere; repeatable with the same internal ``id``.

        Raises RESOURCE_ALREADY_EXISTS when another model or prompt has the name.
        """
        document = self._new(id, line.model)
        there = {version.number for version in line.versions}
        document |= {
            "aliases": {alias: number for alias, number in line.model.aliases.items() if number in there},
            "stages": {str(v.number): v.stage for v in line.versions if v.stage != NO_STAGE},
            "gone": {str(number): True for number in range(1, line.last + 1) if number not in there},
            "last": line.last,
        }
        claim = self._claim(document, line.model.creation_time)
        shown = {*tops(document), *document["aliases"].values()}
        for version in line.versions:
            kept = version_document(self._registry.key(id, version.number), document, version)
            self._engine.insert(REGISTRY, {**kept, "shown": int(version.number in shown)})
        # The model last: who finds it finds all of it.
        self._engine.insert(REGISTRY, document)
        self._names.made(claim)

    def walk(self) -> Iterator[ModelLine]:
        """All models and prompts with all their versions."""
        where = (fixed("workspace", [self._workspace]), fixed("kind", MODELS))
        return map(self._registry.line, walk(self._engine, REGISTRY, where))

    def line(self, name: str) -> ModelLine | None:
        """One model with all its versions."""
        document = self._bearer(name)
        return None if document is None else self._registry.line(document)

    def _claim(self, document: Document, now: int) -> Document:
        name, made = document["name"], {MADE: orjson.dumps(document).decode()}
        for _ in range(TRIES):
            claim = self._names.claim(name, document["model"], now, **made)
            if claim is not None:
                return claim
            existing = self._bearer(name)
            # None: it was deleted or renamed this moment, so the name may be free.
            if existing is not None:
                raise already_exists(name, PROMPT_TAG in existing["tags"], PROMPT_TAG in document["tags"])
        raise unavailable("Many requests want this name at once; try again.")

    def _bearer(self, name: str) -> Document | None:
        found = self._engine.find(REGISTRY, Query(self._registry.place_of_model(name), limit=1))
        return found[0] if found else None

    def _is_borne(self, claim: Document) -> bool:
        """Whether the claim's model bears the name, after all that its holder had begun is done."""
        id = self._registry.key(claim["holder"])
        model = self._engine.get(REGISTRY, id)
        if model is None and MADE in claim:
            # Not its creator's: that one may come yet.
            self._engine.insert(REGISTRY, {**orjson.loads(claim[MADE]), "adopted": True})
            model = self._engine.get(REGISTRY, id)
        if model is not None and _as_claimed(model) == claim.get(RENAMED):
            self._settle(model)
            self._engine.update(REGISTRY, *self._renaming(model, claim))
            model = self._engine.get(REGISTRY, id)
        if model is None:
            return False
        if model["kind"] == DELETING:
            self._registry.remove(model)
        if model["kind"] not in MODELS:
            return False
        self._settle(model)
        return bool(model["name"] == claim["name"])

    def _settle(self, model: Document) -> None:
        """Do what an earlier renaming may have left to do."""
        if FORMER.field in model:
            self._registry.name_versions(model)

    def get(self, name: str) -> RegisteredModel:
        """Raises RESOURCE_DOES_NOT_EXIST."""
        return self._registry.registered_model(*self._registry.shown(name))

    def search(
        self, where: Where, kinds: Sequence[str], order: tuple[Order, ...], at: tuple[str, int]
    ) -> tuple[list[RegisteredModel], str]:
        """A page and the next token, by name or in ``order`` and then by name."""
        kinds = asked_for(kinds, where)
        if order[:1] in ((), (BY_NAME,)):
            # One walk along the index, or all names at once: either is one command.
            order = NEWEST if len(kinds) == 1 else (BY_NAME,)
        elif all(item.path != NAME for item in order):
            order = (*order, BY_NAME)
        scope = (fixed("workspace", [self._workspace]), fixed("kind", kinds))
        found, token = page(self._engine, REGISTRY, (*scope, *where), order, at, only=("name",))
        names = [document["name"] for document in found]
        return self._whole(names) if names else [], token

    def _whole(self, names: list[str]) -> list[RegisteredModel]:
        """The models that bear these names, each with its latest versions."""
        found = list(self._registry.find(Clause(NAME, Op.IN, tuple(names)), Clause(SHOWN, Op.EQ, 1)))
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
        # As it was before: a renaming back must not lose what it has claimed since.
        old = self._names.held(name)
        model = self._half_renamed(name, new_name) or self._take_name(name, new_name, now)
        self._settle(model)
        self._names.let_go(old, model["model"])
        return self.get(new_name)

    def _half_renamed(self, name: str, new_name: str) -> Document | None:
        """The model, if an earlier call of the same kind died after the model had taken the new name."""
        model = self._bearer(new_name)
        return model if model is not None and model.get("former") == name else None

    def _take_name(self, name: str, new_name: str, now: int) -> Document:
        """The model as it is when it has the new name."""
        for _ in range(TRIES):
            model = self._registry.model(name)
            self._settle(model)
            claim = self._names.claim(new_name, model["model"], now, **{RENAMED: _as_claimed(model)})
            if claim is None:
                raise rename_taken(new_name)
            self._engine.update(REGISTRY, *self._renaming(model, claim))
            # Whoever found the claim in the way may have done it for us.
            taken = self._engine.get(REGISTRY, model["id"])
            if taken is not None and taken["name"] == new_name:
                return taken
            self._names.let_go(claim, model["model"])
        raise unavailable("The model is being renamed by many requests at once; try again.")

    def _renaming(self, model: Document, claim: Document) -> tuple[str, Change, tuple[Clause, ...]]:
        """The update that gives a model the claimed name, if it has not been renamed since."""
        name, now = claim["name"], claim["at"]
        values = {
            NAME: name,
            Path("newest"): name,
            FORMER: model["name"],
            NAMED: model["named"] + 1,
            Path("renamed"): now,
            UPDATED: now,
        }
        guard = (Clause(NAMED, Op.EQ, model["named"]), Clause(KIND, Op.IN, MODELS))
        return model["id"], Change(set=values), guard

    def delete(self, name: str) -> None:
        """Removes the model and its versions; an interrupted call can be repeated."""
        kinds = (*MODELS, DELETING)
        where = self._registry.place(name, Clause(NUMBER, Op.EQ, 0), fixed("kind", kinds))
        # From here on nobody finds it any more, or gets a number for a version of it.
        model = self._engine.update_one(REGISTRY, where, Change(set={KIND: DELETING}))
        if model is None:
            raise not_found(name)
        claim = self._names.held(name)
        self._registry.remove(model)
        self._names.let_go(claim, model["model"])


def _as_claimed(model: Document) -> str:
    """How a claim names the model that is to be renamed: once renamed, it is another's to say."""
    return f"{model['named']}|{model['name']}"
