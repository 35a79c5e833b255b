"""Experiments over any engine. A name is claimed by a document whose key it is, so it is unique."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from genesis.entities.experiments import (
    ACTIVE,
    DEFAULT_ID,
    DEFAULT_NAME,
    DELETED,
    Experiment,
    already_exists,
    not_active,
    not_found,
)
from genesis.errors import Code, GenesisError, missing, unavailable
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.claims import MADE, RENAMED, TRIES, Claims
from genesis.store.engine import Change, Document, Engine, Missing, Query, Refused
from genesis.store.pages import IS_ACTIVE, LIFECYCLE, NEWEST, STAGES, fixed, page, walk
from genesis.store.schema import EXPERIMENTS, RUNS, key

NUMBER = Path("number")

LAST_MS = 10**15 - 1
MOST_RESERVED = 100_000
"""Numbers that ``reserve`` counts up to at most; ids above it were drawn, not counted."""


class Location(NamedTuple):
    """Where an experiment's artifacts lie: as given, or below a root (which ends in `/`) by its id."""

    root: str
    given: str = ""

    def of(self, experiment_id: str) -> str:
        return self.given or self.root + experiment_id


class Experiments:
    """The experiments of one workspace."""

    def __init__(self, engine: Engine, workspace: str) -> None:
        self._engine = engine
        self._workspace = workspace
        self._names = Claims(engine, workspace, "experiments", self._is_borne)

    def _key(self, experiment_id: str) -> str:
        return key(self._workspace, experiment_id)

    def ensure_default(self, root: str, now: int) -> None:
        """Every workspace has the experiment "0", as MLflow's clients expect."""
        if self.get(DEFAULT_ID) is None:
            self._make(self._new(DEFAULT_ID, DEFAULT_NAME, root + DEFAULT_ID, {}, now))

    def create(self, name: str, location: Location, tags: dict[str, str], now: int) -> str:
        """A new experiment's id.

        Raises RESOURCE_ALREADY_EXISTS when the name is taken, be it by a deleted experiment.
        """
        for _ in range(TRIES):
            experiment_id = self.next_id()
            made = self._make(self._new(experiment_id, name, location.of(experiment_id), tags, now))
            if made is None:
                raise already_exists(name)
            if made:
                return experiment_id
            # The id is that of one that was brought here from elsewhere.
        raise unavailable("The ids of new experiments are taken; try again.")

    def _new(
        self, experiment_id: str, name: str, location: str, tags: dict[str, str], now: int
    ) -> Experiment:
        return Experiment(experiment_id, name, location, now, now, self._workspace, tags=tags)

    def write(self, experiment: Experiment) -> bool:
        """Bring an experiment from elsewhere, id, times and stage kept; False where the id is another's.

        One of the same id and name stays as it is, but for a default experiment that nobody has touched.
        Raises RESOURCE_ALREADY_EXISTS where another has the name.
        """
        held = self.get(experiment.experiment_id)
        if held is None:
            made = self._make(experiment)
            if made is None:
                raise already_exists(experiment.name)
            return made
        if held.name == experiment.name and _is_untouched(held):
            document = self._document(experiment)
            fields = ("artifact_location", "created", "updated", "lifecycle", "newest")
            tags = {Path("tags", tag): value for tag, value in experiment.tags.items()}
            change = Change(set={**{Path(field): document[field] for field in fields}, **tags})
            self._engine.update(EXPERIMENTS, document["id"], change, (IS_ACTIVE,))
        return held.name == experiment.name

    def next_id(self) -> str:
        """An id that no other experiment is given; one that was brought from elsewhere may have it."""
        return str(self._engine.count_up(key(self._workspace, "experiments")))

    def reserve(self, number: int) -> None:
        """New experiments have ids above this one from now on; costs a command a number, the first time."""
        while int(self.next_id()) < min(number, MOST_RESERVED):
            pass

    def walk(self) -> Iterator[Experiment]:
        """All of them, deleted ones too."""
        where = (fixed("workspace", [self._workspace]), STAGES)
        return map(self._entity, walk(self._engine, EXPERIMENTS, where))

    def _document(self, experiment: Experiment) -> Document:
        created, number = experiment.creation_time, int(experiment.experiment_id)
        return {
            "id": self._key(experiment.experiment_id),
            "workspace": self._workspace,
            "number": number,
            "name": experiment.name,
            "artifact_location": experiment.artifact_location,
            "created": created,
            "updated": experiment.last_update_time,
            "lifecycle": experiment.lifecycle_stage,
            "newest": f"{LAST_MS - created:015d}|{number:019d}",
            "tags": experiment.tags,
        }

    def _make(self, experiment: Experiment) -> bool | None:
        """Claim the name and write the experiment; the claim says how, so that others can finish it.

        None: another has the name; False: another has the id.
        """
        document = self._document(experiment)
        made = orjson.dumps(document).decode()
        claim = self._names.claim(
            experiment.name, experiment.experiment_id, experiment.creation_time, made=made
        )
        if claim is None:
            return None
        if not self._engine.insert(EXPERIMENTS, document):
            held = self.get(experiment.experiment_id)
            if held is not None and held.name != experiment.name:
                self._names.let_go(claim, experiment.experiment_id)
                return False
        self._names.made(claim)
        return True

    def _is_borne(self, claim: Document) -> bool:
        """Whether the claim's experiment bears the name, after all that its holder had begun is done."""
        bearer = self.get(claim["holder"])
        if bearer is None and MADE in claim:
            self._engine.insert(EXPERIMENTS, orjson.loads(claim[MADE]))
            bearer = self.get(claim["holder"])
        if bearer is not None and bearer.name == claim.get(RENAMED):
            self._engine.update(EXPERIMENTS, *_renaming(self._key(bearer.experiment_id), bearer.name, claim))
            bearer = self.get(claim["holder"])
        return bearer is not None and bearer.name == claim["name"]

    def get(self, experiment_id: str) -> Experiment | None:
        document = self._engine.get(EXPERIMENTS, self._key(experiment_id))
        return None if document is None else self._entity(document)

    def get_by_name(self, name: str) -> Experiment | None:
        where = (fixed("workspace", [self._workspace]), Clause(Path("name"), Op.EQ, name))
        found = self._engine.find(EXPERIMENTS, Query(where, limit=1))
        return self._entity(found[0]) if found else None

    def search(
        self, where: Where, stages: Sequence[str], order: tuple[Order, ...], at: tuple[str, int]
    ) -> tuple[list[Experiment], str]:
        """A page and the next token; newest first, or in ``order`` and then by falling id."""
        if not order:
            order = NEWEST
        elif all(item.path != NUMBER for item in order):
            order = (*order, Order(NUMBER, ascending=False))
        scope = (fixed("workspace", [self._workspace]), fixed("lifecycle", stages))
        documents, token = page(self._engine, EXPERIMENTS, (*scope, *where), order, at)
        return [self._entity(document) for document in documents], token

    def rename(self, experiment: Experiment, new_name: str, now: int) -> None:
        """Claim the new name, take it, let go of the old one; a second writer sees one or the other."""
        experiment_id, old_name = experiment.experiment_id, experiment.name
        old = self._names.held(old_name) if new_name != old_name else None
        new: Document | None = {"name": new_name, "at": now, "holder": experiment_id}
        if new_name != old_name:
            new = self._names.claim(new_name, experiment_id, now, renamed=old_name)
        if new is None:
            raise already_exists(new_name, Code.BAD_REQUEST)
        outcome = self._engine.update(EXPERIMENTS, *_renaming(self._key(experiment_id), old_name, new))
        if isinstance(outcome, Refused) and outcome.document["name"] != new_name:
            self._names.let_go(new, experiment_id)
            raise GenesisError(
                Code.BAD_REQUEST, f"Experiment {experiment_id} was changed by another request."
            )
        self._names.let_go(old, experiment_id)

    def set_tag(self, experiment_id: str, key: str, value: str) -> None:
        self._update(experiment_id, Change(set={Path("tags", key): value}))

    def delete_tag(self, experiment_id: str, key: str) -> None:
        path = Path("tags", key)
        present = Clause(path, Op.IS_NOT_NULL)
        self._update(experiment_id, Change(unset=(path,)), present)

    def _update(self, experiment_id: str, change: Change, present: Clause | None = None) -> None:
        """Change an active experiment; only a miss pays a second look, to say why."""
        guard = (IS_ACTIVE,) if present is None else (IS_ACTIVE, present)
        outcome = self._engine.update(EXPERIMENTS, self._key(experiment_id), change, guard)
        if isinstance(outcome, Missing):
            raise not_found(experiment_id)
        if isinstance(outcome, Refused):
            if outcome.document["lifecycle"] != ACTIVE:
                raise not_active(experiment_id, outcome.document["lifecycle"])
            if present is not None:
                raise missing(f"No tag with name: {present.path.key} in experiment with id {experiment_id}")

    def delete(self, experiment_id: str, now: int) -> None:
        self._turn(experiment_id, ACTIVE, DELETED, now)

    def restore(self, experiment_id: str, now: int) -> None:
        self._turn(experiment_id, DELETED, ACTIVE, now)

    def _turn(self, experiment_id: str, stage: str, to: str, now: int) -> None:
        """Move an experiment and, as MLflow does, every one of its runs to another stage.

        The runs go first: an interrupted request can be repeated until the experiment itself turns.
        """
        held = self.get(experiment_id)
        if held is None or held.lifecycle_stage != stage:
            raise not_found(experiment_id)
        runs = (fixed("experiment", [self._key(experiment_id)]), fixed("lifecycle", [stage]))
        deleted = Path("deleted_time")
        self._engine.update_all(
            RUNS,
            runs,
            Change(set={LIFECYCLE: to, deleted: now})
            if to == DELETED
            else Change(set={LIFECYCLE: to}, unset=(deleted,)),
        )
        change = Change(set={LIFECYCLE: to, Path("updated"): now})
        guard = (Clause(LIFECYCLE, Op.EQ, stage),)
        if isinstance(self._engine.update(EXPERIMENTS, self._key(experiment_id), change, guard), Refused):
            raise not_found(experiment_id)

    def _entity(self, document: Document) -> Experiment:
        return Experiment(
            experiment_id=str(document["number"]),
            name=document["name"],
            artifact_location=document["artifact_location"],
            creation_time=document["created"],
            last_update_time=document["updated"],
            workspace=document["workspace"],
            lifecycle_stage=document["lifecycle"],
            tags=document.get("tags", {}),
        )


def _is_untouched(experiment: Experiment) -> bool:
    """Whether this is the default experiment as it was made."""
    is_new = experiment.creation_time == experiment.last_update_time and not experiment.tags
    return experiment.experiment_id == DEFAULT_ID and is_new and experiment.lifecycle_stage == ACTIVE


def _renaming(id: str, old_name: str, claim: Document) -> tuple[str, Change, tuple[Clause, ...]]:
    """The update that gives an experiment the claimed name, if it is active and bears the old one still."""
    change = Change(set={Path("name"): claim["name"], Path("updated"): claim["at"]})
    return id, change, (IS_ACTIVE, Clause(Path("name"), Op.EQ, old_name))
