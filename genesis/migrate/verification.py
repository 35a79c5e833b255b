"""Both ends read again and compared: every value, every point and every artifact."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from genesis.entities.experiments import DELETED, Experiment
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import ModelLine
from genesis.entities.runs import Run
from genesis.migrate.ends import EXPERIMENT, LOGGED_MODEL, REGISTERED_MODEL, RUN, Files, Source, Target
from genesis.migrate.journal import TAKEN, Journal
from genesis.migrate.progress import Progress
from genesis.migrate.rewriting import Owner, Rewriting
from genesis.migrate.same import Difference, Entity, differences
from genesis.store.points import Point, Points

READERS = 8
MOST = 1000
"""Differences that are told one by one."""


@dataclass
class Verified:
    """What was compared, and what differs."""

    counts: Counter[str] = field(default_factory=Counter)
    differing: int = 0
    differences: list[tuple[str, str, Difference]] = field(default_factory=list)
    """(kind, id at the source, what), the first ``MOST`` of them."""

    def add(self, kind: str, id: str, found: Sequence[Difference]) -> None:
        self.differing += len(found)
        self.differences += [(kind, id, one) for one in found][: MOST - len(self.differences)]


class Digest:
    """Of one metric's history, however it comes in pieces."""

    def __init__(self) -> None:
        self.count = 0
        self._columns = tuple(hashlib.blake2b(digest_size=16) for _ in range(3))

    def add(self, points: Sequence[Point]) -> None:
        self.count += len(points)
        # A zero has no sign in every database.
        packed = Points.pack([Point(p.timestamp, p.step, p.value + 0.0) for p in points])
        for column, data in zip(self._columns, packed, strict=True):
            column.update(data)

    def text(self) -> str:
        return f"{self.count} points, {''.join(column.hexdigest()[:8] for column in self._columns)}"


class Verification:
    """Of a move that has ended; without its journal it is taken that every id was kept."""

    def __init__(
        self, source: Source, target: Target, journal: Journal, progress: Progress, suffix: str = ""
    ) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._progress = progress
        self._suffix = suffix
        self.rewriting = Rewriting(source, target, journal.there)
        self.verified = Verified()

    def metadata(self) -> None:
        there = {experiment.experiment_id: experiment for experiment in self._target.experiments()}
        compared = [e for e in self._source.experiments() if self._compare_experiment(e, there)]
        for experiment in compared:
            for runs in self._source.runs(experiment.experiment_id):
                self._compare_runs(runs)
        for experiment in compared:
            for models in self._source.logged_models(experiment.experiment_id):
                self._compare_models(models)
        for line in self._source.lines():
            self._compare_line(line)

    def _compare_experiment(self, experiment: Experiment, there: dict[str, Experiment]) -> bool:
        """Whether it was moved at all."""
        old = experiment.experiment_id
        if not self._moved(EXPERIMENT, [old]):
            return False
        id = self._journal.there(EXPERIMENT, old) or old
        expected = self.rewriting.experiment(experiment)
        if expected.artifact_location == f"{self._target.root}{old}":
            expected = replace(expected, artifact_location=f"{self._target.root}{id}")
        self.rewriting.found_experiment(experiment, id)
        found = there.get(id)
        if found is not None and self._suffix and found.name != expected.name:
            expected = replace(expected, name=expected.name + self._suffix)
        self._compare(EXPERIMENT, old, replace(expected, experiment_id=id), found)
        return True

    def _compare(self, kind: str, id: str, expected: Entity, found: Entity | None) -> None:
        self.verified.counts[kind] += 1
        self._progress.step(kind, 1)
        is_hidden = kind in self._target.hidden and getattr(expected, "lifecycle_stage", "") == DELETED
        if found is None and is_hidden:
            return
        if found is None:
            self.verified.add(kind, id, [Difference("it is not there", id, None)])
        else:
            self.verified.add(kind, id, differences(expected, found, self._target.unkept))

    def _moved(self, kind: str, ids: Sequence[str]) -> set[str]:
        """Those of which the journal does not say that they were not; these are told."""
        states = self._journal.states(kind, ids)
        for id, state in states.items():
            if state == TAKEN:
                self.verified.add(kind, id, [Difference("it was not moved", id, None)])
        return {id for id in ids if states.get(id) != TAKEN}

    def _compare_runs(self, found: list[Run]) -> None:
        moved = self._moved(RUN, [run.run_id for run in found])
        runs = [run for run in found if run.run_id in moved]
        for run in runs:
            self.rewriting.found_run(run)
        expected = {run.run_id: self.rewriting.run(run) for run in runs}
        there = self._target.runs_by_id([run.run_id for run in expected.values()])
        for old, run in expected.items():
            self._compare(RUN, old, run, there.get(run.run_id))
        ours = self._digests(self._source, runs, lambda id: expected[id].run_id)
        theirs = self._digests(self._target, list(there.values()), lambda id: id)
        names = {run.run_id: old for old, run in expected.items()}
        for place in sorted({*ours, *theirs}):
            one, other = ours.get(place), theirs.get(place)
            if one != other:
                self.verified.add(RUN, names[place[0]], [Difference(f"history of {place[1]}", one, other)])

    def _digests(
        self, end: Source, runs: Sequence[Run], named: Callable[[str], str]
    ) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], Digest] = {}
        for run_id, metric, points in end.histories(runs):
            found.setdefault((named(run_id), metric), Digest()).add(points)
            if end is self._source:
                self.verified.counts["points"] += len(points)
                self._progress.step("points", len(points))
        return {place: digest.text() for place, digest in found.items()}

    def _compare_models(self, found: list[LoggedModel]) -> None:
        moved = self._moved(LOGGED_MODEL, [model.model_id for model in found])
        models = [model for model in found if model.model_id in moved]
        for model in models:
            self.rewriting.found_logged_model(model)
        expected = {model.model_id: self.rewriting.logged_model(model) for model in models}
        there = self._target.logged_models_by_id([model.model_id for model in expected.values()])
        for old, model in expected.items():
            self._compare(LOGGED_MODEL, old, model, there.get(model.model_id))

    def _compare_line(self, line: ModelLine) -> None:
        name = line.model.name
        if not self._moved(REGISTERED_MODEL, [name]):
            return
        self.rewriting.found_line(line)
        expected = self.rewriting.line(line)
        new = self._journal.there(REGISTERED_MODEL, name) or name
        expected = replace(expected, model=replace(expected.model, name=new))
        self._compare(REGISTERED_MODEL, name, expected, self._target.line(new))
        self.verified.counts["versions"] += len(line.versions)

    def files(self) -> None:
        """Every artifact of what was compared, byte for byte by its SHA-256."""
        with ThreadPoolExecutor(READERS, thread_name_prefix="genesis-verify") as pool:
            owners = self.rewriting.owners
            for owner, (count, size, found) in zip(
                owners, pool.map(self._compare_files, owners), strict=True
            ):
                self.verified.counts["files"] += count
                self.verified.counts["bytes"] += size
                self._progress.step("files", count)
                self.verified.add("artifact", f"{owner.kind} {owner.id}", found)

    def _compare_files(self, owner: Owner) -> tuple[int, int, list[Difference]]:
        ours = _contents(self._source.files(owner.old), owner.old)
        theirs = _contents(self._target.depot(owner.new), owner.new)
        found = [
            Difference(path, ours.get(path), theirs.get(path))
            for path in sorted({*ours, *theirs})
            if ours.get(path) != theirs.get(path)
        ]
        return len(ours), sum(size for size, _ in ours.values()), found


def _contents(files: Files | None, uri: str) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of each file below a location."""
    return (
        {} if files is None else {file.path: _content(files.read(uri, file.path)) for file in files.walk(uri)}
    )


def _content(chunks: Iterator[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        digest.update(chunk)
    return size, digest.hexdigest()


def told(value: Any) -> str:
    """A value that differs, in one short line."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
