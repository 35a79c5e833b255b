"""The tables of MLflow's database that are read and written here."""

from __future__ import annotations

from typing import Any

from mlflow.store.model_registry.dbmodels import models as registry
from mlflow.store.tracking.dbmodels import models as tracking
from sqlalchemy import Table

DELETED_VERSION = "Deleted_Internal"
"""The stage of a version that was deleted, of which MLflow keeps the number."""


def table(model: Any) -> Table:
    found: Table = model.__table__
    return found


EXPERIMENTS, EXPERIMENT_TAGS = table(tracking.SqlExperiment), table(tracking.SqlExperimentTag)
RUNS, TAGS, PARAMS = table(tracking.SqlRun), table(tracking.SqlTag), table(tracking.SqlParam)
METRICS, LATEST = table(tracking.SqlMetric), table(tracking.SqlLatestMetric)
DATASETS, INPUTS, INPUT_TAGS = (
    table(tracking.SqlDataset),
    table(tracking.SqlInput),
    table(tracking.SqlInputTag),
)
MODELS, MODEL_METRICS = table(tracking.SqlLoggedModel), table(tracking.SqlLoggedModelMetric)
MODEL_PARAMS, MODEL_TAGS = table(tracking.SqlLoggedModelParam), table(tracking.SqlLoggedModelTag)
REGISTERED, REGISTERED_TAGS = table(registry.SqlRegisteredModel), table(registry.SqlRegisteredModelTag)
ALIASES = table(registry.SqlRegisteredModelAlias)
VERSIONS, VERSION_TAGS = table(registry.SqlModelVersion), table(registry.SqlModelVersionTag)
