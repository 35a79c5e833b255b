"""Histories on each engine: every point once, in MLflow's order, however its buckets lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.entities.runs import Metric, Run
from genesis.errors import GenesisError
from genesis.search.paging import token
from genesis.store import Store, histories, store_of
from genesis.store.engine import Engine
from genesis.store.histories import FULL, PILE, PILES, SMALL, Piles
from genesis.store.points import Bucket, Point, Points
from genesis.store.schema import key

RUN = key("default", "r")


@pytest.fixture(autouse=True)
def run(store: Store) -> None:
    store.runs.create(Run("r", "name", "1", "user", 0, "root/"))


@pytest.fixture
def low_piles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Piles of eight buckets, so that a test need not write hundreds."""
    monkeypatch.setattr(histories, "PILE", 8)


def log(store: Store, points: Iterable[Point], metric: str = "m") -> None:
    store.runs.log("r", [Metric(metric, p.value, p.timestamp, p.step) for p in points])


def read(store: Store, metric: str = "m", size: int | None = None) -> list[Point]:
    page, at = store.histories.page("r", metric, "", size)
    points = list(page)
    while at:
        assert size is not None
        assert len(points) % size == 0
        more, following = store.histories.page("r", metric, at, size)
        assert more
        assert following != at
        points, at = [*points, *more], following
    return points


def buckets(engine: Engine, metric: str = "m") -> list[Bucket]:
    """Those that stay: a merge may leave what it merged to the readers of the moment."""
    return [bucket for bucket in engine.points([RUN], metric) if not bucket.merged]


def comparable(points: Iterable[Point]) -> list[tuple[int, int, str]]:
    """Points that can be compared although NaN is not itself."""
    return [(p.timestamp, p.step, str(p.value)) for p in points]


def shuffled(count: int, seed: int = 1) -> list[Point]:
    points = [Point(i // 3, i % 2, math.nan if i % 11 == 0 else float(i)) for i in range(count)]
    return Random(seed).sample(points, count)


def test_a_metric_nobody_logged_has_an_empty_history(store: Store) -> None:
    page, at = store.histories.page("r", "none", "", 5)
    assert (list(page), at) == ([], "")


def test_points_come_by_timestamp_step_and_value(store: Store) -> None:
    points = [Point(2, 0, 1.0), Point(1, 5, 1.0), Point(1, 0, 2.0), Point(1, 0, -2.0), Point(1, 0, math.nan)]
    for point in points:
        log(store, [point])
    expected = [points[3], points[4], points[2], points[1], points[0]]
    assert comparable(read(store)) == comparable(expected)


def test_a_point_logged_again_comes_once(store: Store) -> None:
    log(store, [Point(1, 1, 0.5), Point(1, 1, 0.5)])
    log(store, [Point(1, 1, 0.5), Point(2, 2, math.nan)])
    log(store, [Point(2, 2, math.nan)])
    assert comparable(read(store)) == [(1, 1, "0.5"), (2, 2, "nan")]


@pytest.mark.parametrize("size", [1, 7, 99, 100, 101, None])
def test_pages_visit_every_point_once_in_order(store: Store, size: int | None) -> None:
    points = shuffled(100)
    for i in range(0, 100, 9):
        log(store, points[i : i + 9])
    assert comparable(read(store, size=size)) == comparable(sorted(points, key=Point.rank))


def stacked(count: int, each: int) -> list[Bucket]:
    """Buckets that all begin at once, their points spread over all of them."""
    points = [
        Points.pack([Point(0, step, 0.5) for step in range(i, each * count, count)]) for i in range(count)
    ]
    return [Bucket(str(i), RUN, 0, packed) for i, packed in enumerate(points)]


def test_a_page_of_many_points_of_one_time_looks_at_each_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buckets = stacked(100, 1000)
    after = Point(0, 49_999, 0.5).rank()
    looks: list[None] = []
    rank = Point.rank
    monkeypatch.setattr(Point, "rank", lambda point: looks.append(None) or rank(point))
    page = histories.first(buckets, after, 1000)
    assert len(looks) < 5 * 100 * 1000
    assert [point.step for point in page] == list(range(50_000, 51_000))


def test_a_page_reads_no_bucket_that_begins_behind_it() -> None:
    def reading() -> Iterator[Bucket]:
        for i in range(10):
            yield Bucket(str(i), RUN, i, Points.pack([Point(i, 0, 0.5), Point(99, i, 0.5)]))
            read.append(i)

    read: list[int] = []
    assert [point.timestamp for point in histories.first(reading(), None, 4)] == [0, 1, 2, 3]
    assert read == [0, 1, 2, 3]


POINTS_OF_FEW_TIMES = st.builds(
    Point, st.integers(0, 3), st.integers(-2, 2), st.sampled_from([0.0, 1.0, math.nan])
)


@given(
    packs=st.lists(st.lists(POINTS_OF_FEW_TIMES, min_size=1, max_size=6), max_size=6),
    after=st.none() | POINTS_OF_FEW_TIMES,
    size=st.integers(1, 8),
)
def test_the_first_points_are_those_that_sorting_finds(
    packs: list[list[Point]], after: Point | None, size: int
) -> None:
    packed = [Points.pack(points) for points in packs]
    buckets = sorted((Bucket("", RUN, p.span[0], p) for p in packed), key=lambda bucket: bucket.first)
    place = None if after is None else after.rank()
    everything = sorted({point.rank() for points in packs for point in points})
    expected = [rank for rank in everything if place is None or rank > place][:size]
    assert [point.rank() for point in histories.first(buckets, place, size)] == expected


def test_the_last_page_has_no_token_even_when_it_is_full(store: Store) -> None:
    log(store, [Point(i, i, 0.0) for i in range(4)])
    _, at = store.histories.page("r", "m", "", 2)
    assert store.histories.page("r", "m", at, 2)[1] == ""


def test_points_logged_while_paging_repeat_none(store: Store) -> None:
    log(store, [Point(i, i, 0.0) for i in range(10)])
    first, at = store.histories.page("r", "m", "", 5)
    log(store, [Point(3, 0, 1.0), Point(8, 0, 1.0)])
    second, _ = store.histories.page("r", "m", at, None)
    assert [p.timestamp for p in [*first, *second]] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9]


@pytest.mark.parametrize(
    "place",
    [
        [],
        [1, 2, 3],
        ["a", 2, 3, False],
        [1, 2, "b", False],
        [None, 1, 1, False],
        [1e300, 1, 1.0, False],
        [2**64 - 1, 1, 1.0, False],
        [1, -1e19, 1.0, False],
        [[1], 1, 1.0, False],
        ["9" * 5000, 1, 1.0, False],
    ],
    ids=str,
)
def test_a_forged_token_is_refused(store: Store, place: list[object]) -> None:
    with pytest.raises(GenesisError) as refused:
        store.histories.page("r", "m", token(place), 5)
    assert refused.value.status == 400


def test_histories_of_several_runs_come_by_run(store: Store) -> None:
    store.runs.create(Run("s", "name", "1", "user", 0, "root/"))
    log(store, [Point(2, 0, 1.0)])
    log(store, [Point(1, 0, 1.0)])
    store.runs.log("s", [Metric("m", 3.0, 3, 3)])
    found = store.histories.of_runs(["s", "r", "none"], "m")
    assert {run: list(curve) for run, curve in found.items()} == {
        "s": [Point(3, 3, 3.0)],
        "r": [Point(1, 0, 1.0), Point(2, 0, 1.0)],
        "none": [],
    }


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (0, {}),
        (1, {"r": [1]}),
        (2, {"r": [1, 2]}),
        (3, {"r": [1, 2], "s": [3]}),
        (9, {"r": [1, 2], "s": [3, 4]}),
    ],
)
def test_histories_of_several_runs_end_where_enough_is_found(
    store: Store, most: int, expected: dict[str, list[int]]
) -> None:
    store.runs.create(Run("s", "name", "1", "user", 0, "root/"))
    for timestamp in (2, 1):
        log(store, [Point(timestamp, 0, 1.0)])
        store.runs.log("s", [Metric("m", 1.0, timestamp + 2, 0)])
    found = store.histories.of_runs(["s", "r", "none"], "m", most)
    assert {id: [p.timestamp for p in points] for id, points in found.items() if points} == expected


@pytest.mark.usefixtures("low_piles")
def test_a_pile_of_small_buckets_becomes_one(store: Store, engine: Engine) -> None:
    for i in range(8):
        assert len(buckets(engine)) == i
        log(store, [Point(i, i, 0.5)])
    assert [bucket.points.size for bucket in buckets(engine)] == [8]


@pytest.mark.usefixtures("low_piles")
def test_merging_changes_nothing_that_is_read(store: Store) -> None:
    points = shuffled(100)
    for i in range(0, 100, 3):
        log(store, points[i : i + 3])
    for size in (None, 7):
        assert comparable(read(store, size=size)) == comparable(sorted(points, key=Point.rank))


@pytest.mark.usefixtures("low_piles")
def test_points_logged_late_are_merged_too(store: Store, engine: Engine) -> None:
    for timestamp in (900, 901, 5, 902, 903, 1, 904, 3):
        log(store, [Point(timestamp, 0, 0.5)])
    assert [p.timestamp for b in buckets(engine) for p in b.points.unpack()] == [1, 3, 5, *range(900, 905)]
    assert len(buckets(engine)) == 1


@pytest.mark.usefixtures("low_piles")
def test_a_large_bucket_is_left_as_it_is(store: Store, engine: Engine) -> None:
    large = [Point(i, i, 0.5) for i in range(SMALL)]
    log(store, large)
    for i in range(8):
        log(store, [Point(i, -1, 0.5)])
    assert sorted(bucket.points.size for bucket in buckets(engine)) == [8, SMALL]


@pytest.mark.usefixtures("low_piles")
def test_no_merged_bucket_grows_beyond_what_is_full(store: Store, engine: Engine) -> None:
    packs = [Points.pack([Point(i, step, 0.5) for step in range(SMALL - 1)]) for i in range(40)]
    for pack in packs[:-1]:
        engine.merge(RUN, "m", [], pack)
    piles = Piles()
    for pack in packs[:7]:
        piles.grow(RUN, "m", pack.span[0])
    engine.merge(RUN, "m", [], packs[-1])
    histories.Histories(engine, "default", piles).appended(RUN, {"m": packs[-1]})
    sizes = [bucket.points.size for bucket in buckets(engine)]
    assert sum(sizes) == 40 * (SMALL - 1)
    assert FULL // 2 < max(sizes) <= FULL
    assert len(sizes) == 3


@pytest.mark.usefixtures("low_piles")
def test_one_call_merges_a_few_metrics_and_the_next_ones_the_others(store: Store, engine: Engine) -> None:
    metrics = [f"m{i}" for i in range(3 * PILES)]

    def log_all(step: int, some: Sequence[str] = metrics) -> None:
        store.runs.log("r", [Metric(metric, 0.5, step, step) for metric in some])

    for step in range(8):
        log_all(step)
    assert sum(len(buckets(engine, metric)) == 1 for metric in metrics) == PILES
    for step in range(8, 10):
        log_all(step)
    assert all(len(buckets(engine, metric)) <= 3 for metric in metrics)


@pytest.mark.usefixtures("low_piles")
def test_many_threads_that_log_and_merge_lose_no_point(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda i: log(store, [Point(i, i, 0.5)]), range(100)))
    assert [point.timestamp for point in read(store)] == list(range(100))


def test_two_processes_that_merge_one_pile_at_once_lose_no_point(store: Store, engine: Engine) -> None:
    for i in range(20):
        log(store, [Point(i, i, 0.5)])
    seen = buckets(engine)
    for part in (seen[:15], seen[5:], seen):
        merged = Points.pack([p for bucket in part for p in bucket.points.unpack()])
        engine.merge(RUN, "m", part, merged)
    assert [point.timestamp for point in read(store)] == list(range(20))


def test_a_merge_that_was_interrupted_shows_every_point_once(store: Store, engine: Engine) -> None:
    for i in range(20):
        log(store, [Point(i, i, 0.5)])
    everything = Points.pack([p for bucket in buckets(engine) for p in bucket.points.unpack()])
    # What is left when the process dies between the two steps: the merged bucket and all it was made of.
    engine.merge(RUN, "m", [], everything)
    assert len(buckets(engine)) == 21
    for size in (None, 6):
        assert [point.timestamp for point in read(store, size=size)] == list(range(20))


def test_a_merge_that_was_interrupted_is_repeated_without_harm(store: Store, engine: Engine) -> None:
    for i in range(20):
        log(store, [Point(i, i, 0.5)])
    seen = buckets(engine)
    everything = Points.pack([p for bucket in seen for p in bucket.points.unpack()])
    engine.merge(RUN, "m", seen[:7], everything)
    engine.merge(RUN, "m", seen, everything)
    assert (len(buckets(engine)), len(read(store))) == (1, 20)


def test_a_pile_is_merged_after_as_many_buckets_as_it_may_hold(engine: Engine) -> None:
    piles = Piles()
    grown = [piles.grow(RUN, "m", 5) for _ in range(PILE)]
    assert grown == [False] * (PILE - 1) + [True]
    assert (piles.take(RUN, "m").height, piles.take(RUN, "m").height) == (PILE, 0)


def test_the_metric_longest_quiet_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "WATCHED", 2)
    piles = Piles()
    for metric in ("a", "b", "a", "c"):
        piles.grow(RUN, metric, 0)
    assert [piles.take(RUN, metric).height for metric in "abc"] == [2, 0, 1]


POINTS = st.builds(
    Point,
    st.integers(0, 6),
    st.integers(-2, 2),
    st.sampled_from([0.0, 1.0, -1.0, math.nan, 1e300]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(st.lists(POINTS, min_size=1, max_size=4), min_size=1, max_size=8), size=st.integers(1, 5)
)
def test_any_points_are_read_in_order_each_once_in_pages_of_any_size(
    engine: Engine, calls: list[list[Point]], size: int
) -> None:
    # A workspace of its own for each example.
    store = store_of(engine, uuid4().hex, Piles())
    store.runs.create(Run("r", "name", "1", "user", 0, "root/"))
    for points in calls:
        log(store, points)
    expected = sorted({p.rank(): p for points in calls for p in points}.values(), key=Point.rank)
    assert comparable(read(store, size=size)) == comparable(expected)


@pytest.mark.usefixtures("low_piles")
def test_a_reader_that_a_merge_overtakes_misses_no_point(
    store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.store.mongo.points.BATCH", 2)
    for i in range(7):
        log(store, [Point(i, i, 0.5)])
    reading = engine.points([RUN], "m")
    seen = [next(reading), next(reading)]
    with ThreadPoolExecutor(1) as another:
        another.submit(log, store, [Point(7, 7, 0.5)]).result()
        assert len(another.submit(buckets, engine).result()) == 1
    steps = [p.step for bucket in (*seen, *reading) for p in bucket.points.unpack()]
    assert set(range(7)) <= set(steps)
