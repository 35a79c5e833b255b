"""A stock MLflow's SQL database to write to: what is written together is there together, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, text, update

from genesis.entities.experiments import ACTIVE, DEFAULT_ID, Experiment, parse_id
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import ModelLine
from genesis.entities.runs import Run
from genesis.errors import GenesisError
from genesis.migrate.ends import Depot, How, Placed
from genesis.migrate.files import FolderFiles
from genesis.migrate.locations import local_path
from genesis.migrate.same import differences
from genesis.migrate.stock.artifacts import RepositoryFiles, SourceFiles
from genesis.migrate.stock.databases import told
from genesis.migrate.stock.rows import Rows, of_dataset, of_line, of_link, of_models, of_point, of_run
from genesis.migrate.stock.sql_source import SqlSource
from genesis.migrate.stock.tables import (
    DATASETS,
    EXPERIMENT_TAGS,
    EXPERIMENTS,
    INPUT_TAGS,
    INPUTS,
    LATEST,
    METRICS,
    PARAMS,
    RUNS,
    TAGS,
)
from genesis.store.points import Point

LARGEST_ID = 2**31
"""Ids of experiments below it fit their column."""


class SqlTarget(SqlSource):
    """One workspace of an MLflow database; artifacts of experiments go below ``root``."""

    unkept: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    def __init__(
        self, uri: str, connection: Connection, workspace: str, files: SourceFiles, root: str
    ) -> None:
        super().__init__(uri, connection, workspace, files)
        self.root = root

    def location(self, experiment_id: str) -> str:
        return self.root + experiment_id

    def prepare(self, experiments: Sequence[Experiment]) -> None:
        """The tables are there."""

    def _write(self, rows: Rows) -> None:
        with told(self.shown), self._connection.engine.begin() as transaction:
            for of, values in rows:
                if values:
                    transaction.execute(of.insert(), values)

    def put_experiment(self, experiment: Experiment, resumed: bool) -> Placed:
        there = {held.experiment_id: held for held in self.experiments()}
        named = next((held for held in there.values() if held.name == experiment.name), None)
        if named is not None and named.experiment_id != experiment.experiment_id:
            is_same = not differences(experiment, replace(named, experiment_id=experiment.experiment_id))
            return Placed(named.experiment_id, How.THERE if is_same else How.TAKEN)
        if named is not None:
            if _is_untouched(named):
                self._replace_default(experiment)
                return Placed(named.experiment_id)
            return Placed(named.experiment_id, How.THERE)
        is_kept = _is_kept(experiment.experiment_id) and experiment.experiment_id not in there
        return Placed(self._insert(experiment, is_kept))

    def _insert(self, experiment: Experiment, is_kept: bool) -> str:
        with told(self.shown), self._connection.engine.begin() as transaction:
            largest = transaction.execute(select(func.max(EXPERIMENTS.c.experiment_id))).scalar() or 0
            id = int(experiment.experiment_id) if is_kept else largest + 1
            location = experiment.artifact_location
            if location == self.root + experiment.experiment_id:
                location = f"{self.root}{id}"
            row = {
                "experiment_id": id,
                "name": experiment.name,
                "workspace": self._workspace,
                **_changeable(experiment),
            }
            transaction.execute(EXPERIMENTS.insert(), {**row, "artifact_location": location})
            tags = [{"experiment_id": id, "key": k, "value": v} for k, v in experiment.tags.items()]
            if tags:
                transaction.execute(EXPERIMENT_TAGS.insert(), tags)
        return str(id)

    def _replace_default(self, experiment: Experiment) -> None:
        with told(self.shown), self._connection.engine.begin() as transaction:
            change = update(EXPERIMENTS).where(EXPERIMENTS.c.experiment_id == int(DEFAULT_ID))
            transaction.execute(change.values(**_changeable(experiment)))
            tags = [{"experiment_id": 0, "key": k, "value": v} for k, v in experiment.tags.items()]
            if tags:
                transaction.execute(EXPERIMENT_TAGS.insert(), tags)

    def put_runs(self, runs: Sequence[Run], resumed: set[str]) -> list[Placed]:
        held = self.runs_by_id([run.run_id for run in runs])
        self._write(self._rows_of_runs([run for run in runs if run.run_id not in held]))
        same = {id for id in held if not any(run.run_id == id and differences(run, held[id]) for run in runs)}
        with told(self.shown), self._connection.engine.begin() as transaction:
            # Points come anew.
            transaction.execute(delete(METRICS).where(METRICS.c.run_uuid.in_(same)))
        return [_placed(run.run_id, run.run_id in held, run.run_id in same, resumed) for run in runs]

    def _rows_of_runs(self, runs: Sequence[Run]) -> Rows:
        made: dict[Table, list[dict[str, Any]]] = {
            of: [] for of in (RUNS, TAGS, PARAMS, LATEST, DATASETS, INPUTS, INPUT_TAGS)
        }
        datasets = self._datasets(runs)
        for run in runs:
            made[RUNS].append(of_run(run))
            run_uuid = {"run_uuid": run.run_id}
            made[TAGS] += [{**run_uuid, "key": k, "value": v} for k, v in run.tags.items()]
            made[PARAMS] += [{**run_uuid, "key": k, "value": v} for k, v in run.params.items()]
            made[LATEST] += [
                of_point(run.run_id, k, Point(m.timestamp, m.step, m.value)) for k, m in run.metrics.items()
            ]
            for given in run.inputs:
                id, row = datasets[run.experiment_id, given.dataset.name, given.dataset.digest]
                made[DATASETS] += [row] if row else []
                datasets[run.experiment_id, given.dataset.name, given.dataset.digest] = id, None
                link = of_link("DATASET", id, "RUN", run.run_id)
                made[INPUTS].append(link)
                made[INPUT_TAGS] += [
                    {"input_uuid": link["input_uuid"], "name": k, "value": v} for k, v in given.tags.items()
                ]
            made[INPUTS] += [of_link("RUN_INPUT", run.run_id, "MODEL_INPUT", id) for id in run.model_inputs]
            made[INPUTS] += [
                of_link("RUN_OUTPUT", run.run_id, "MODEL_OUTPUT", id, step) for id, step in run.model_outputs
            ]
        return list(made.items())

    def _datasets(self, runs: Sequence[Run]) -> dict[tuple[str, str, str], tuple[str, dict[str, Any] | None]]:
        """Of each data set that these runs read the id, and its row where that is not there yet."""
        wanted = {
            (run.experiment_id, given.dataset.name, given.dataset.digest): given.dataset
            for run in runs
            for given in run.inputs
        }
        names = {name for _, name, _ in wanted}
        rows = self._rows(select(DATASETS).where(DATASETS.c.name.in_(names)))
        there = {(str(row.experiment_id), row.name, row.digest): row.dataset_uuid for row in rows}
        return {
            place: (there[place], None) if place in there else of_dataset(place, dataset)
            for place, dataset in wanted.items()
        }

    def put_points(self, pieces: Sequence[tuple[str, Mapping[str, list[Point]]]]) -> None:
        rows = [
            of_point(run_id, key, point)
            for run_id, metrics in pieces
            for key, points in metrics.items()
            for point in points
        ]
        self._write([(METRICS, rows)])

    def put_logged_models(self, models: Sequence[LoggedModel], resumed: set[str]) -> list[Placed]:
        held = self.logged_models_by_id([model.model_id for model in models])
        new = [model for model in models if model.model_id not in held]
        runs = {row.run_id for model in new for row in model.metrics}
        there = {row.run_uuid for row in self._rows(select(RUNS.c.run_uuid).where(RUNS.c.run_uuid.in_(runs)))}
        self._write(of_models(new, there))
        same = {
            model.model_id
            for model in models
            if model.model_id in held and not differences(model, held[model.model_id])
        }
        return [_placed(m.model_id, m.model_id in held, m.model_id in same, resumed) for m in models]

    def put_line(self, line: ModelLine, resumed: bool) -> Placed:
        name = line.model.name
        held = self.line(name)
        if held is None:
            self._write(of_line(line, self._workspace))
            return Placed(name)
        return Placed(name, How.TAKEN if differences(line, held) else How.THERE)

    def end_runs(self, runs: Sequence[Run]) -> None:
        """They were written as they are."""

    def end_logged_models(self, models: Sequence[LoggedModel]) -> None:
        """They were written as they are."""

    def end_experiments(self, experiments: Sequence[Experiment]) -> None:
        """PostgreSQL counts for itself, and has to be told of ids that it did not give."""
        if self._connection.dialect.name == "postgresql":
            with told(self.shown), self._connection.engine.begin() as transaction:
                transaction.execute(
                    text(
                        "SELECT setval(pg_get_serial_sequence('experiments', 'experiment_id'), "
                        "(SELECT greatest(max(experiment_id), 1) FROM experiments))"
                    )
                )

    def depot(self, uri: str) -> Depot:
        return FolderFiles() if local_path(uri) is not None else RepositoryFiles(self._files.scratch)


def _is_kept(experiment_id: str) -> bool:
    try:
        return 0 <= int(parse_id(experiment_id)) < LARGEST_ID
    except GenesisError:
        return False


def _is_untouched(experiment: Experiment) -> bool:
    is_new = experiment.creation_time == experiment.last_update_time and not experiment.tags
    return experiment.experiment_id == DEFAULT_ID and is_new and experiment.lifecycle_stage == ACTIVE


def _placed(id: str, held: bool, same: bool, resumed: set[str]) -> Placed:
    if not held or (same and id in resumed):
        return Placed(id)
    return Placed(id, How.THERE if same else How.TAKEN)


def _changeable(experiment: Experiment) -> dict[str, Any]:
    return {
        "artifact_location": experiment.artifact_location,
        "lifecycle_stage": experiment.lifecycle_stage,
        "creation_time": experiment.creation_time,
        "last_update_time": experiment.last_update_time,
    }
