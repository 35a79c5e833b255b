"""What a move would find: how much, what is in its way, what would not fit, and how long it might take."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from genesis.artifacts.paths import safe_file
from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import ModelLine
from genesis.entities.runs import Run
from genesis.errors import GenesisError
from genesis.migrate.ends import EXPERIMENT, LOGGED_MODEL, REGISTERED_MODEL, RUN, Loss, Source, Target
from genesis.migrate.journal import DONE, Journal
from genesis.migrate.locations import decoded
from genesis.migrate.progress import Progress
from genesis.migrate.rewriting import Owner, Rewriting
from genesis.migrate.same import differences
from genesis.store.logged_models import MAX_ROWS

COSMOS_BYTES = 2_000_000
"""The largest document of Cosmos DB's request-unit model; vCore and MongoDB take eight times as much."""
RU_A_DOCUMENT, RU_A_KIB = 10, 6
"""A rough price of writing a document with our indexes."""
POINT_BYTES = 24
RUNS_A_SECOND, POINTS_A_SECOND, FILES_A_SECOND, BYTES_A_SECOND = 200, 60_000, 100, 20_000_000
"""As bench/migrate.py has them on two cores and a local disk, rounded down."""


@dataclass
class Analyzed:
    """What was found."""

    counts: Counter[str] = field(default_factory=Counter)
    """``metadata bytes`` are those of the documents, without points."""
    collisions: list[Loss] = field(default_factory=list)
    unfit: list[Loss] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def estimate(self) -> dict[str, int]:
        """Seconds on a small machine, a database beside it, and request units of Cosmos DB; both rough."""
        counts = self.counts
        documents = sum(counts[kind] for kind in ("experiments", "runs", "logged models", "versions"))
        points = counts["points"]
        kib = (counts["metadata bytes"] + points * POINT_BYTES) / 1024
        units = RU_A_DOCUMENT * (documents + counts["histories"]) + RU_A_KIB * kib
        seconds = (
            counts["runs"] / RUNS_A_SECOND
            + points / POINTS_A_SECOND
            + max(counts["files"] / FILES_A_SECOND, counts["bytes"] / BYTES_A_SECOND)
        )
        return {"seconds": round(seconds) + 3, "request units": round(units)}


class Analysis:
    """Of a move that need not have begun; what the journal knows to be moved is in nobody's way."""

    def __init__(
        self, source: Source, target: Target, journal: Journal, progress: Progress, suffix: str = ""
    ) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._progress = progress
        self._suffix = suffix
        self._rewriting = Rewriting(source, target, lambda kind, id: None)
        self.found = Analyzed()

    def run(self) -> Analyzed:
        there = {held.experiment_id: held for held in self._target.experiments()}
        names = {held.name: held for held in there.values()}
        for experiment in self._source.experiments():
            self._experiment(experiment, there, names)
            for runs in self._source.runs(experiment.experiment_id):
                self._runs(runs)
            for models in self._source.logged_models(experiment.experiment_id):
                self._models(models)
        for line in self._source.lines():
            self._line(line)
        points = self._source.points()
        self.found.counts["points"] = self._counted() if points is None else points
        for owner in self._rewriting.owners:
            self._files(owner)
        self.found.losses += [*self._source.losses(), *self._rewriting.stay.values()]
        return self.found

    def _counted(self) -> int:
        """Points, where the only way is to read them."""
        return sum(
            len(points)
            for experiment in self._source.experiments()
            for runs in self._source.runs(experiment.experiment_id)
            for _, _, points in self._source.histories(runs)
        )

    def _done(self, kind: str, ids: Sequence[str]) -> set[str]:
        return {id for id, state in self._journal.states(kind, ids).items() if state == DONE}

    def _count(self, kind: str, entity: Any) -> None:
        self.found.counts[kind] += 1
        size = len(json.dumps(asdict(entity), default=dict))
        self.found.counts["metadata bytes"] += size
        self._progress.step(kind, 1)
        if size > COSMOS_BYTES:
            why = f"its document of {size:,} bytes is too large for Cosmos DB's request-unit model (2 MB)"
            self.found.unfit.append(Loss(kind.removesuffix("s"), _id(entity), why))

    def _experiment(
        self, experiment: Experiment, there: dict[str, Experiment], names: dict[str, Experiment]
    ) -> None:
        id, name = experiment.experiment_id, experiment.name
        self._count("experiments", experiment)
        self._rewriting.found_experiment(experiment, id)
        if id in self._done(EXPERIMENT, [id]):
            return
        named = names.get(name)
        if named is not None and named.experiment_id != id and not self._suffix:
            why = f"experiment {named.experiment_id} has its name {name!r}: rename one, or give --suffix"
            self.found.collisions.append(Loss(EXPERIMENT, id, why))
        elif named is None and id in there and not self._target.unkept:
            why = f"it will get another id, for {there[id].name!r} has this one"
            self.found.losses.append(Loss(EXPERIMENT, id, why))

    def _runs(self, runs: list[Run]) -> None:
        for run in runs:
            self._rewriting.found_run(run)
            self._count("runs", run)
            self.found.counts[f"runs {run.lifecycle_stage}"] += 1
            self.found.counts["histories"] += len(run.metrics)
            self.found.counts["params"] += len(run.params)
            self.found.counts["tags"] += len(run.tags)
            self.found.counts["inputs"] += len(run.inputs) + len(run.model_inputs)
        expected = [self._rewriting.run(run) for run in runs]
        ids = [run.run_id for run in runs]
        held = {} if self._target.unkept else self._target.runs_by_id(ids)
        self._collide(RUN, expected, held)

    def _collide(self, kind: str, expected: Sequence[Run | LoggedModel], held: dict[str, Any]) -> None:
        done = self._done(kind, list(held))
        for entity in expected:
            id = _id(entity)
            if id in held and id not in done and differences(entity, held[id]):
                self.found.collisions.append(Loss(kind, id, "another has this id there"))

    def _models(self, models: list[LoggedModel]) -> None:
        for model in models:
            self._rewriting.found_logged_model(model)
            self._count("logged models", model)
            if len(model.metrics) > MAX_ROWS:
                why = f"of its {len(model.metrics)} metrics the latest of each run and data set stay"
                self.found.losses.append(Loss(LOGGED_MODEL, model.model_id, why))
        ids = [model.model_id for model in models]
        held = {} if self._target.unkept else self._target.logged_models_by_id(ids)
        self._collide(LOGGED_MODEL, [self._rewriting.logged_model(model) for model in models], held)

    def _line(self, line: ModelLine) -> None:
        name = line.model.name
        self._rewriting.found_line(line)
        self.found.counts["registered models"] += 1
        self.found.counts["aliases"] += len(line.model.aliases)
        for version in line.versions:
            self._count("versions", version)
        held = self._target.line(name)
        if held is None or self._suffix or name in self._done(REGISTERED_MODEL, [name]):
            return
        if differences(self._rewriting.line(line), held, self._target.unkept):
            why = "another registered model or prompt has its name: rename one, or give --suffix"
            self.found.collisions.append(Loss(REGISTERED_MODEL, name, why))

    def _files(self, owner: Owner) -> None:
        reader = self._source.files(owner.old)
        for file in reader.walk(owner.old) if reader is not None else ():
            self.found.counts["files"] += 1
            self.found.counts["bytes"] += file.size
            self._progress.step("files", 1)
            self.found.unfit += _unfit(owner, file.path)


def _unfit(owner: Owner, path: str) -> Iterator[Loss]:
    place = f"{decoded(owner.new).strip('/')}/{path}"
    try:
        good = safe_file(place) == place
    except GenesisError:
        good = False
    if not good:
        yield Loss("artifact", f"{owner.kind} {owner.id}: {path}", "no client would find it by this name")


def _id(entity: Any) -> str:
    for name in ("run_id", "model_id", "experiment_id"):
        if hasattr(entity, name) and not hasattr(entity, "number"):
            return str(getattr(entity, name))
    return f"{entity.name}/{entity.number}"
