"""Sampling a history: the parts are those of SQL's NTILE, as MLflow's store asks for."""

from __future__ import annotations

import math
import sqlite3

import pytest

from genesis.api.metrics import finite, sampled
from genesis.store.points import Point


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
