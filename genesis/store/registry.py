"""The registry's documents: registered models, and the versions that belong to them.

A model is one document: what its aliases point to, the stage of each version and which versions are gone is
decided there, in one atomic step. A version has a document of its own, with copies of the model's name and
of its stage to search by. Both are in one collection, so one search finds a model and a version of it, or a
model and all it is shown with. Copies may lag behind: nothing that is read by name depends on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from genesis.entities.registry import (
    MODEL,
    NO_STAGE,
    PROMPT,
    PROMPT_TAG,
    PROMPT_VERSION,
    VERSION,
    ModelLine,
    ModelVersion,
    RegisteredModel,
    kind_of,
    not_found,
    version_not_found,
)
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.engine import Change, Document, Engine, Query
from genesis.store.pages import fixed
from genesis.store.schema import REGISTRY, key

MODELS = (MODEL, PROMPT)
VERSIONS = (VERSION, PROMPT_VERSION)
PROMPTS = (PROMPT, PROMPT_VERSION)
DELETING = "deleting"
"""The kind of a model whose versions are being removed: it is not there any more, but its name is taken."""
AWAITED = "awaited"
"""The kind of what keeps the place of a version whose model was renamed after it had got its number."""
SEALED = "sealed"
"""The kind of what stands in the place of a document that must not be written any more."""

KIND = Path("kind")
NAME = Path("name")
MODEL_ID = Path("model")
NUMBER = Path("number")
UPDATED = Path("updated")
SHOWN = Path("shown")
NAMED = Path("named")
"""How often a model was renamed: of two names that a version is given, the later one stays."""
FORMER = Path("former")
"""The name a model had, as long as versions may still bear it."""
CLOSED = Path("closed")
"""Of a model that is being deleted: no version of it can be written any more."""

LAST_MS = 10**15 - 1
LAST_NUMBER = 10**10 - 1


class Registry:
    """The documents of one workspace."""

    def __init__(self, engine: Engine, workspace: str) -> None:
        self._engine = engine
        self._workspace = workspace

    def key(self, model: str, number: int = 0) -> str:
        """The key of a model, or of one of its versions."""
        return key(self._workspace, model, str(number)) if number else key(self._workspace, model)

    def place(self, name: str, *clauses: Clause) -> Where:
        """Documents that bear a model's name."""
        return (fixed("workspace", [self._workspace]), Clause(NAME, Op.EQ, name), *clauses)

    def place_of_model(self, name: str, *clauses: Clause) -> Where:
        """The model that bears a name."""
        return self.place(name, Clause(NUMBER, Op.EQ, 0), fixed("kind", MODELS), *clauses)

    def find(self, *clauses: Clause) -> Sequence[Document]:
        where = (fixed("workspace", [self._workspace]), *clauses)
        return self._engine.find(REGISTRY, Query(where))

    def model(self, name: str) -> Document:
        """Raises RESOURCE_DOES_NOT_EXIST."""
        found = self._engine.find(REGISTRY, Query(self.place_of_model(name), limit=1))
        if not found:
            raise not_found(name)
        return found[0]

    def pair(self, name: str, number: int) -> tuple[Document, Document]:
        """A model and one of its versions; raises RESOURCE_DOES_NOT_EXIST."""
        model, version = self.found(name, number)
        if model is None or version is None:
            raise version_not_found(name, number)
        return model, version

    def found(self, name: str, number: int) -> tuple[Document | None, Document | None]:
        """A model and one of its versions, each if it is there."""
        if not 0 < number <= LAST_NUMBER:
            return None, None
        where = self.place(name, Clause(NUMBER, Op.IN, (0, number)))
        model, versions = _sorted_out(self._engine.find(REGISTRY, Query(where)))
        return model, None if model is None else self.version(model, number, versions)

    def shown(self, name: str) -> tuple[Document, dict[int, Document]]:
        """A model and the versions it is shown with, at least; raises RESOURCE_DOES_NOT_EXIST."""
        where = self.place(name, Clause(SHOWN, Op.EQ, 1))
        model, versions = _sorted_out(self._engine.find(REGISTRY, Query(where)))
        if model is None:
            raise not_found(name)
        return model, versions

    def version(self, model: Document, number: int, found: dict[int, Document]) -> Document | None:
        """A version of ``model``, from what was found or, where the search missed it, by its key."""
        if not 0 < number <= model["last"] or str(number) in model["gone"]:
            return None
        version = found.get(number) or self._engine.get(REGISTRY, self.key(model["model"], number))
        return version if version is not None and version["kind"] in VERSIONS else None

    def line(self, model: Document) -> ModelLine:
        """A model with every version, by number, each with its aliases."""
        bears = self.place(model["name"], Clause(MODEL_ID, Op.EQ, model["model"]), fixed("kind", VERSIONS))
        found = {document["number"]: document for document in self._engine.find(REGISTRY, Query(bears))}
        there = (self.version(model, number, found) for number in sorted(found))
        versions = [model_version(version, model, aliases=True) for version in there if version is not None]
        return ModelLine(self.registered_model(model, found), versions, model["last"])

    def registered_model(self, model: Document, found: dict[int, Document]) -> RegisteredModel:
        """The entity, with the highest version of each stage; ``found`` are versions that are at hand."""
        return RegisteredModel(
            name=model["name"],
            creation_time=model["created"],
            last_update_time=model["updated"],
            description=model.get("description"),
            workspace=self._workspace,
            tags=model["tags"],
            aliases={a: n for a, n in sorted(model["aliases"].items()) if str(n) not in model["gone"]},
            latest=[model_version(v, model) for v in self._latest(model, found)],
        )

    def _latest(self, model: Document, found: dict[int, Document]) -> list[Document]:
        latest = []
        for numbers in _by_stage(model):
            # A number without a version is one whose creator died, or is not ready yet.
            versions = (self.version(model, number, found) for number in numbers)
            latest += [next((version for version in versions if version is not None), None)]
        return sorted((v for v in latest if v is not None), key=lambda version: int(version["number"]))

    def name_versions(self, model: Document) -> None:
        """Give the versions of a renamed model its name; ``model`` is as it was read after that."""
        former, name, named = model["former"], model["name"], model["named"]
        self._keep_places(model, AWAITED)
        bears = self.place(
            former, Clause(MODEL_ID, Op.EQ, model["model"]), fixed("kind", (*VERSIONS, AWAITED))
        )
        for version in self._engine.find(REGISTRY, Query(bears)):
            if str(version["number"]) in model["gone"]:
                # Its deletion died before this last step.
                self._engine.delete(REGISTRY, version["id"])
                continue
            now = model["renamed"]
            values = {
                NAME: name,
                NAMED: named,
                UPDATED: now,
                Path("newest"): newest(name, version["number"], now),
            }
            self._engine.update(REGISTRY, version["id"], Change(set=values), (Clause(NAMED, Op.LT, named),))
        done = (Clause(FORMER, Op.EQ, former), Clause(NAMED, Op.EQ, named))
        self._engine.update(REGISTRY, model["id"], Change(unset=(FORMER,)), done)

    def remove(self, model: Document) -> None:
        """Remove a model that is being deleted, and its versions."""
        if CLOSED.field not in model:
            self._keep_places(model, SEALED)
            self._engine.update(REGISTRY, model["id"], Change(set={CLOSED: True}))
        # The former name first: whoever is renaming the versions moves them from there to the other.
        for name in _names(model):
            versions = self.place(name, Clause(MODEL_ID, Op.EQ, model["model"]), fixed("kind", VERSIONS))
            self._engine.delete_all(REGISTRY, versions)
        if model.get("adopted"):
            # Its creator may come yet, and must not bring it back.
            self._engine.update(REGISTRY, model["id"], Change(set={KIND: SEALED, SHOWN: 0}))
        else:
            self._engine.delete(REGISTRY, model["id"])

    def _keep_places(self, model: Document, kind: str) -> None:
        """Stand in the way of who has got a number and not written the version yet.

        They find out that the model was renamed or deleted since, or they have died.
        """
        of_it = (fixed("workspace", [self._workspace]), fixed("name", _names(model)))
        where = (*of_it, Clause(MODEL_ID, Op.EQ, model["model"]))
        found = self._engine.find(REGISTRY, Query(where, (Order(NUMBER),), only=("kind",)))
        kinds = VERSIONS if kind == SEALED else (*VERSIONS, AWAITED)
        written = {document["number"] for document in found if document["kind"] in kinds}
        unwritten = set(range(1, model["last"] + 1)) - written
        if unwritten - {int(number) for number in model["gone"]}:
            # What was removed before that search is known to be gone by now, or the model is.
            now = self._engine.get(REGISTRY, model["id"])
            if now is None or now["kind"] != model["kind"] or CLOSED.field in now:
                return
            for number in sorted(unwritten - {int(number) for number in now["gone"]}):
                self._keep_place(model, number, kind)

    def _keep_place(self, model: Document, number: int, kind: str) -> None:
        place = {
            "id": self.key(model["model"], number),
            "workspace": self._workspace,
            "model": model["model"],
            "kind": kind,
            "name": model["name"],
            "named": model["named"],
            "number": number,
            "shown": 0,
        }
        if not self._engine.insert(REGISTRY, place) and kind == SEALED:
            awaited = (Clause(KIND, Op.EQ, AWAITED),)
            self._engine.update(REGISTRY, place["id"], Change(set={KIND: SEALED}), awaited)


def _by_stage(model: Document) -> Iterator[Iterator[int]]:
    """The numbers of each stage's versions, the highest first."""
    staged: dict[str, list[int]] = {}
    for number, stage in model["stages"].items():
        if number not in model["gone"]:
            staged.setdefault(stage, []).append(int(number))
    for numbers in staged.values():
        yield iter(sorted(numbers, reverse=True))
    taken = model["stages"].keys() | model["gone"].keys()
    yield (number for number in range(model["last"], 0, -1) if str(number) not in taken)


def tops(model: Document) -> set[int]:
    """The highest number of each stage, whether or not its version has been written."""
    return {number for numbers in _by_stage(model) for number in islice(numbers, 1)}


def _names(model: Document) -> tuple[str, ...]:
    """The names that a model's versions may bear, the former one first."""
    return tuple(dict.fromkeys((model.get("former", model["name"]), model["name"])))


def _sorted_out(found: Sequence[Document]) -> tuple[Document | None, dict[int, Document]]:
    """The model among documents of one name, and its versions by number.

    Versions whose copy of the name lags behind may be another model's.
    """
    documents = list(found)
    model = next((d for d in documents if d["kind"] in MODELS), None)
    if model is None:
        return None, {}
    versions = (d for d in documents if d["kind"] in VERSIONS and d["model"] == model["model"])
    return model, {version["number"]: version for version in versions}


def model_version(version: Document, model: Document | None = None, *, aliases: bool = False) -> ModelVersion:
    """The entity; name and stage are the model's word, where it is at hand, and the copies' otherwise."""
    number = version["number"]
    name, stage = version["name"], version["stage"]
    if model is not None:
        name, stage = model["name"], model["stages"].get(str(number), NO_STAGE)
    return ModelVersion(
        name=name,
        number=number,
        creation_time=version["created"],
        last_update_time=version["updated"],
        description=version.get("description"),
        source=version["source"],
        storage=version["storage"],
        run_id=version["run_id"],
        run_link=version["run_link"],
        stage=stage,
        tags=version["tags"],
        aliases=sorted(a for a, n in model["aliases"].items() if n == number) if model and aliases else [],
    )


def version_document(id: str, model: Document, version: ModelVersion) -> Document:
    """A version as it is stored under the key ``id``, of a model as it is stored."""
    number = version.number
    return {
        "id": id,
        "workspace": model["workspace"],
        "model": model["model"],
        "kind": kind_of(version.tags, number),
        "name": model["name"],
        "newest": newest(model["name"], number, version.last_update_time),
        "number": number,
        "shown": 1,
        "created": version.creation_time,
        "updated": version.last_update_time,
        **described(version.description),
        "source": version.source,
        "storage": version.storage,
        "run_id": version.run_id,
        "run_link": version.run_link,
        "stage": version.stage,
        "revision": 0,
        "named": model["named"],
        "tags": version.tags,
    }


def newest(name: str, number: int, updated: int) -> str:
    """A version's place in the default order: last updated first, then by name, then the highest number."""
    return f"{LAST_MS - updated:015d}|{name}\x01{LAST_NUMBER - number:010d}"


def asked_for(kinds: Sequence[str], where: Where) -> Sequence[str]:
    """Those of ``kinds`` that can match: one walk along the index less where only prompts can."""
    is_prompt = Clause(Path("tags", PROMPT_TAG), Op.EQ, "true")
    return [kind for kind in kinds if kind in PROMPTS] or kinds if is_prompt in where else kinds


def described(description: str | None) -> dict[str, Any]:
    """A description as a document has it: not at all when there is none."""
    return {} if description is None else {"description": description}
