"""The registry's documents: registered models, and the versions that belong to them.

A model is one document: what its aliases point to, the stage of each version and which versions are gone is
decided there, in one atomic step. A version has a document of its own, with copies of the model's name and
of its stage to search by. Both are in one collection, so one search finds a model and a version of it, or a
model and all it is shown with. Copies may lag behind: nothing that is read by name depends on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genesis.entities.registry import (
    MODEL,
    NO_STAGE,
    PROMPT,
    PROMPT_VERSION,
    VERSION,
    ModelVersion,
    RegisteredModel,
    not_found,
    version_not_found,
)
from genesis.search.clauses import Clause, Op, Path, Where
from genesis.store.engine import Document, Engine, Query
from genesis.store.pages import fixed
from genesis.store.schema import REGISTRY, key

MODELS = (MODEL, PROMPT)
VERSIONS = (VERSION, PROMPT_VERSION)
DELETING = "deleting"
"""The kind of a model whose versions are being removed: it is not there any more, but its name is taken."""

KIND = Path("kind")
NAME = Path("name")
NUMBER = Path("number")
UPDATED = Path("updated")
SHOWN = Path("shown")

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

    def find(self, *clauses: Clause) -> list[Document]:
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
        if not 0 < number <= LAST_NUMBER:
            raise version_not_found(name, number)
        where = self.place(name, Clause(NUMBER, Op.IN, (0, number)))
        model, versions = _sorted_out(self._engine.find(REGISTRY, Query(where)))
        version = self.version(model, number, versions) if model is not None else None
        if model is None or version is None:
            raise version_not_found(name, number)
        return model, version

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
        return found.get(number) or self._engine.get(REGISTRY, self.key(model["model"], number))

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


def _by_stage(model: Document) -> Iterator[Iterator[int]]:
    """The numbers of each stage's versions, the highest first."""
    staged: dict[str, list[int]] = {}
    for number, stage in model["stages"].items():
        staged.setdefault(stage, []).append(int(number))
    for numbers in staged.values():
        yield iter(sorted(numbers, reverse=True))
    taken = model["stages"].keys() | model["gone"].keys()
    yield (number for number in range(model["last"], 0, -1) if str(number) not in taken)


def _sorted_out(found: list[Document]) -> tuple[Document | None, dict[int, Document]]:
    """The model among documents of one name, and its versions by number.

    Versions whose copy of the name lags behind may be another model's.
    """
    model = next((d for d in found if d["kind"] in MODELS), None)
    if model is None:
        return None, {}
    return model, {d["number"]: d for d in found if d["number"] and d["model"] == model["model"]}


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


def newest(name: str, number: int, updated: int) -> str:
    """A version's place in the default order: last updated first, then by name, then the highest number."""
    return f"{LAST_MS - updated:015d}|{name}\x01{LAST_NUMBER - number:010d}"


def described(description: str | None) -> dict[str, Any]:
    """A description as a document has it: not at all when there is none."""
    return {} if description is None else {"description": description}
