"""Runs as MLflow's messages."""

from __future__ import annotations

from genesis.entities.runs import Latest, LatestValues, Run
from genesis.wire.runs import whole


def run(**values: float) -> Run:
    latest = LatestValues.of({key: Latest(3, 7, value) for key, value in values.items()})
    return Run("r", "name", "1", "user", 5, "root/", metrics=latest)


def test_a_latest_value_has_its_name_and_nothing_of_how_it_is_stored() -> None:
    shown = whole(run(loss=0.5, nan=float("nan")))["data"]["metrics"]
    assert shown == [
        {"key": "loss", "value": 0.5, "timestamp": 7, "step": 3},
        {"key": "nan", "value": "NaN", "timestamp": 7, "step": 3},
    ]


def test_a_run_without_metrics_has_no_list_of_them() -> None:
    assert "metrics" not in whole(run())["data"]
