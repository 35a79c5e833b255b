"""Genesis-Flow's own database and artifact store as either end of a move."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from genesis.app import App
from genesis.entities.experiments import Experiment, parse_id
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import ModelLine
from genesis.entities.runs import Run
from genesis.errors import Code, GenesisError
from genesis.migrate.ends import BATCH, PIECE, Depot, How, Loss, Placed
from genesis.migrate.files import StoreFiles
from genesis.migrate.locations import proxied_path
from genesis.migrate.same import differences
from genesis.store import store_of
from genesis.store.histories import Piles
from genesis.store.points import Point
from genesis.store.schema import name

Item = TypeVar("Item")

WRITERS = 8
"""Writes that are under way at once, where the database takes more than one."""
TRIES = 16
LARGEST_ID = 10**18
"""Ids of experiments below it are kept; what is larger, or no number, gets a new one."""


class GenesisEnd:
    """One workspace; ``token`` is the move's own, so that repeating it writes the same documents."""

    unkept: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    def __init__(self, app: App, workspace: str, shown: str, token: str = "") -> None:
        self._app = app
        self._workspace = workspace
        self.shown = shown
        self._token = token
        # Not App.store: it would make a default experiment, which the source may bring itself.
        self._store = store_of(app.engine(), workspace, Piles())
        self.root = app.root(workspace)
        self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="genesis-migrate")

    def experiments(self) -> Iterator[Experiment]:
        yield from sorted(self._store.experiments.walk(), key=lambda e: int(e.experiment_id))

    def runs(self, experiment_id: str) -> Iterator[list[Run]]:
        yield from in_batches(self._store.runs.walk(experiment_id), BATCH)

    def runs_by_id(self, ids: Sequence[str]) -> dict[str, Run]:
        found = self._pool.map(_unless_missing(self._store.runs.get), ids)
        return {run.run_id: run for run in found if run is not None}

    def histories(self, runs: Sequence[Run]) -> Iterator[tuple[str, str, list[Point]]]:
        wanted: dict[str, list[str]] = {}
        for run in runs:
            for metric in run.metrics:
                wanted.setdefault(metric, []).append(run.run_id)
        for metric, ids in wanted.items():
            for run_id, points in self._store.histories.of_runs(ids, metric).items():
                for piece in in_batches(points, PIECE):
                    yield run_id, metric, piece

    def logged_models(self, experiment_id: str) -> Iterator[list[LoggedModel]]:
        yield from in_batches(self._store.logged_models.walk(experiment_id), BATCH)

    def logged_models_by_id(self, ids: Sequence[str]) -> dict[str, LoggedModel]:
        get = self._store.logged_models.get
        found = self._pool.map(_unless_missing(lambda id: get(id, deleted=True)), ids)
        return {model.model_id: model for model in found if model is not None}

    def lines(self) -> Iterator[ModelLine]:
        return self._store.registered_models.walk()

    def line(self, name: str) -> ModelLine | None:
        return self._store.registered_models.line(name)

    def losses(self) -> Iterator[Loss]:
        return iter(())

    def points(self) -> int | None:
        return None

    def files(self, uri: str) -> StoreFiles | None:
        return None if proxied_path(uri) is None else StoreFiles(self._app.artifacts(), self._workspace)

    def close(self) -> None:
        self._pool.shutdown()
        self._app.close()

    def location(self, experiment_id: str) -> str:
        return self.root + experiment_id

    def prepare(self, experiments: Sequence[Experiment]) -> None:
        self._app.artifacts().check()
        numbers = [int(e.experiment_id) for e in experiments if _is_kept(e.experiment_id)]
        self._store.experiments.reserve(max(numbers, default=0))

    def put_experiment(self, experiment: Experiment, resumed: bool) -> Placed:
        if not _is_kept(experiment.experiment_id):
            return self._put_with_new_id(experiment, resumed)
        held = self._store.experiments.get(experiment.experiment_id)
        try:
            written = self._store.experiments.write(experiment)
        except GenesisError as error:
            return self._in_the_way(error, experiment, resumed)
        if not written:
            return self._put_with_new_id(experiment, resumed)
        was_there = held is not None and held == self._store.experiments.get(experiment.experiment_id)
        return Placed(experiment.experiment_id, How.THERE if was_there and not resumed else How.WRITTEN)

    def _put_with_new_id(self, experiment: Experiment, resumed: bool) -> Placed:
        try:
            for _ in range(TRIES):
                id = self._store.experiments.next_id()
                location = experiment.artifact_location
                if location == self.root + experiment.experiment_id:
                    location = self.root + id
                if self._store.experiments.write(
                    replace(experiment, experiment_id=id, artifact_location=location)
                ):
                    return Placed(id)
        except GenesisError as error:
            return self._in_the_way(error, experiment, resumed)
        raise ValueError("No free id was found for an experiment; call it again.")

    def _in_the_way(self, error: GenesisError, experiment: Experiment, resumed: bool) -> Placed:
        if error.code is not Code.RESOURCE_ALREADY_EXISTS:
            raise error
        held = self._store.experiments.get_by_name(experiment.name)
        if held is None:
            raise error
        # Written by a process that died before it could note the id that it had got.
        is_ours = resumed and held.creation_time == experiment.creation_time
        return Placed(held.experiment_id, How.WRITTEN if is_ours else How.TAKEN)

    def put_runs(self, runs: Sequence[Run], resumed: set[str]) -> list[Placed]:
        return list(self._pool.map(lambda run: self._put_run(run, run.run_id in resumed), runs))

    def _put_run(self, run: Run, resumed: bool) -> Placed:
        if self._store.runs.write(run):
            return Placed(run.run_id)
        if not resumed and differences(run, self._store.runs.get(run.run_id)):
            return Placed(run.run_id, How.TAKEN)
        # Points have no ids of their own: those that may be there go first.
        self._store.runs.drop_points(run.run_id)
        return Placed(run.run_id, How.WRITTEN if resumed else How.THERE)

    def put_points(self, pieces: Sequence[tuple[str, Mapping[str, list[Point]]]]) -> None:
        for _ in self._pool.map(lambda piece: self._store.runs.add_points(*piece), pieces):
            pass

    def put_logged_models(self, models: Sequence[LoggedModel], resumed: set[str]) -> list[Placed]:
        return list(self._pool.map(lambda model: self._put_model(model, model.model_id in resumed), models))

    def _put_model(self, model: LoggedModel, resumed: bool) -> Placed:
        if self._store.logged_models.write(model):
            return Placed(model.model_id)
        held = self._store.logged_models.get(model.model_id, deleted=True)
        if resumed or not differences(model, held):
            return Placed(model.model_id, How.WRITTEN if resumed else How.THERE)
        return Placed(model.model_id, How.TAKEN)

    def put_line(self, line: ModelLine, resumed: bool) -> Placed:
        id = name(f"{self._token}\0{line.model.name}")
        try:
            self._store.registered_models.write(id, line)
        except GenesisError as error:
            held = self._store.registered_models.line(line.model.name)
            if error.code is not Code.RESOURCE_ALREADY_EXISTS or held is None:
                raise
            same = not differences(line, held)
            return Placed(line.model.name, How.THERE if same else How.TAKEN)
        return Placed(line.model.name)

    def end_runs(self, runs: Sequence[Run]) -> None:
        """They were written as they are."""

    def end_logged_models(self, models: Sequence[LoggedModel]) -> None:
        """They were written as they are."""

    def end_experiments(self, experiments: Sequence[Experiment]) -> None:
        """They were written as they are."""

    def depot(self, uri: str) -> Depot:
        if proxied_path(uri) is None:
            raise ValueError(f"Artifacts at {uri} are not kept by this server: set GENESIS_ARTIFACT_ROOT.")
        return StoreFiles(self._app.artifacts(), self._workspace)


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of ``size``, the last one shorter."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def _is_kept(experiment_id: str) -> bool:
    try:
        return 0 <= int(parse_id(experiment_id)) < LARGEST_ID
    except GenesisError:
        return False


def _unless_missing(get: Callable[[str], Item]) -> Callable[[str], Item | None]:
    def found(id: str) -> Item | None:
        try:
            return get(id)
        except GenesisError as error:
            if error.code is not Code.RESOURCE_DOES_NOT_EXIST:
                raise
            return None

    return found
