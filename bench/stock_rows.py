"""Runs written straight into a stock server's tables, for there it would take an hour otherwise."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence
from typing import Any

from bench.operations import Message
from bench.subjects import psycopg_folder

AT_ONCE = 1000


def insert(uri: str, experiment: str, runs: Sequence[tuple[Message, Message]]) -> None:
    """What ``runs/create`` and ``runs/log-batch`` with these messages would leave."""
    import sqlalchemy
    from mlflow.store.tracking.dbmodels import models

    if uri.startswith("postgresql"):
        sys.path.append(str(psycopg_folder()))
    engine = sqlalchemy.create_engine(uri)
    tables = (models.SqlRun, models.SqlParam, models.SqlTag, models.SqlMetric, models.SqlLatestMetric)
    for begin in range(0, len(runs), AT_ONCE):
        with engine.begin() as connection:
            rows = _rows(experiment, runs[begin : begin + AT_ONCE])
            for table, given in zip(tables, rows, strict=True):
                connection.execute(table.__table__.insert(), given)
    engine.dispose()


def _rows(experiment: str, runs: Sequence[tuple[Message, Message]]) -> tuple[list[dict[str, Any]], ...]:
    found: tuple[list[dict[str, Any]], ...] = ([], [], [], [], [])
    infos, params, tags, metrics, latest = found
    for new, batch in runs:
        run = uuid.uuid4().hex
        infos.append(
            {
                "run_uuid": run,
                "name": new["run_name"],
                "source_type": "UNKNOWN",
                "user_id": new["user_id"],
                "status": "RUNNING",
                "start_time": new["start_time"],
                "lifecycle_stage": "active",
                "artifact_uri": f"mlflow-artifacts:/{experiment}/{run}/artifacts",
                "experiment_id": int(experiment),
            }
        )
        params += [{"run_uuid": run, **param} for param in batch["params"]]
        name = {"key": "mlflow.runName", "value": new["run_name"]}
        tags += [{"run_uuid": run, **tag} for tag in (*new["tags"], *batch["tags"], name)]
        points = [{"run_uuid": run, "is_nan": False, **metric} for metric in batch["metrics"]]
        metrics += points
        latest += points
    return found
