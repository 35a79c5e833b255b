"""What an experiment is."""

from __future__ import annotations

from dataclasses import dataclass, field

from genesis.errors import Code, GenesisError, invalid, missing

ACTIVE = "active"
DELETED = "deleted"

STAGES = {"ACTIVE_ONLY": (ACTIVE,), "DELETED_ONLY": (DELETED,), "ALL": (ACTIVE, DELETED)}
"""Lifecycle stages of each of MLflow's view types."""

DEFAULT_ID = "0"
DEFAULT_NAME = "Default"


@dataclass(frozen=True)
class Experiment:
    """A named group of runs; times are milliseconds since the epoch."""

    experiment_id: str
    name: str
    artifact_location: str
    creation_time: int
    last_update_time: int
    workspace: str
    lifecycle_stage: str = ACTIVE
    tags: dict[str, str] = field(default_factory=dict)


def parse_id(experiment_id: str) -> str:
    """The id in its one spelling; MLflow's are integers."""
    try:
        return str(int(experiment_id))
    except ValueError:
        raise invalid(
            f"Invalid experiment ID '{experiment_id}'. Experiment ID must be a valid integer."
        ) from None


def not_found(experiment_id: str) -> GenesisError:
    return missing(f"No Experiment with id={experiment_id} exists")


def not_active(experiment_id: str, stage: str) -> GenesisError:
    return invalid(f"The experiment {experiment_id} must be in the 'active' state. Current state is {stage}.")


def already_exists(name: str, code: Code = Code.RESOURCE_ALREADY_EXISTS) -> GenesisError:
    return GenesisError(code, f"Experiment(name={name}) already exists.")
