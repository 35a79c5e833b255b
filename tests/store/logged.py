"""Logged models and their metrics as short as a test wants them."""

from __future__ import annotations

from collections.abc import Callable

from genesis.entities.logged_models import LoggedModel, ModelMetric
from genesis.errors import Code, GenesisError
from genesis.store.logged_models import LoggedModels

NOW = 1_700_000_000_000


def create(models: LoggedModels, id: str, created: int = NOW, experiment: str = "1", name: str = "n") -> str:
    models.create(LoggedModel(id, experiment, name, "root/", created, created))
    return id


def row(key: str = "m", value: float = 1.0, timestamp: int = 5, step: int = 0, run: str = "r") -> ModelMetric:
    return ModelMetric(key, value, timestamp, step, run)


def refused(act: Callable[[], object]) -> Code | None:
    """The code of a call that is refused."""
    try:
        act()
    except GenesisError as error:
        return error.code
    return None
