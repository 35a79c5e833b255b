"""Points of metrics: appended in buckets, read by run and time, merged without loss."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest

from genesis.search.clauses import Path
from genesis.store.engine import Change, Engine
from genesis.store.points import Bucket, Point, Points
from genesis.store.schema import RUNS
from tests.store.commands import Commands
from tests.store.documents import fill, run

CHANGE = Change(set={Path("status"): "RUNNING"})


@pytest.fixture(autouse=True)
def runs(engine: Engine) -> Iterator[None]:
    fill(engine, run("a"), run("b"))
    yield


def append(
    engine: Engine, *timestamps: int, run_id: str = "a", metric: str = "m", value: float = 0.5
) -> None:
    points = Points.pack([Point(t, t, value) for t in timestamps])
    engine.update(RUNS, run_id, CHANGE, (), {metric: points})


def read(
    engine: Engine, runs: Sequence[str] = ("a",), metric: str = "m", since: int | None = None
) -> list[Bucket]:
    """Buckets that stay: those that were merged may linger for the readers of the moment."""
    return [bucket for bucket in engine.points(runs, metric, since) if not bucket.merged]


def timestamps(buckets: Sequence[Bucket]) -> list[list[int]]:
    return [[p.timestamp for p in bucket.points.unpack()] for bucket in buckets]


def test_points_come_back_bit_for_bit(engine: Engine) -> None:
    points = [
        Point(0, -(2**63), -0.0),
        Point(2**63 - 1, 2**63 - 1, 1.7976931348623157e308),
        Point(1_700_000_000_000, 0, 5e-324),
        Point(1, 1, float("inf")),
    ]
    engine.update(RUNS, "a", CHANGE, (), {"m": Points.pack(points)})
    assert [bucket.points for bucket in read(engine)] == [Points.pack(points)]


def test_nan_comes_back(engine: Engine) -> None:
    append(engine, 1, value=float("nan"))
    [point] = read(engine)[0].points.unpack()
    assert point.value != point.value


def test_a_metric_without_points_has_no_buckets(engine: Engine) -> None:
    assert read(engine) == []


def test_buckets_come_by_their_first_timestamp(engine: Engine) -> None:
    append(engine, 50, 60)
    append(engine, 10, 99)
    append(engine, 30)
    assert timestamps(read(engine)) == [[10, 99], [30], [50, 60]]


def test_a_bucket_begins_with_its_least_timestamp(engine: Engine) -> None:
    append(engine, 50, 20, 60)
    assert read(engine)[0].first == 20


def test_appending_the_same_points_twice_leaves_nothing_else(engine: Engine) -> None:
    append(engine, 1, 2)
    append(engine, 1, 2)
    assert [t for t in timestamps(read(engine)) if t != [1, 2]] == []


def test_merging_the_same_points_twice_stores_them_once(engine: Engine) -> None:
    points = Points.pack([Point(1, 1, 0.5), Point(2, 2, 0.5)])
    engine.merge("a", "m", [], points)
    engine.merge("a", "m", [], points)
    assert timestamps(read(engine)) == [[1, 2]]


@pytest.mark.parametrize("run_id", ["a/b", "a\\b", "ä" * 400, "x" * 2000], ids=lambda id: id[:3])
def test_a_key_of_any_letters_and_length_makes_a_portable_bucket(
    engine: Engine, commands: Commands, run_id: str
) -> None:
    append(engine, 1, run_id=run_id, metric=run_id)
    engine.merge(run_id, run_id, read(engine, [run_id], run_id), Points.pack([Point(1, 1, 0.5)]))
    sent = [d["_id"] for name, command in commands.sent if name == "insert" for d in command["documents"]]
    assert all(re.fullmatch(r"[\w|]{1,200}", id, re.ASCII) for id in sent)


def test_points_of_several_runs_come_by_run(engine: Engine) -> None:
    append(engine, 1, run_id="b")
    append(engine, 9, run_id="a")
    assert [(b.run, b.first) for b in read(engine, ("b", "a"))] == [("a", 9), ("b", 1)]


def test_points_of_other_runs_and_metrics_do_not_come(engine: Engine) -> None:
    append(engine, 1, run_id="b")
    append(engine, 2, metric="other")
    assert read(engine) == []


@pytest.mark.parametrize("metric", ["a.b", "$m", "%2E", "m|x", "损失/loss"])
def test_metrics_of_any_name_have_points_of_their_own(engine: Engine, metric: str) -> None:
    append(engine, 1, metric=metric)
    append(engine, 2, metric="m")
    assert timestamps(read(engine, metric=metric)) == [[1]]


def test_since_leaves_out_only_buckets_that_end_before(engine: Engine) -> None:
    append(engine, 1, 5)
    append(engine, 2, 9)
    append(engine, 7)
    assert timestamps(read(engine, since=7)) == [[2, 9], [7]]


def test_merging_puts_one_bucket_in_place_of_many(engine: Engine) -> None:
    for t in (1, 2, 3):
        append(engine, t)
    first, second, _ = read(engine)
    engine.merge("a", "m", [first, second], Points.pack([Point(1, 1, 0.5), Point(2, 2, 0.5)]))
    assert timestamps(read(engine)) == [[1, 2], [3]]


def test_merging_twice_is_harmless(engine: Engine) -> None:
    append(engine, 1)
    append(engine, 2)
    buckets, merged = read(engine), Points.pack([Point(1, 1, 0.5), Point(2, 2, 0.5)])
    engine.merge("a", "m", buckets, merged)
    engine.merge("a", "m", buckets, merged)
    assert timestamps(read(engine)) == [[1, 2]]


def test_merging_into_one_of_the_buckets_keeps_it(engine: Engine) -> None:
    append(engine, 1, 2)
    append(engine, 2)
    engine.merge("a", "m", read(engine), Points.pack([Point(1, 1, 0.5), Point(2, 2, 0.5)]))
    assert timestamps(read(engine)) == [[1, 2]]


def test_merging_leaves_other_metrics_alone(engine: Engine) -> None:
    append(engine, 1)
    append(engine, 1, metric="other")
    engine.merge("a", "m", read(engine), Points.pack([Point(1, 1, 0.5)]))
    assert timestamps(read(engine, metric="other")) == [[1]]


def test_reading_may_stop_early(engine: Engine) -> None:
    for t in range(5):
        append(engine, t)
    assert next(iter(engine.points(["a"], "m"))).first == 0
    append(engine, 9)
    assert len(read(engine)) == 6


def test_no_more_is_asked_for_than_is_read(
    engine: Engine, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.store.mongo.points.BATCH", 2)
    for t in range(6):
        append(engine, t)
    buckets = engine.points(["a"], "m")
    assert [next(buckets).first for _ in range(2)] == [0, 1]
    assert "getMore" not in commands.names
    assert [bucket.first for bucket in buckets] == [2, 3, 4, 5]


def test_a_merge_removes_only_what_an_earlier_one_left(engine: Engine, commands: Commands) -> None:
    append(engine, 1)
    append(engine, 2)
    engine.merge("a", "m", read(engine), Points.pack([Point(1, 1, 0.5), Point(2, 2, 0.5)]))
    removed = [part["q"] for name, sent in commands.sent if name == "delete" for part in sent["deletes"]]
    assert all("$lt" in conditions["merged"] for conditions in removed)


def test_what_was_merged_goes_with_a_later_merge(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for t in (1, 2):
        append(engine, t)
    engine.merge("a", "m", read(engine), Points.pack([Point(1, 1, 0.5), Point(2, 2, 0.5)]))
    monkeypatch.setattr("genesis.store.mongo.points.LINGER_MS", -1)
    append(engine, 3)
    append(engine, 4)
    merged = Points.pack([Point(t, t, 0.5) for t in (1, 2, 3, 4)])
    engine.merge("a", "m", read(engine), merged)
    assert [bucket.points for bucket in engine.points(["a"], "m")] == [merged]


def test_a_merge_of_one_metric_leaves_what_lingers_of_others(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for metric in ("m", "n"):
        append(engine, 1, metric=metric)
        append(engine, 2, metric=metric)
    both = Points.pack([Point(1, 1, 0.5), Point(2, 2, 0.5)])
    engine.merge("a", "m", read(engine), both)
    before = list(engine.points(["a"], "m"))
    monkeypatch.setattr("genesis.store.mongo.points.LINGER_MS", -1)
    engine.merge("a", "n", read(engine, metric="n"), both)
    assert list(engine.points(["a"], "m")) == before
