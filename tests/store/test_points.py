"""Points in memory: order, and what counts as the same."""

from __future__ import annotations

from itertools import product

import pytest

from genesis.store.points import Curve, Point, Points, distinct

VALUES = (float("nan"), 0.0, -0.0, 1.0)


def test_points_in_any_order_come_sorted_and_each_once() -> None:
    some = [Point(timestamp, 0, value) for timestamp in (1, 2) for value in VALUES]
    for points in product(some, repeat=3):
        ranked = {point.rank(): point for point in points}
        found = [point.rank() for point in distinct(points)]
        assert found == sorted(ranked), points


def test_a_curve_of_pieces_in_any_order_has_each_point_once_in_order() -> None:
    some = [Point(timestamp, 0, value) for timestamp in (1, 2) for value in VALUES]
    for points in product(some, repeat=3):
        ranked = {point.rank(): point for point in points}
        curve = Curve.joined([Points.pack(points[:1]), Points.pack(points[1:])])
        assert [point.rank() for point in curve] == sorted(ranked), points


def test_a_curve_is_looked_at_like_a_list() -> None:
    points = [Point(i, -i, i / 2) for i in range(5)]
    curve = Curve.of(points)
    assert len(curve) == 5 and curve[-1] == points[-1] and list(curve) == points
    assert list(curve[1:3]) == points[1:3] and points[2] in curve


@pytest.mark.parametrize("bounds", [(None, None), (0, 2), (1, None), (None, 1), (5, 9), (2, 1)])
def test_the_points_of_some_steps_come_by_step_then_in_order(bounds: tuple[int | None, int | None]) -> None:
    start, end = bounds
    for steps in product((0, 1, 3), repeat=4):
        points = [Point(i // 2, step, float(i)) for i, step in enumerate(steps)]
        curve = Curve.joined([Points.pack(points)])
        wanted = [p for p in points if (start is None or start <= p.step) and (end is None or p.step <= end)]
        by_step = sorted(wanted, key=lambda p: (p.step, p.timestamp, p.value))
        assert list(curve.by_step(start, end)) == by_step, steps
