"""What a stock SQLite database holds, row by row, read without any of our code or MLflow's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

TABLES = {
    "experiments": "SELECT * FROM experiments",
    "experiment_tags": "SELECT * FROM experiment_tags",
    "runs": "SELECT * FROM runs",
    "tags": "SELECT * FROM tags",
    "params": "SELECT * FROM params",
    "metrics": "SELECT * FROM metrics",
    "latest_metrics": "SELECT * FROM latest_metrics",
    # Ids of data sets and of links to them are drawn by whoever writes them, and nobody sees them.
    "datasets": "SELECT experiment_id, name, digest, dataset_source_type, dataset_source, dataset_schema,"
    " dataset_profile FROM datasets",
    "inputs": "SELECT source_type, coalesce(d.experiment_id || d.name || d.digest, source_id),"
    " destination_type, destination_id, step FROM inputs LEFT JOIN datasets d ON dataset_uuid = source_id",
    "input_tags": "SELECT i.destination_id, d.name, t.name, t.value FROM input_tags t"
    " JOIN inputs i USING (input_uuid) JOIN datasets d ON d.dataset_uuid = i.source_id",
    **{
        name: f"SELECT * FROM {name}"
        for name in (
            *("logged_models", "logged_model_tags", "logged_model_params", "logged_model_metrics"),
            *("registered_models", "registered_model_tags", "registered_model_aliases"),
            "model_versions",
        )
    },
    "model_version_tags": "SELECT t.* FROM model_version_tags t JOIN model_versions USING (name, version)"
    " WHERE current_stage != 'Deleted_Internal'",
}


def rows(file: Path, root: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table; ``root`` is where artifacts are, and is called ROOT."""
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        found = {name: [dict(row) for row in database.execute(query)] for name, query in TABLES.items()}
    return {name: sorted((_told(row, root) for row in of), key=repr) for name, of in found.items()}


def _told(row: dict[str, Any], root: str) -> dict[str, Any]:
    told = {
        name: value.replace(root, "ROOT") if isinstance(value, str) else value for name, value in row.items()
    }
    if told.get("current_stage") == "Deleted_Internal":
        # Of a version that was deleted its number stays, and no more.
        return {name: told[name] for name in ("name", "version", "source", "run_id", "run_link")}
    return {name: None if value == "" else value for name, value in told.items()}
