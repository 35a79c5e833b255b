"""What a logged model is, and what it may be refused for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import NamedTuple

from genesis.errors import Code, GenesisError, missing

STATUSES = (
    "LOGGED_MODEL_STATUS_UNSPECIFIED",
    "LOGGED_MODEL_PENDING",
    "LOGGED_MODEL_READY",
    "LOGGED_MODEL_UPLOAD_FAILED",
)
"""As MLflow's ``LoggedModelStatus`` counts them, from 0."""

PENDING = STATUSES[1]

VERSIONS_TAG = "mlflow.modelVersions"
"""The model versions that were made of a logged model: a JSON list of their names and numbers."""


class ModelMetric(NamedTuple):
    """One value of a metric that a run measured of a model; ``timestamp`` in milliseconds."""

    key: str
    value: float
    timestamp: int
    step: int
    run_id: str
    dataset_name: str = ""
    dataset_digest: str = ""


@dataclass(frozen=True)
class LoggedModel:
    """A model that was logged in an experiment; times are milliseconds since the epoch."""

    model_id: str
    experiment_id: str
    name: str
    artifact_uri: str
    creation_time: int
    last_update_time: int
    status: str = PENDING
    model_type: str = ""
    source_run_id: str = ""
    status_message: str = ""
    lifecycle_stage: str = "active"
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: list[ModelMetric] = field(default_factory=list)


def dataset_key(name: str, digest: str) -> str:
    """A data set's name and digest as one text, which no other two make; "" where there is none.

    SQLite takes a NUL in JSON for the text's end, so that does not stand between them.
    """
    return json.dumps([name, digest]) if name else ""


def with_version(held: str, name: str, number: int) -> str:
    """The tag of model versions with one more, "" being none; as it was where it has it, or is no list."""
    version = {"name": name, "version": number}
    try:
        versions = json.loads(held or "[]")
    except ValueError:
        return held
    return held if not isinstance(versions, list) or version in versions else json.dumps([*versions, version])


def not_found(model_id: str) -> GenesisError:
    return missing(f"Logged model with ID '{model_id}' not found.")


def no_tag(model_id: str, key: str) -> GenesisError:
    return missing(f"No tag with key {key!r} found for model with ID {model_id!r}.")


def has_param(model_id: str, key: str) -> GenesisError:
    """MLflow's code; its message is the database's."""
    return GenesisError(Code.BAD_REQUEST, f"Model with ID '{model_id}' already has the parameter '{key}'.")


def no_model_for_metric(model_id: str) -> GenesisError:
    """MLflow's code; its message is the database's."""
    return GenesisError(Code.BAD_REQUEST, f"Logged model with ID '{model_id}' not found.")


def conflict(metric: str, timestamp: int, step: int) -> GenesisError:
    """MLflow's code; its message is the database's."""
    return GenesisError(
        Code.BAD_REQUEST,
        f"The run has logged the model's metric '{metric}' at timestamp {timestamp} and step {step} with "
        "another value or data set.",
    )
