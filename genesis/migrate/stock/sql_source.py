"""A stock MLflow's SQL database, read table by table, deleted things too; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy
from mlflow.store.db.base_sql_model import Base
from sqlalchemy import Connection, Row, Select, Table, func, select

from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import STATUSES, LoggedModel, ModelMetric
from genesis.entities.registry import ModelLine, ModelVersion, RegisteredModel
from genesis.entities.runs import NAME_TAG, Dataset, DatasetInput, Latest, LatestValues, Run
from genesis.migrate.ends import BATCH, EXPERIMENT, PIECE, REGISTERED_MODEL, Files, Loss
from genesis.migrate.locations import shown
from genesis.migrate.stock.artifacts import SourceFiles
from genesis.migrate.stock.databases import told
from genesis.migrate.stock.tables import (
    ALIASES,
    DATASETS,
    DELETED_VERSION,
    EXPERIMENT_TAGS,
    EXPERIMENTS,
    INPUT_TAGS,
    INPUTS,
    LATEST,
    METRICS,
    MODEL_METRICS,
    MODEL_PARAMS,
    MODEL_TAGS,
    MODELS,
    PARAMS,
    REGISTERED,
    REGISTERED_TAGS,
    RUNS,
    TAGS,
    VERSION_TAGS,
    VERSIONS,
)
from genesis.store.points import Point

NAN = float("nan")
STREAMED = 10_000
"""Rows of histories that are fetched at once."""


READ = {
    *(EXPERIMENTS, EXPERIMENT_TAGS, RUNS, TAGS, PARAMS, METRICS, LATEST, DATASETS, INPUTS, INPUT_TAGS),
    *(MODELS, MODEL_METRICS, MODEL_PARAMS, MODEL_TAGS),
    *(REGISTERED, REGISTERED_TAGS, ALIASES, VERSIONS, VERSION_TAGS),
}
OF_NO_USE = {"alembic_version", "workspaces", "trace_rollup_rebuilds", "scheduler_leases", "job_locks"}
"""Tables that say nothing to anybody but the server that wrote them."""


class SqlSource:
    """One workspace of an MLflow database; see ``databases`` for its connection."""

    def __init__(self, uri: str, connection: Connection, workspace: str, files: SourceFiles) -> None:
        self.shown = shown(uri)
        self._connection = connection
        self._workspace = workspace
        self._files = files

    def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        with told(self.shown):
            return self._connection.execute(statement).all()

    def experiments(self) -> Iterator[Experiment]:
        found = self._rows(
            select(EXPERIMENTS)
            .where(EXPERIMENTS.c.workspace == self._workspace)
            .order_by(EXPERIMENTS.c.experiment_id)
        )
        tags = _maps(self._rows(select(EXPERIMENT_TAGS)), "experiment_id", "key", "value")
        for row in found:
            created = row.creation_time or row.last_update_time or 0
            yield Experiment(
                experiment_id=str(row.experiment_id),
                name=row.name,
                artifact_location=row.artifact_location or "",
                creation_time=created,
                last_update_time=row.last_update_time or created,
                workspace=self._workspace,
                lifecycle_stage=row.lifecycle_stage,
                tags=tags.get(row.experiment_id, {}),
            )

    def runs(self, experiment_id: str) -> Iterator[list[Run]]:
        for rows in self._pages(RUNS, RUNS.c.run_uuid, RUNS.c.experiment_id == int(experiment_id)):
            yield self._runs(rows)

    def _pages(self, of: Table, id: Any, *where: Any) -> Iterator[Sequence[Row[Any]]]:
        after = ""
        while rows := self._rows(select(of).where(id > after, *where).order_by(id).limit(BATCH)):
            yield rows
            after = getattr(rows[-1], id.name)

    def runs_by_id(self, ids: Sequence[str]) -> dict[str, Run]:
        runs = self._runs(self._rows(select(RUNS).where(RUNS.c.run_uuid.in_(ids))))
        return {run.run_id: run for run in runs}

    def _of(self, of: Table, column: Any, ids: Iterable[str], *order: Any) -> Sequence[Row[Any]]:
        return self._rows(select(of).where(column.in_(list(ids))).order_by(*order))

    def _runs(self, rows: Sequence[Row[Any]]) -> list[Run]:
        ids = [row.run_uuid for row in rows]
        tags = _maps(self._of(TAGS, TAGS.c.run_uuid, ids), "run_uuid", "key", "value")
        params = _maps(self._of(PARAMS, PARAMS.c.run_uuid, ids), "run_uuid", "key", "value")
        latest: dict[str, dict[str, Latest]] = {}
        for row in self._of(LATEST, LATEST.c.run_uuid, ids):
            found = Latest(row.step, row.timestamp, NAN if row.is_nan else row.value)
            latest.setdefault(row.run_uuid, {})[row.key] = found
        inputs = self._inputs(ids)
        models = self._models_of(ids)
        return [
            Run(
                run_id=row.run_uuid,
                name=row.name or tags.get(row.run_uuid, {}).get(NAME_TAG, ""),
                experiment_id=str(row.experiment_id),
                user_id=row.user_id or "",
                start_time=row.start_time or 0,
                artifact_uri=row.artifact_uri or "",
                status=row.status,
                end_time=row.end_time,
                lifecycle_stage=row.lifecycle_stage,
                params=params.get(row.run_uuid, {}),
                tags=tags.get(row.run_uuid, {}),
                metrics=LatestValues.of(latest.get(row.run_uuid, {})),
                inputs=inputs.get(row.run_uuid, []),
                model_inputs=[model for model, _ in models.get(("RUN_INPUT", row.run_uuid), [])],
                model_outputs=models.get(("RUN_OUTPUT", row.run_uuid), []),
                deleted_time=row.deleted_time,
            )
            for row in rows
        ]

    def _inputs(self, ids: Sequence[str]) -> dict[str, list[DatasetInput]]:
        statement = (
            select(INPUTS.c.input_uuid, INPUTS.c.destination_id, DATASETS)
            .join(DATASETS, DATASETS.c.dataset_uuid == INPUTS.c.source_id)
            .where(
                INPUTS.c.source_type == "DATASET",
                INPUTS.c.destination_type == "RUN",
                INPUTS.c.destination_id.in_(ids),
            )
        )
        rows = self._rows(statement)
        tags = _maps(
            self._of(INPUT_TAGS, INPUT_TAGS.c.input_uuid, [row.input_uuid for row in rows]),
            *("input_uuid", "name", "value"),
        )
        found: dict[str, list[DatasetInput]] = {}
        for row in rows:
            dataset = Dataset(
                name=row.name,
                digest=row.digest,
                source_type=row.dataset_source_type,
                source=row.dataset_source,
                schema=row.dataset_schema or "",
                profile=row.dataset_profile or "",
            )
            found.setdefault(row.destination_id, []).append(
                DatasetInput(dataset, tags.get(row.input_uuid, {}))
            )
        return found

    def _models_of(self, ids: Sequence[str]) -> dict[tuple[str, str], list[tuple[str, int]]]:
        statement = select(INPUTS).where(
            INPUTS.c.source_type.in_(("RUN_INPUT", "RUN_OUTPUT")), INPUTS.c.source_id.in_(ids)
        )
        found: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for row in self._rows(statement):
            link = (row.destination_id, row.step)
            found.setdefault((row.source_type, row.source_id), []).append(link)
        return found

    def histories(self, runs: Sequence[Run]) -> Iterator[tuple[str, str, list[Point]]]:
        columns = METRICS.c
        order = (columns.run_uuid, columns.key, columns.timestamp, columns.step, columns.value)
        statement = (
            select(*order, columns.is_nan)
            .where(columns.run_uuid.in_([run.run_id for run in runs]))
            .order_by(*order, columns.is_nan)
            .execution_options(stream_results=True, yield_per=STREAMED)
        )
        # By name and not by what follows what: some databases sort letters of either case as one.
        pieces: dict[tuple[str, str], list[Point]] = {}
        for run_id, key, timestamp, step, value, is_nan in self._streamed(statement):
            piece = pieces.setdefault((run_id, key), [])
            piece.append(Point(timestamp, step, NAN if is_nan else value))
            if len(piece) == PIECE:
                yield run_id, key, pieces.pop((run_id, key))
        for (run_id, key), piece in pieces.items():
            yield run_id, key, piece

    def _streamed(self, statement: Select[Any]) -> Iterator[Row[Any]]:
        with told(self.shown):
            yield from self._connection.execute(statement)

    def logged_models(self, experiment_id: str) -> Iterator[list[LoggedModel]]:
        for rows in self._pages(MODELS, MODELS.c.model_id, MODELS.c.experiment_id == int(experiment_id)):
            yield self._models(rows)

    def logged_models_by_id(self, ids: Sequence[str]) -> dict[str, LoggedModel]:
        models = self._models(self._rows(select(MODELS).where(MODELS.c.model_id.in_(ids))))
        return {model.model_id: model for model in models}

    def _models(self, rows: Sequence[Row[Any]]) -> list[LoggedModel]:
        ids = [row.model_id for row in rows]
        tags = _maps(self._of(MODEL_TAGS, MODEL_TAGS.c.model_id, ids), "model_id", "tag_key", "tag_value")
        params = _maps(
            self._of(MODEL_PARAMS, MODEL_PARAMS.c.model_id, ids), "model_id", "param_key", "param_value"
        )
        metrics: dict[str, list[ModelMetric]] = {}
        for row in self._of(MODEL_METRICS, MODEL_METRICS.c.model_id, ids):
            metrics.setdefault(row.model_id, []).append(
                ModelMetric(
                    key=row.metric_name,
                    value=row.metric_value or 0.0,
                    timestamp=row.metric_timestamp_ms,
                    step=row.metric_step,
                    run_id=row.run_id,
                    dataset_name=row.dataset_name or "",
                    dataset_digest=row.dataset_digest or "",
                )
            )
        return [
            LoggedModel(
                model_id=row.model_id,
                experiment_id=str(row.experiment_id),
                name=row.name,
                artifact_uri=row.artifact_location,
                creation_time=row.creation_timestamp_ms,
                last_update_time=row.last_updated_timestamp_ms,
                status=STATUSES[row.status],
                model_type=row.model_type or "",
                source_run_id=row.source_run_id or "",
                status_message=row.status_message or "",
                lifecycle_stage=row.lifecycle_stage,
                tags=tags.get(row.model_id, {}),
                params=params.get(row.model_id, {}),
                metrics=metrics.get(row.model_id, []),
            )
            for row in rows
        ]

    def lines(self) -> Iterator[ModelLine]:
        where = REGISTERED.c.workspace == self._workspace
        for rows in self._pages(REGISTERED, REGISTERED.c.name, where):
            yield from self._lines(rows)

    def line(self, name: str) -> ModelLine | None:
        where = (REGISTERED.c.workspace == self._workspace, REGISTERED.c.name == name)
        found = list(self._lines(self._rows(select(REGISTERED).where(*where))))
        return found[0] if found else None

    def _named(self, of: Table, names: Sequence[str]) -> Sequence[Row[Any]]:
        return self._rows(select(of).where(of.c.workspace == self._workspace, of.c.name.in_(names)))

    def _lines(self, rows: Sequence[Row[Any]]) -> Iterator[ModelLine]:
        names = [row.name for row in rows]
        tags = _maps(self._named(REGISTERED_TAGS, names), "name", "key", "value")
        aliases = _maps(self._named(ALIASES, names), "name", "alias", "version")
        version_tags: dict[tuple[str, int], dict[str, str]] = {}
        for row in self._named(VERSION_TAGS, names):
            version_tags.setdefault((row.name, row.version), {})[row.key] = row.value or ""
        versions: dict[str, list[Row[Any]]] = {}
        for row in sorted(self._named(VERSIONS, names), key=lambda row: int(row.version)):
            versions.setdefault(row.name, []).append(row)
        for row in rows:
            created = row.creation_time or 0
            model = RegisteredModel(
                name=row.name,
                creation_time=created,
                last_update_time=row.last_updated_time or created,
                description=row.description,
                workspace=self._workspace,
                tags=tags.get(row.name, {}),
                aliases=aliases.get(row.name, {}),
            )
            of_it = versions.get(row.name, [])
            there = [
                _version(version, version_tags.get((row.name, version.version), {}), model.aliases)
                for version in of_it
                if version.current_stage != DELETED_VERSION
            ]
            yield ModelLine(model, there, max((version.version for version in of_it), default=0))

    def losses(self) -> Iterator[Loss]:
        kept = {found.name for found in READ} | OF_NO_USE
        there = set(sqlalchemy.inspect(self._connection).get_table_names())
        for of in Base.metadata.sorted_tables:
            if of.name in there and of.name not in kept:
                count = self._rows(select(func.count()).select_from(of))[0][0]
                if count:
                    yield Loss("table", of.name, f"its {count} rows stay: Genesis-Flow does not serve them")
        yield from self._unready()
        others = self._rows(
            select(EXPERIMENTS.c.workspace, func.count())
            .where(EXPERIMENTS.c.workspace != self._workspace)
            .group_by(EXPERIMENTS.c.workspace)
        )
        for workspace, count in others:
            yield Loss(EXPERIMENT, workspace, f"{count} experiments are in this other workspace")

    def _unready(self) -> Iterator[Loss]:
        statement = select(VERSIONS).where(
            VERSIONS.c.workspace == self._workspace,
            VERSIONS.c.status != "READY",
            VERSIONS.c.current_stage != DELETED_VERSION,
        )
        for row in self._rows(statement):
            yield Loss(
                REGISTERED_MODEL, f"{row.name}/{row.version}", f"its status {row.status} will be READY"
            )

    def points(self) -> int:
        count: int = self._rows(select(func.count()).select_from(METRICS))[0][0]
        return count

    def files(self, uri: str) -> Files | None:
        return self._files.of(uri)

    def close(self) -> None:
        self._connection.close()
        self._connection.engine.dispose()


def _maps(rows: Iterable[Row[Any]], of: str, key: str, value: str) -> dict[Any, dict[str, Any]]:
    """For each value of the column ``of`` a map from the column ``key`` to the column ``value``."""
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        held = getattr(row, value)
        found.setdefault(getattr(row, of), {})[getattr(row, key)] = "" if held is None else held
    return found


def _version(row: Row[Any], tags: dict[str, str], aliases: dict[str, int]) -> ModelVersion:
    created = row.creation_time or 0
    return ModelVersion(
        name=row.name,
        number=row.version,
        creation_time=created,
        last_update_time=row.last_updated_time or created,
        description=row.description,
        source=row.source or "",
        storage=row.storage_location or row.source or "",
        run_id=row.run_id or "",
        run_link=row.run_link or "",
        stage=row.current_stage,
        tags=tags,
        aliases=sorted(alias for alias, number in aliases.items() if number == row.version),
    )
