"""What a run is, and what it may be refused for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from genesis.errors import GenesisError, invalid, missing

STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
"""As MLflow's ``RunStatus`` counts them, from 1."""

NAME_TAG = "mlflow.runName"
HISTORY_TAG = "mlflow.log-model.history"
CONTEXT_TAG = "mlflow.data.context"


class Latest(NamedTuple):
    """A metric's value at its greatest (step, timestamp in ms, value)."""

    step: int
    timestamp: int
    value: float


class Metric(NamedTuple):
    """One value to log; ``timestamp`` in milliseconds."""

    key: str
    value: float
    timestamp: int
    step: int


@dataclass(frozen=True)
class Dataset:
    """A data set as MLflow describes it; name and digest tell it apart in an experiment."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""


@dataclass(frozen=True)
class DatasetInput:
    """A data set that a run read, and what for (its tags)."""

    dataset: Dataset
    tags: dict[str, str]


class DatasetSummary(NamedTuple):
    """A data set that runs of an experiment read, and in which context; "" is none."""

    experiment_id: str
    name: str
    digest: str
    context: str


@dataclass(frozen=True)
class Run:
    """One run with everything about it but the histories of its metrics; times in ms since the epoch."""

    run_id: str
    name: str
    experiment_id: str
    user_id: str
    start_time: int
    artifact_uri: str
    status: str = "RUNNING"
    end_time: int | None = None
    lifecycle_stage: str = "active"
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Latest] = field(default_factory=dict)
    inputs: list[DatasetInput] = field(default_factory=list)
    model_inputs: list[str] = field(default_factory=list)
    model_outputs: list[tuple[str, int]] = field(default_factory=list)
    """(model id, step)."""
    deleted_time: int | None = None


def not_found(run_id: str) -> GenesisError:
    return missing(f"Run with id={run_id} not found")


def not_active(run_id: str, stage: str) -> GenesisError:
    return invalid(f"The run {run_id} must be in the 'active' state. Current state is {stage}.")
