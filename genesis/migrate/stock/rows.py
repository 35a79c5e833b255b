"""Rows of MLflow's tables, as MLflow itself would have written them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import Table

from genesis.entities.logged_models import STATUSES, LoggedModel
from genesis.entities.registry import ModelLine
from genesis.entities.runs import Dataset, Run
from genesis.migrate.stock.tables import (
    ALIASES,
    DELETED_VERSION,
    MODEL_METRICS,
    MODEL_PARAMS,
    MODEL_TAGS,
    MODELS,
    REGISTERED,
    REGISTERED_TAGS,
    VERSION_TAGS,
    VERSIONS,
)
from genesis.store.points import Point

REDACTED = {
    "source": "REDACTED-SOURCE-PATH",
    "run_id": "REDACTED-RUN-ID",
    "run_link": "REDACTED-RUN-LINK",
}
"""What MLflow leaves of a version that is deleted."""

Rows = list[tuple[Table, list[dict[str, Any]]]]


def of_run(run: Run) -> dict[str, Any]:
    return {
        "run_uuid": run.run_id,
        "name": run.name,
        "experiment_id": int(run.experiment_id),
        "user_id": run.user_id,
        "status": run.status,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "deleted_time": run.deleted_time,
        "lifecycle_stage": run.lifecycle_stage,
        "artifact_uri": run.artifact_uri,
        # As MLflow's create_run has them.
        "source_type": "UNKNOWN",
        "source_name": "",
        "entry_point_name": "",
        "source_version": "",
    }


def of_point(run_id: str, key: str, point: Point) -> dict[str, Any]:
    is_nan = point.value != point.value
    return {
        "run_uuid": run_id,
        "key": key,
        "timestamp": point.timestamp,
        "step": point.step,
        "value": 0.0 if is_nan else point.value,
        "is_nan": is_nan,
    }


def _id(*parts: object) -> str:
    """An id of MLflow's form that is the same whenever it is made."""
    return blake2b("\0".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def of_dataset(place: tuple[str, str, str], dataset: Dataset) -> tuple[str, dict[str, Any]]:
    id = _id("dataset", *place)
    return id, {
        "dataset_uuid": id,
        "experiment_id": int(place[0]),
        "name": dataset.name,
        "digest": dataset.digest,
        "dataset_source_type": dataset.source_type,
        "dataset_source": dataset.source,
        "dataset_schema": dataset.schema or None,
        "dataset_profile": dataset.profile or None,
    }


def of_link(kind: str, source: str, to: str, destination: str, step: int = 0) -> dict[str, Any]:
    return {
        "input_uuid": _id(kind, source, to, destination),
        "source_type": kind,
        "source_id": source,
        "destination_type": to,
        "destination_id": destination,
        "step": step,
    }


def of_models(models: Sequence[LoggedModel], runs: set[str]) -> Rows:
    """Metrics only of ``runs``, for they are tied to them."""
    made: dict[Table, list[dict[str, Any]]] = {
        of: [] for of in (MODELS, MODEL_TAGS, MODEL_PARAMS, MODEL_METRICS)
    }
    for model in models:
        of_it = {"model_id": model.model_id, "experiment_id": int(model.experiment_id)}
        made[MODELS].append(
            {
                **of_it,
                "name": model.name,
                "artifact_location": model.artifact_uri,
                "creation_timestamp_ms": model.creation_time,
                "last_updated_timestamp_ms": model.last_update_time,
                "status": STATUSES.index(model.status),
                "lifecycle_stage": model.lifecycle_stage,
                "model_type": model.model_type or None,
                "source_run_id": model.source_run_id or None,
                "status_message": model.status_message or None,
            }
        )
        made[MODEL_TAGS] += [{**of_it, "tag_key": k, "tag_value": v} for k, v in model.tags.items()]
        made[MODEL_PARAMS] += [{**of_it, "param_key": k, "param_value": v} for k, v in model.params.items()]
        made[MODEL_METRICS] += [
            {
                **of_it,
                "metric_name": row.key,
                "metric_timestamp_ms": row.timestamp,
                "metric_step": row.step,
                "metric_value": row.value,
                "run_id": row.run_id,
                "dataset_name": row.dataset_name or None,
                "dataset_digest": row.dataset_digest or None,
            }
            for row in model.metrics
            if row.run_id in runs
        ]
    return list(made.items())


def of_line(line: ModelLine, workspace: str) -> Rows:
    """A registered model, and a row for each number of a version that is gone."""
    model, there = line.model, {version.number: version for version in line.versions}
    of_it = {"workspace": workspace, "name": model.name}
    registered = {
        **of_it,
        "creation_time": model.creation_time,
        "last_updated_time": model.last_update_time,
        "description": model.description,
    }
    times = {key: registered[key] for key in ("creation_time", "last_updated_time")}
    gone = {**of_it, **times, **REDACTED, "storage_location": None, "description": None}
    versions = [
        {
            **of_it,
            "version": number,
            "creation_time": version.creation_time,
            "last_updated_time": version.last_update_time,
            "description": version.description,
            "current_stage": version.stage,
            "source": version.source,
            "storage_location": version.storage,
            "run_id": version.run_id or None,
            "run_link": version.run_link or None,
            "status": "READY",
        }
        for number, version in there.items()
    ]
    versions += [
        {**gone, "version": number, "current_stage": DELETED_VERSION, "status": "READY"}
        for number in range(1, line.last + 1)
        if number not in there
    ]
    aliases = [{**of_it, "alias": a, "version": n} for a, n in model.aliases.items() if n in there]
    tags = [{**of_it, "key": k, "value": v} for k, v in model.tags.items()]
    version_tags = [
        {**of_it, "version": number, "key": k, "value": v}
        for number, version in there.items()
        for k, v in version.tags.items()
    ]
    return [
        *((REGISTERED, [registered]), (REGISTERED_TAGS, tags), (ALIASES, aliases)),
        *((VERSIONS, versions), (VERSION_TAGS, version_tags)),
    ]
