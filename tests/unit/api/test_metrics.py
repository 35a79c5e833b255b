"""Metrics: who may log, how much of several histories is read, and which points a sample has."""

from __future__ import annotations

import math
import sqlite3
from types import SimpleNamespace
from typing import Any, cast

import pytest

from genesis.api import metrics
from genesis.api.metrics import finite, sampled
from genesis.errors import GenesisError
from genesis.scope import Scope
from genesis.store.points import Point
from genesis.wire.metrics import GetMetricHistoryBulk, LogMetric


def by_sql(count: int, most: int) -> list[int]:
    """What MLflow's query picks (``sqlalchemy_store.py``, _sample_rows_with_window_functions)."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE m (i INTEGER)")
        connection.executemany("INSERT INTO m VALUES (?)", [(i,) for i in range(count)])
        rows = connection.execute(
            "SELECT min(i) FROM (SELECT i, ntile(?) OVER (ORDER BY i) AS part FROM m)"
            " GROUP BY part ORDER BY 1",
            (most,),
        ).fetchall()
    connection.close()
    chosen = [i for (i,) in rows]
    if chosen and chosen[-1] != count - 1:
        if len(chosen) >= most:
            chosen.pop()
        chosen.append(count - 1)
    return chosen


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 10, 100, 101])
@pytest.mark.parametrize("most", [1, 2, 3, 7, 10, 320])
def test_the_same_points_as_mlflow_s_query(count: int, most: int) -> None:
    points = [Point(i, i, float(i)) for i in range(count)]
    assert [p.step for p in sampled(points, most)] == by_sql(count, most)


def test_infinities_become_the_largest_numbers_and_nan_stays() -> None:
    assert finite(math.inf) == 1.7976931348623157e308
    assert finite(-math.inf) == -1.7976931348623157e308
    assert math.isnan(finite(math.nan))


def scope(**store: Any) -> Scope:
    """A scope whose store has only what is given."""
    return cast(Scope, SimpleNamespace(store=SimpleNamespace(**store)))


@pytest.mark.parametrize("run_id", ["a/b", "a\\b", "-a", "a|b", "ab\n", "x" * 257, "é", " "])
def test_logging_to_an_id_that_no_run_can_have_asks_no_database(run_id: str) -> None:
    request = LogMetric(run_id=run_id, key="m", value=1.0, timestamp=1)
    with pytest.raises(GenesisError, match=r"Run with id=[\s\S]* not found") as refused:
        metrics.log(request, scope())
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("asked", "read"), [(0, 0), (1, 1), (25_000, 25_000), (30_000, 25_000), (-1, None), (-2, None)]
)
def test_no_more_of_several_histories_is_read_than_asked_for(asked: int, read: int | None) -> None:
    def of_runs(run_ids: list[str], metric: str, most: int | None) -> dict[str, list[Point]]:
        assert (run_ids, metric, most) == (["b", "a"], "m", read)
        return {"b": [Point(2, 0, 0.0)], "a": [Point(1, 0, 0.0)]}

    request = GetMetricHistoryBulk(run_id=["b", "a"], metric_key="m", max_results=asked)
    reply = metrics.get_history_bulk(request, scope(histories=SimpleNamespace(of_runs=of_runs)))
    assert [metric["run_id"] for metric in reply["metrics"]] == ["a", "b"]
