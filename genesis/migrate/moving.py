"""The move itself: what others refer to comes first, and where it died it goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import ModelLine
from genesis.entities.runs import Run
from genesis.migrate.ends import (
    EXPERIMENT,
    LOGGED_MODEL,
    REGISTERED_MODEL,
    RUN,
    How,
    Loss,
    Placed,
    Source,
    Target,
)
from genesis.migrate.journal import BEGUN, DONE, TAKEN, Journal
from genesis.migrate.progress import Progress
from genesis.migrate.rewriting import Rewriting
from genesis.store.points import Point

AT_ONCE = 50_000
"""Points that are handed to the target together; 1.2 MB."""


@dataclass
class Moved:
    """What one call has done."""

    counts: Counter[str] = field(default_factory=Counter)
    """Of ``run written``, ``run there`` and so on; ``points``, ``files`` and ``bytes``."""
    problems: list[Loss] = field(default_factory=list)
    """What could not be moved."""
    losses: list[Loss] = field(default_factory=list)
    """What is at the target otherwise than at the source, or not at all, because it has no place for it."""

    def add(self, kind: str, how: How) -> None:
        self.counts[f"{kind} {how}"] += 1


class Move:
    """From a source to a target; ``suffix`` is added to names that others have there."""

    def __init__(
        self, source: Source, target: Target, journal: Journal, progress: Progress, suffix: str = ""
    ) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._progress = progress
        self._suffix = suffix
        self.rewriting = Rewriting(source, target, journal.there)
        self.moved = Moved()
        self._there: list[Experiment] = []

    def metadata(self) -> None:
        """Everything but files."""
        everything = list(self._source.experiments())
        self._target.prepare(everything)
        self._there = [experiment for experiment in everything if self._put_experiment(experiment)]
        for experiment in self._there:
            for runs in self._source.runs(experiment.experiment_id):
                self._put_runs(runs)
        for experiment in self._there:
            for models in self._source.logged_models(experiment.experiment_id):
                self._put_logged_models(models)
        for line in self._source.lines():
            self._put_line(line)
        self.moved.losses += [*self._source.losses(), *self.rewriting.stay.values()]
        if self._target.unkept:
            why = f"it has its own {', '.join(sorted(self._target.unkept))}, and ids of runs and models"
            self.moved.losses.append(Loss("target", self._target.shown, why))

    def finish(self) -> None:
        """After the files: what closes a run, a model or an experiment to more."""
        if self._target.unkept:
            for experiment in self._there:
                for runs in self._source.runs(experiment.experiment_id):
                    moved = self._moved(RUN, [run.run_id for run in runs])
                    self._target.end_runs([self.rewriting.run(run) for run in runs if run.run_id in moved])
                for models in self._source.logged_models(experiment.experiment_id):
                    moved = self._moved(LOGGED_MODEL, [model.model_id for model in models])
                    self._target.end_logged_models(
                        [self.rewriting.logged_model(model) for model in models if model.model_id in moved]
                    )
        self._target.end_experiments(
            [replace(e, experiment_id=self.rewriting.id(EXPERIMENT, e.experiment_id)) for e in self._there]
        )

    def _moved(self, kind: str, ids: Sequence[str]) -> set[str]:
        return {id for id, state in self._journal.states(kind, ids).items() if state == DONE}

    def _put_experiment(self, experiment: Experiment) -> bool:
        """Whether it is at the target."""
        id = experiment.experiment_id
        state = self._journal.states(EXPERIMENT, [id]).get(id)
        expected = self.rewriting.experiment(experiment)
        placed = Placed(self._journal.there(EXPERIMENT, id) or id, How.WRITTEN)
        if state != DONE:
            self._journal.begin(EXPERIMENT, [id])
            placed = self._target.put_experiment(expected, state == BEGUN)
            if placed.how is How.TAKEN and self._suffix:
                expected = replace(expected, name=expected.name + self._suffix)
                placed = self._target.put_experiment(expected, state == BEGUN)
            self._note(
                EXPERIMENT, id, placed, f"an experiment has the name {expected.name!r} there: {placed.id}"
            )
        if placed.how is How.TAKEN:
            return False
        self.rewriting.found_experiment(experiment, placed.id)
        return True

    def _note(self, kind: str, id: str, placed: Placed, why: str) -> None:
        self.moved.add(kind, placed.how)
        if placed.how is How.TAKEN:
            self.moved.problems.append(Loss(kind, id, placed.why or why))
            self._journal.end(kind, {id: placed.id}, TAKEN)
        else:
            self._journal.end(kind, {id: placed.id})

    def _begin(self, kind: str, ids: Sequence[str]) -> tuple[set[str], set[str]]:
        """Those that are to be written, and those of them that may have been written already."""
        states = self._journal.states(kind, ids)
        todo = {id for id in ids if states.get(id) != DONE}
        self._journal.begin(kind, todo)
        return todo, {id for id in todo if states.get(id) == BEGUN}

    def _end(self, kind: str, placed: dict[str, Placed], why: str) -> None:
        for id, found in placed.items():
            self.moved.add(kind, found.how)
            if found.how is How.TAKEN:
                self.moved.problems.append(Loss(kind, id, found.why or why))
        taken = {id: found.id for id, found in placed.items() if found.how is How.TAKEN}
        self._journal.end(kind, taken, TAKEN)
        self._journal.end(kind, {id: found.id for id, found in placed.items() if id not in taken})

    def _put_runs(self, runs: list[Run]) -> None:
        todo, resumed = self._begin(RUN, [run.run_id for run in runs])
        expected = {run.run_id: self.rewriting.run(run) for run in runs}
        todos = [run for run in runs if run.run_id in todo]
        written = self._target.put_runs([expected[run.run_id] for run in todos], resumed)
        placed = {run.run_id: one for run, one in zip(todos, written, strict=True)}
        self._put_histories([run for run in todos if placed[run.run_id].how is not How.TAKEN], placed)
        self._end(RUN, placed, "another run has this id there")
        moved = self._moved(RUN, list(expected))
        for run in runs:
            if run.run_id in moved:
                self.rewriting.found_run(run)
        self._progress.step(RUN, len(runs))

    def _put_histories(self, runs: list[Run], placed: dict[str, Placed]) -> None:
        held: dict[str, dict[str, list[Point]]] = {}
        size = 0
        for run_id, metric, points in self._source.histories(runs) if runs else ():
            if size >= AT_ONCE or metric in held.get(placed[run_id].id, {}):
                self._target.put_points(list(held.items()))
                held, size = {}, 0
            held.setdefault(placed[run_id].id, {})[metric] = points
            size += len(points)
            self.moved.counts["points"] += len(points)
            self._progress.step("points", len(points))
        self._target.put_points(list(held.items()))

    def _put_logged_models(self, models: list[LoggedModel]) -> None:
        todo, resumed = self._begin(LOGGED_MODEL, [model.model_id for model in models])
        expected = {model.model_id: self.rewriting.logged_model(model) for model in models}
        todos = [model for model in models if model.model_id in todo]
        written = self._target.put_logged_models([expected[model.model_id] for model in todos], resumed)
        placed = {model.model_id: one for model, one in zip(todos, written, strict=True)}
        self._end(LOGGED_MODEL, placed, "another logged model has this id there")
        moved = self._moved(LOGGED_MODEL, list(expected))
        for model in models:
            if model.model_id in moved:
                self.rewriting.found_logged_model(model)
        self._progress.step(LOGGED_MODEL, len(models))

    def _put_line(self, line: ModelLine) -> None:
        name = line.model.name
        expected = self.rewriting.line(line)
        state = self._journal.states(REGISTERED_MODEL, [name]).get(name)
        if state != DONE:
            self._journal.begin(REGISTERED_MODEL, [name])
            placed = self._target.put_line(expected, state == BEGUN)
            if placed.how is How.TAKEN and self._suffix:
                model = replace(expected.model, name=name + self._suffix)
                placed = self._target.put_line(replace(expected, model=model), state == BEGUN)
            self._note(
                REGISTERED_MODEL, name, placed, "another registered model or prompt has this name there"
            )
            if placed.how is not How.TAKEN:
                self.moved.counts["versions"] += len(line.versions)
        if self._moved(REGISTERED_MODEL, [name]):
            self.rewriting.found_line(line)
        self._progress.step(REGISTERED_MODEL, 1)
