"""A running Genesis-Flow to write to, by MLflow's own REST client: ids and times of creation are its own.

What is made bears a tag that says of what, so that a move that died finds it again and makes nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlflow.entities import (
    Dataset,
    DatasetInput,
    ExperimentTag,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelParameter,
    LoggedModelTag,
    Metric,
    Param,
    RunStatus,
    RunTag,
    ViewType,
)
from mlflow.entities.logged_model_status import LoggedModelStatus
from mlflow.exceptions import MlflowException

from genesis.entities.experiments import DEFAULT_ID, DELETED, Experiment
from genesis.entities.logged_models import PENDING, LoggedModel, ModelMetric
from genesis.entities.registry import ModelLine
from genesis.entities.runs import NAME_TAG, Run
from genesis.migrate.ends import LOGGED_MODEL, Depot, How, Placed
from genesis.migrate.genesis import in_batches
from genesis.migrate.rewriting import WITH_IDS
from genesis.migrate.same import differences
from genesis.migrate.stock.artifacts import RepositoryFiles, SourceFiles
from genesis.migrate.stock.entities import told
from genesis.migrate.stock.server_lines import Lines
from genesis.migrate.stock.server_source import ServerSource
from genesis.store.points import Point

MOVED_FROM = "genesis.moved_from"
"""Tag of what was made here: what it was made of, and by which move."""
MOST_METRICS = 1000
MOST_PAIRS = 100
"""What MLflow takes at once."""


class ServerTarget(ServerSource):
    """One workspace of a Genesis-Flow."""

    unkept = frozenset(
        {
            *("creation_time", "last_update_time", "deleted_time", "last", "user_id"),
            *("artifact_uri", "artifact_location", f"tags[{MOVED_FROM}]"),
        }
    )
    hidden = frozenset({LOGGED_MODEL})

    def __init__(self, uri: str, workspace: str, files: SourceFiles, scratch: Path, token: str) -> None:
        super().__init__(uri, workspace, files)
        self._token = token
        self._depot = RepositoryFiles(scratch, uri)
        self._places: dict[str, str] = {}
        self._lines = Lines(self._registry, {MOVED_FROM: token}, self.shown)
        with told(self.shown):
            default: str = self._tracking.get_experiment(DEFAULT_ID).artifact_location
        self.root = default.removesuffix(DEFAULT_ID)

    def _mark(self, id: str) -> str:
        return f"{id} {self._token}"

    def location(self, experiment_id: str) -> str:
        if experiment_id not in self._places:
            with told(self.shown):
                found = self._tracking.get_experiment(experiment_id)
            self._places[experiment_id] = found.artifact_location.rstrip("/")
        return self._places[experiment_id]

    def prepare(self, experiments: Sequence[Experiment]) -> None:
        """It is there."""

    def put_experiment(self, experiment: Experiment, resumed: bool) -> Placed:
        with told(self.shown):
            held = self._tracking.get_experiment_by_name(experiment.name)
        mark = self._mark(experiment.experiment_id)
        if held is None:
            tags = [ExperimentTag(k, v) for k, v in experiment.tags.items()]
            kept = experiment.artifact_location
            location = None if kept == self.root + experiment.experiment_id else kept
            with told(self.shown):
                id = self._tracking.create_experiment(
                    experiment.name, location, [*tags, ExperimentTag(MOVED_FROM, mark)]
                )
            return Placed(str(id))
        id = str(held.experiment_id)
        if held.tags.get(MOVED_FROM) == mark:
            return Placed(id)
        if id != DEFAULT_ID or held.lifecycle_stage == DELETED:
            return Placed(id, How.TAKEN)
        # Everybody has it.
        for k, v in experiment.tags.items():
            with told(self.shown):
                self._tracking.set_experiment_tag(id, ExperimentTag(k, v))
        return Placed(id, How.THERE)

    def put_runs(self, runs: Sequence[Run], resumed: set[str]) -> list[Placed]:
        return list(self._pool.map(lambda run: self._each(run, run.run_id in resumed), runs))

    def _each(self, run: Run, resumed: bool) -> Placed:
        return self._taken(lambda: self._put_run(run, resumed))

    def _taken(self, put: Callable[[], str]) -> Placed:
        """What the server refuses for good is told, and the others go on."""
        with told(self.shown):
            try:
                return Placed(put())
            except MlflowException as error:
                if error.get_http_status_code() != 400:
                    raise
                return Placed("", How.TAKEN, error.message)

    def _put_run(self, run: Run, resumed: bool) -> str:
        store = self._tracking
        id = self._again(run) if resumed else ""
        if not id:
            tags = [RunTag(NAME_TAG, run.name), RunTag(MOVED_FROM, self._mark(run.run_id))]
            made = store.create_run(run.experiment_id, run.user_id, run.start_time, tags, run.name)
            id = made.info.run_id
        tags = [RunTag(k, v) for k, v in run.tags.items() if k not in (NAME_TAG, *WITH_IDS)]
        for some in in_batches(tags, MOST_PAIRS):
            store.log_batch(id, [], [], some)
        for some in in_batches([Param(k, v) for k, v in run.params.items()], MOST_PAIRS):
            store.log_batch(id, [], some, [])
        if run.inputs:
            store.log_inputs(id, [_dataset(given) for given in run.inputs])
        return str(id)

    def _again(self, run: Run) -> str:
        """The run that an earlier process made for this one."""
        wanted = f"tags.`{MOVED_FROM}` = '{self._mark(run.run_id)}'"
        found = self._tracking.search_runs([run.experiment_id], wanted, ViewType.ALL, max_results=1)
        return str(found[0].info.run_id) if found else ""

    def put_points(self, pieces: Sequence[tuple[str, Mapping[str, list[Point]]]]) -> None:
        chunks = (
            (run_id, some)
            for run_id, metrics in pieces
            for some in in_batches(_metrics(metrics), MOST_METRICS)
        )
        for _ in self._pool.map(lambda chunk: self._log(*chunk), chunks):
            pass

    def _log(self, run_id: str, metrics: list[Any]) -> None:
        with told(self.shown):
            self._tracking.log_batch(run_id, metrics, [], [])

    def put_logged_models(self, models: Sequence[LoggedModel], resumed: set[str]) -> list[Placed]:
        return list(
            self._pool.map(
                lambda model: self._taken(lambda: self._put_model(model, model.model_id in resumed)), models
            )
        )

    def _put_model(self, model: LoggedModel, resumed: bool) -> str:
        store = self._tracking
        mark = self._mark(model.model_id)
        id = ""
        if resumed:
            wanted = f"tags.`{MOVED_FROM}` = '{mark}'"
            found = store.search_logged_models([model.experiment_id], wanted, max_results=1)
            id = found[0].model_id if found else ""
        if not id:
            made = store.create_logged_model(
                model.experiment_id,
                model.name,
                model.source_run_id or None,
                [LoggedModelTag(k, v) for k, v in {**model.tags, MOVED_FROM: mark}.items()],
                [LoggedModelParameter(k, v) for k, v in model.params.items()],
                model.model_type or None,
            )
            id = made.model_id
        rows: dict[str, list[ModelMetric]] = {}
        for row in model.metrics:
            rows.setdefault(row.run_id, []).append(row)
        for run_id, of_run in rows.items():
            for some in in_batches((_of_model(row, id) for row in of_run), MOST_METRICS):
                store.log_batch(run_id, some, [], [])
        if model.status != PENDING:
            status = LoggedModelStatus[model.status.removeprefix("LOGGED_MODEL_").replace("UPLOAD_", "")]
            store.finalize_logged_model(id, status)
        return str(id)

    def put_line(self, line: ModelLine, resumed: bool) -> Placed:
        held = self.line(line.model.name)
        if held is not None and held.model.tags.get(MOVED_FROM) != self._token:
            same = not differences(line, held, self.unkept)
            return Placed(line.model.name, How.THERE if same else How.TAKEN)
        return self._taken(lambda: self._lines.put(line, held))

    def end_runs(self, runs: Sequence[Run]) -> None:
        for _ in self._pool.map(self._end_run, runs):
            pass

    def _end_run(self, run: Run) -> None:
        store = self._tracking
        with told(self.shown):
            if store.get_run(run.run_id).info.lifecycle_stage == DELETED:
                # An earlier process came so far.
                return
            tags = [RunTag(k, v) for k, v in run.tags.items() if k in WITH_IDS]
            if tags:
                store.log_batch(run.run_id, [], [], tags)
            if run.model_inputs:
                store.log_inputs(run.run_id, models=[LoggedModelInput(id) for id in run.model_inputs])
            if run.model_outputs:
                store.log_outputs(run.run_id, [LoggedModelOutput(*link) for link in run.model_outputs])
            status = RunStatus.from_string(run.status)
            store.update_run_info(run.run_id, status, run.end_time, run.name or None)
            if run.lifecycle_stage == DELETED:
                store.delete_run(run.run_id)

    def end_logged_models(self, models: Sequence[LoggedModel]) -> None:
        for model in models:
            if model.lifecycle_stage == DELETED:
                with told(self.shown):
                    self._tracking.delete_logged_model(model.model_id)

    def end_experiments(self, experiments: Sequence[Experiment]) -> None:
        for experiment in experiments:
            if experiment.lifecycle_stage == DELETED:
                with told(self.shown):
                    held = self._tracking.get_experiment(experiment.experiment_id)
                    if held.lifecycle_stage != DELETED:
                        self._tracking.delete_experiment(experiment.experiment_id)

    def depot(self, uri: str) -> Depot:
        return self._depot


def _metrics(metrics: Mapping[str, Iterable[Point]]) -> Iterable[Any]:
    for key, points in metrics.items():
        for point in points:
            yield Metric(key, point.value, point.timestamp, point.step)


def _of_model(row: ModelMetric, model_id: str) -> Any:
    return Metric(
        row.key,
        row.value,
        row.timestamp,
        row.step,
        model_id=model_id,
        dataset_name=row.dataset_name or None,
        dataset_digest=row.dataset_digest or None,
    )


def _dataset(given: Any) -> Any:
    dataset = given.dataset
    described = Dataset(
        dataset.name,
        dataset.digest,
        dataset.source_type,
        dataset.source,
        dataset.schema or None,
        dataset.profile or None,
    )
    return DatasetInput(described, [InputTag(k, v) for k, v in given.tags.items()])
