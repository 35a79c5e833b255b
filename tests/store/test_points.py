"""Points in memory: order, and what counts as the same."""

from __future__ import annotations

from itertools import product

from genesis.store.points import Point, distinct

VALUES = (float("nan"), 0.0, -0.0, 1.0)


def test_points_in_any_order_come_sorted_and_each_once() -> None:
    some = [Point(timestamp, 0, value) for timestamp in (1, 2) for value in VALUES]
    for points in product(some, repeat=3):
        ranked = {point.rank(): point for point in points}
        found = [point.rank() for point in distinct(points)]
        assert found == sorted(ranked), points
