"""Permanent deletion over any engine: only of what is deleted, and resumable after an interruption.

What is being removed is written down before anything goes, and crossed out when all has gone. The document
itself goes first, in one step that holds only while it is deleted: whoever restores it is either before
that, and keeps everything, or finds nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace

from genesis.entities.experiments import DELETED
from genesis.entities.experiments import not_found as no_experiment
from genesis.entities.logged_models import not_found as no_model
from genesis.entities.removals import EXPERIMENT, LOGGED_MODEL, RUN, Removal
from genesis.entities.runs import not_found as no_run
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.claims import Claims
from genesis.store.engine import Document, Engine, Query
from genesis.store.pages import LIFECYCLE, STAGES, fixed, walk
from genesis.store.registry import VERSIONS
from genesis.store.schema import (
    DATASETS,
    EXPERIMENTS,
    LOGGED_MODELS,
    REGISTRY,
    REMOVALS,
    RUNS,
    Collection,
    key,
)

PLACES = {RUN: RUNS, LOGGED_MODEL: LOGGED_MODELS, EXPERIMENT: EXPERIMENTS}
IS_DELETED = Clause(LIFECYCLE, Op.EQ, DELETED)

Files = Callable[[str], None]
"""Removes all artifacts below a URI; nothing there is no error."""


class Removals:
    """What one workspace removes for good; below ``root`` its experiments have places of their own."""

    def __init__(self, engine: Engine, workspace: str, root: str) -> None:
        self._engine = engine
        self._workspace = workspace
        self._root = root
        self._storages: list[str] | None = None

    def begun(self) -> list[Removal]:
        """What an earlier, interrupted call has begun to remove."""
        where = (fixed("workspace", [self._workspace]),)
        found = self._engine.find(REMOVALS, Query(where))
        return [Removal(d["kind"], d["target"], d["artifact_uri"], d["name"]) for d in found]

    def all(self, before: int) -> Iterator[Removal]:
        """What was deleted before ``before`` (ms since the epoch); an experiment stands for all in it."""
        where = (fixed("workspace", [self._workspace]), STAGES)
        for experiment in list(self._walk(EXPERIMENTS, where)):
            whole = None
            if experiment["lifecycle"] == DELETED and experiment["updated"] < before:
                whole = self._experiment(experiment, before)
                yield whole
            if whole is None or whole.kept:
                yield from self._inside(experiment, before)

    def _inside(self, experiment: Document, before: int) -> Iterator[Removal]:
        where = (fixed("experiment", [experiment["id"]]), IS_DELETED)
        for run in self._walk(RUNS, where):
            if run["deleted_time"] < before:
                yield self._run(run)
        for model in self._walk(LOGGED_MODELS, where):
            if model["updated"] < before:
                yield self._model(model)

    def deleted(self, kind: str, before: int) -> Iterator[str]:
        """Ids of the runs, or logged models, of any experiment that were deleted before ``before``."""
        since, id = ("deleted_time", "run_id") if kind == RUN else ("updated", "model_id")
        for experiment in list(self._walk(EXPERIMENTS, (fixed("workspace", [self._workspace]), STAGES))):
            where = (fixed("experiment", [experiment["id"]]), IS_DELETED)
            yield from (found[id] for found in self._walk(PLACES[kind], where) if found[since] < before)

    def one(self, kind: str, id: str, before: int) -> Removal:
        """One run, logged model or experiment; raises RESOURCE_DOES_NOT_EXIST."""
        document = self._engine.get(PLACES[kind], key(self._workspace, id))
        if document is None:
            raise {RUN: no_run, LOGGED_MODEL: no_model, EXPERIMENT: no_experiment}[kind](id)
        since = int(document.get("deleted_time") or document.get("updated") or 0)
        describe = {RUN: self._run, LOGGED_MODEL: self._model}.get(kind)
        removal = describe(document) if describe else self._experiment(document, before)
        if document["lifecycle"] != DELETED:
            return replace(removal, kept="it is active; delete it first")
        return replace(removal, kept="it was deleted later than that") if since >= before else removal

    def _walk(self, collection: Collection, where: Where) -> Iterator[Document]:
        return walk(self._engine, collection, where)

    def _run(self, run: Document) -> Removal:
        return Removal(RUN, run["run_id"], run["artifact_uri"], kept=self._version_of(run))

    def _model(self, model: Document) -> Removal:
        return Removal(LOGGED_MODEL, model["model_id"], model["artifact_uri"], kept=self._version_of(model))

    def _experiment(self, experiment: Document, before: int) -> Removal:
        """An experiment goes with all that is in it, or not at all."""
        inside = (fixed("experiment", [experiment["id"]]), STAGES)
        kept = ""
        for run in self._walk(RUNS, inside):
            if run["lifecycle"] != DELETED:
                kept = f"its run {run['run_id']} is active"
            elif run["deleted_time"] >= before:
                kept = f"its run {run['run_id']} was deleted later than that"
            kept = kept or self._version_of(run)
            if kept:
                break
        else:
            versions = (self._version_of(m) for m in self._walk(LOGGED_MODELS, inside))
            kept = next(filter(None, versions), "")
        id, location = str(experiment["number"]), experiment["artifact_location"]
        # A place that somebody chose may be another experiment's as well.
        own = location if location == self._root + id else ""
        return Removal(EXPERIMENT, id, own, experiment["name"], kept)

    def _version_of(self, owner: Document) -> str:
        """Why the artifacts of a run or logged model must stay, if a model version's lie there."""
        # The UI registers what a run's page shows by the run's id: a folder, or a logged model's name.
        if "model_id" in owner:
            named = f"runs:/{owner['source_run_id']}/{owner['name']}"
        else:
            named = f"runs:/{owner['run_id']}"
        return self._version_in(owner["artifact_uri"]) or self._version_in(named)

    def _version_in(self, uri: str) -> str:
        if self._storages is None:
            where = (fixed("workspace", [self._workspace]), fixed("kind", VERSIONS))
            order = (Order(Path("source")),)
            only = ("storage",)
            found = self._engine.find(REGISTRY, Query(where, order, only=only))
            self._storages = sorted(version["storage"].rstrip("/") + "/" for version in found)
        folder = uri.rstrip("/") + "/"
        at = bisect_left(self._storages, folder)
        held = at < len(self._storages) and self._storages[at].startswith(folder)
        return "a registered model has a version there" if held else ""

    def remove(self, removal: Removal, files: Files) -> bool:
        """Remove it and all that hangs on it; False when it was restored meanwhile, and so stays."""
        id = key(self._workspace, removal.id)
        record = {
            "id": key(self._workspace, removal.kind, removal.id),
            "workspace": self._workspace,
            "target": removal.id,
            **{k: v for k, v in asdict(removal).items() if k in ("kind", "artifact_uri", "name")},
        }
        self._engine.insert(REMOVALS, record)
        collection = PLACES[removal.kind]
        gone = self._engine.delete(collection, id, (IS_DELETED,)) or self._engine.get(collection, id) is None
        if gone:
            if removal.kind == RUN:
                self._engine.delete_points(id)
            if removal.kind == EXPERIMENT:
                self._empty(id, removal, files)
            if removal.artifact_uri:
                files(removal.artifact_uri)
        self._engine.delete(REMOVALS, record["id"])
        return gone

    def _empty(self, experiment: str, removal: Removal, files: Files) -> None:
        """Remove what was in an experiment that is gone; a run that was restored this moment stays."""
        inside = fixed("experiment", [experiment])
        for run in self._walk(RUNS, (inside, IS_DELETED)):
            self.remove(self._run(run), files)
        for model in self._walk(LOGGED_MODELS, (inside, STAGES)):
            files(model["artifact_uri"])
            self._engine.delete(LOGGED_MODELS, model["id"])
        self._engine.delete_all(DATASETS, (inside,))
        names = Claims(self._engine, self._workspace, "experiments", lambda claim: False)
        names.let_go(names.held(removal.name), removal.id)
