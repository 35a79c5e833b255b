"""What a run is, and what it may be refused for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, NotRequired, TypedDict

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


class LatestEntry(TypedDict):
    """A metric's latest value as it is stored; true ``nan`` says that it is no number, and its value is 0."""

    step: int
    timestamp: int
    value: float
    nan: NotRequired[bool]


class NamedEntry(LatestEntry):
    key: NotRequired[str]


NAN = float("nan")


class LatestValues(Mapping[str, Latest]):
    """The latest value of each metric; a ``Latest`` is made of those that are looked at only.

    A page of runs has tens of thousands of them, which go from the database to the reply as they are.
    """

    __slots__ = ("entries",)

    def __init__(self, entries: dict[str, NamedEntry] | None = None) -> None:
        """Takes ``entries`` over: each is told its name, which is how MLflow shows it."""
        self.entries = {} if entries is None else entries
        for key, entry in self.entries.items():
            entry["key"] = key

    @classmethod
    def of(cls, latest: Mapping[str, Latest]) -> LatestValues:
        return cls({key: _entry(value) for key, value in latest.items()})

    def __getitem__(self, key: str) -> Latest:
        entry = self.entries[key]
        return Latest(entry["step"], entry["timestamp"], NAN if "nan" in entry else float(entry["value"]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"LatestValues.of({dict(self)})"


def _entry(latest: Latest) -> NamedEntry:
    step, timestamp, value = latest
    if value != value:
        return {"step": step, "timestamp": timestamp, "value": 0.0, "nan": True}
    return {"step": step, "timestamp": timestamp, "value": value}


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
    metrics: LatestValues = field(default_factory=LatestValues)
    inputs: list[DatasetInput] = field(default_factory=list)
    model_inputs: list[str] = field(default_factory=list)
    model_outputs: list[tuple[str, int]] = field(default_factory=list)
    """(model id, step)."""
    deleted_time: int | None = None


def not_found(run_id: str) -> GenesisError:
    return missing(f"Run with id={run_id} not found")


def not_active(run_id: str, stage: str) -> GenesisError:
    return invalid(f"The run {run_id} must be in the 'active' state. Current state is {stage}.")
