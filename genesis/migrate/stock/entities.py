"""MLflow's entities as ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mlflow.exceptions import MlflowException

from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import STATUSES, LoggedModel, ModelMetric
from genesis.entities.registry import ModelVersion, RegisteredModel
from genesis.entities.runs import Dataset, DatasetInput, Latest, LatestValues, Run
from genesis.errors import unavailable
from genesis.migrate.ends import LARGEST
from genesis.store.points import Point, distinct


@contextmanager
def told(shown: str) -> Iterator[None]:
    """A store's failures in our words."""
    try:
        yield
    except MlflowException as error:
        raise unavailable(f"{shown}: {error.message}") from error


def experiment_of(found: Any, workspace: str) -> Experiment:
    created = found.creation_time or found.last_update_time or 0
    return Experiment(
        experiment_id=str(found.experiment_id),
        name=found.name,
        artifact_location=found.artifact_location or "",
        creation_time=created,
        last_update_time=found.last_update_time or created,
        workspace=workspace,
        lifecycle_stage=found.lifecycle_stage,
        tags=dict(found.tags),
    )


def run_of(found: Any, deleted_time: int | None = None) -> Run:
    """A run as ``get_run`` has it; without a time of deletion, where there was one, that of its end."""
    info, data = found.info, found.data
    if info.lifecycle_stage == "deleted" and deleted_time is None:
        deleted_time = info.end_time or info.start_time or 0
    return Run(
        run_id=info.run_id,
        name=info.run_name or "",
        experiment_id=str(info.experiment_id),
        user_id=info.user_id or "",
        start_time=info.start_time or 0,
        artifact_uri=info.artifact_uri or "",
        status=info.status,
        end_time=info.end_time or None,
        lifecycle_stage=info.lifecycle_stage,
        params=dict(data.params),
        tags=dict(data.tags),
        metrics=LatestValues.of(
            {m.key: Latest(m.step, m.timestamp, finite(m.value)) for m in data._metric_objs}
        ),
        inputs=[_input(given) for given in (found.inputs.dataset_inputs if found.inputs else ())],
        model_inputs=[given.model_id for given in (found.inputs.model_inputs if found.inputs else ())],
        model_outputs=[(m.model_id, m.step) for m in (found.outputs.model_outputs if found.outputs else ())],
        deleted_time=deleted_time,
    )


def _input(found: Any) -> DatasetInput:
    dataset = found.dataset
    described = Dataset(
        name=dataset.name,
        digest=dataset.digest,
        source_type=dataset.source_type,
        source=dataset.source,
        schema=dataset.schema or "",
        profile=dataset.profile or "",
    )
    return DatasetInput(described, {tag.key: tag.value for tag in found.tags})


def finite(value: float) -> float:
    """As MLflow's SQL store keeps it: the largest number for an infinite one, with its sign."""
    return max(-LARGEST, min(LARGEST, value)) if value == value else float("nan")


def points_of(metrics: Iterable[Any]) -> list[Point]:
    return distinct(Point(m.timestamp, m.step, finite(m.value)) for m in metrics)


def logged_model_of(found: Any, lifecycle_stage: str = "active") -> LoggedModel:
    return LoggedModel(
        model_id=found.model_id,
        experiment_id=str(found.experiment_id),
        name=found.name,
        artifact_uri=found.artifact_location,
        creation_time=found.creation_timestamp,
        last_update_time=found.last_updated_timestamp,
        status=STATUSES[found.status.to_int()],
        model_type=found.model_type or "",
        source_run_id=found.source_run_id or "",
        status_message=found.status_message or "",
        lifecycle_stage=lifecycle_stage,
        tags=dict(found.tags or {}),
        params=dict(found.params or {}),
        metrics=_metrics(found.metrics or ()),
    )


def _metrics(found: Sequence[Any]) -> list[ModelMetric]:
    """One of each metric, time, step and run, which is what a database keeps."""
    rows: dict[tuple[Any, ...], ModelMetric] = {}
    for m in found:
        row = ModelMetric(
            key=m.key,
            value=finite(m.value) if m.value is not None else 0.0,
            timestamp=m.timestamp,
            step=m.step,
            run_id=m.run_id or "",
            dataset_name=m.dataset_name or "",
            dataset_digest=m.dataset_digest or "",
        )
        rows.setdefault((row.key, row.timestamp, row.step, row.run_id), row)
    return list(rows.values())


def registered_model_of(found: Any, workspace: str) -> RegisteredModel:
    created = found.creation_timestamp or 0
    return RegisteredModel(
        name=found.name,
        creation_time=created,
        last_update_time=found.last_updated_timestamp or created,
        description=found.description or None,
        workspace=workspace,
        # ``tags`` of a prompt leaves out what makes it one.
        tags=dict(found._tags),
        aliases={alias: int(number) for alias, number in found.aliases.items()},
    )


def version_of(found: Any, storage: str, aliases: dict[str, int]) -> ModelVersion:
    created = found.creation_timestamp or 0
    number = int(found.version)
    return ModelVersion(
        name=found.name,
        number=number,
        creation_time=created,
        last_update_time=found.last_updated_timestamp or created,
        description=found.description or None,
        source=found.source or "",
        storage=storage or found.source or "",
        run_id=found.run_id or "",
        run_link=found.run_link or "",
        stage=found.current_stage or "None",
        tags=dict(found.tags),
        aliases=sorted(alias for alias, held in aliases.items() if held == number),
    )
