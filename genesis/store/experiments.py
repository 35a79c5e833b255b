"""Experiments over any engine. A name is claimed by a document whose key it is, so it is unique."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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
from genesis.errors import Code, GenesisError, missing
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.engine import Change, Document, Engine, Missing, Query, Refused, Updated
from genesis.store.pages import fixed, page
from genesis.store.schema import EXPERIMENTS, NAMES, RUNS, key, name

LIFECYCLE = Path("lifecycle")
NUMBER = Path("number")
NEWEST = (Order(Path("newest")),)
IS_ACTIVE = Clause(LIFECYCLE, Op.EQ, ACTIVE)

CLAIM_MS = 120_000
"""A claim on a name that no experiment bears after this time was left by a request that died.

Longer than a request can take: each of its commands waits up to 20 seconds for a busy database."""

NOBODY = ""
"""Whom the claim on a name belongs to that has been let go."""

LAST_MS = 10**15 - 1


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

    def _key(self, experiment_id: str) -> str:
        return key(self._workspace, experiment_id)

    def ensure_default(self, root: str, now: int) -> None:
        """Every workspace has the experiment "0", as MLflow's clients expect."""
        if self.get(DEFAULT_ID) is None and self._claim(DEFAULT_NAME, DEFAULT_ID, now):
            self._insert(self._new(DEFAULT_ID, DEFAULT_NAME, root + DEFAULT_ID, now))

    def create(self, name: str, location: Location, tags: dict[str, str], now: int) -> str:
        """A new experiment's id.

        Raises RESOURCE_ALREADY_EXISTS when the name is taken, be it by a deleted experiment.
        """
        experiment_id = str(self._engine.count_up(key(self._workspace, "experiments")))
        if not self._claim(name, experiment_id, now):
            raise already_exists(name)
        self._insert(self._new(experiment_id, name, location.of(experiment_id), now, tags))
        return experiment_id

    def _new(
        self, experiment_id: str, name: str, location: str, now: int, tags: dict[str, str] | None = None
    ) -> Experiment:
        return Experiment(experiment_id, name, location, now, now, self._workspace, tags=tags or {})

    def _insert(self, experiment: Experiment) -> None:
        number = int(experiment.experiment_id)
        self._engine.insert(
            EXPERIMENTS,
            {
                "id": self._key(experiment.experiment_id),
                "workspace": self._workspace,
                "number": number,
                "name": experiment.name,
                "artifact_location": experiment.artifact_location,
                "created": experiment.creation_time,
                "updated": experiment.last_update_time,
                "lifecycle": experiment.lifecycle_stage,
                "newest": f"{LAST_MS - experiment.creation_time:015d}|{number:019d}",
                "tags": experiment.tags,
            },
        )

    def _claim(self, wanted: str, experiment_id: str, now: int) -> bool:
        """Whether ``wanted`` now belongs to the experiment; its own claim is an earlier try's."""
        id = key(self._workspace, name(wanted))
        claim: Document = {
            "id": id,
            "workspace": self._workspace,
            "name": wanted,
            "experiment": experiment_id,
            "at": now,
        }
        if self._engine.insert(NAMES, claim):
            return True
        held = self._claimed(wanted)
        if held is None or not (held["experiment"] == experiment_id or self._is_void(held, now)):
            return False
        return self._move(held, experiment_id, now)

    def _is_void(self, claim: Document, now: int) -> bool:
        if now - claim["at"] < CLAIM_MS:
            return False
        bearer = self.get(claim["experiment"])
        return bearer is None or bearer.name != claim["name"]

    def _move(self, held: Document, experiment_id: str, at: int) -> bool:
        """Hand a claim over, unless it has changed since it was read."""
        change = Change(set={Path("experiment"): experiment_id, Path("at"): at})
        guard = (
            Clause(Path("experiment"), Op.EQ, held["experiment"]),
            Clause(Path("at"), Op.EQ, held["at"]),
        )
        return isinstance(self._engine.update(NAMES, held["id"], change, guard), Updated)

    def _claimed(self, wanted: str) -> Document | None:
        return self._engine.get(NAMES, key(self._workspace, name(wanted)))

    def _let_go(self, claim: Document | None, experiment_id: str) -> None:
        """Anyone may have the name; another's claim stays."""
        if claim is not None and claim["experiment"] == experiment_id:
            self._move(claim, NOBODY, 0)

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
        moved = new_name != experiment.name
        old = self._claimed(experiment.name) if moved else None
        if moved and not self._claim(new_name, experiment.experiment_id, now):
            raise already_exists(new_name, Code.BAD_REQUEST)
        new = self._claimed(new_name) if moved else None
        change = Change(set={Path("name"): new_name, Path("updated"): now})
        unmoved = Clause(Path("name"), Op.EQ, experiment.name)
        outcome = self._engine.update(
            EXPERIMENTS, self._key(experiment.experiment_id), change, (IS_ACTIVE, unmoved)
        )
        if isinstance(outcome, Refused) and outcome.document["name"] != new_name:
            self._let_go(new, experiment.experiment_id)
            raise GenesisError(
                Code.BAD_REQUEST, f"Experiment {experiment.experiment_id} was changed by another request."
            )
        self._let_go(old, experiment.experiment_id)

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
