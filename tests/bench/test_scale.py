"""The simulation of a load: units are neither lost nor made, and docs/scale.md has its figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.cost_pages import BEGIN as COSTS
from bench.scale import BEGIN, END, page
from bench.scale_functions import CONCURRENCY, MOST_INSTANCES, Fleet, served
from bench.scale_model import (
    ACCESS,
    EXPERIMENT,
    METRICS,
    PAGE,
    RUN_BYTES,
    SHARDED,
    STEP,
    UNSHARDED,
    Load,
    enough,
    place,
    simulate,
)
from genesis.store.engine import CONNECTIONS
from genesis.store.mongo.client import SOCKET_MS
from genesis.store.schema import EXPERIMENTS, POINTS, RUNS

ROOT = Path(__file__).parents[2]
SMALL = Load(writers=120, experiments=20, steps=10, pages=0)
FEW = {"experiments": 1, "runs": 4, "points": 4}


def test_the_page_has_the_figures_of_the_simulation() -> None:
    assert (ROOT / "docs/scale.md").read_text().partition(BEGIN)[2].partition(END)[0] == page()


def test_the_same_seed_yields_the_same_and_another_other_figures() -> None:
    one, same, other = (simulate(SMALL, SHARDED, FEW, seconds=5, seed=seed) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("layout", [UNSHARDED, SHARDED, {**SHARDED, "runs": EXPERIMENT}])
def test_what_is_asked_falls_on_some_partition_whatever_the_shard_keys(layout: dict[str, str]) -> None:
    found = simulate(SMALL, layout, FEW, seconds=10)
    alone = simulate(SMALL, layout, dict.fromkeys(FEW, 1), seconds=10)
    for name, spread in found.items():
        assert spread.demand == pytest.approx(alone[name].demand)
        assert spread.hottest <= spread.demand <= spread.required() + 1e-6
    points, runs = (touch.units for touch in ACCESS[STEP])
    assert found["points"].demand == pytest.approx(SMALL.writers * points)
    # Each run is made once in ten steps.
    assert found["runs"].demand == pytest.approx(SMALL.writers * (runs + _units("create run", "runs") / 10))


def _units(operation: str, collection: str) -> float:
    return sum(touch.units for touch in ACCESS[operation] if touch.collection == collection)


def test_without_shard_keys_one_partition_gets_all_of_it() -> None:
    assert [sum(1 for at in s.partitions if at) for s in simulate(SMALL, UNSHARDED, FEW).values()] == [
        1,
        1,
        1,
    ]


def test_a_large_experiment_makes_its_partition_hot_only_where_it_is_the_shard_key() -> None:
    by_key = simulate(SMALL, SHARDED, FEW)["runs"]
    by_experiment = simulate(SMALL, {**SHARDED, "runs": EXPERIMENT}, FEW)["runs"]
    assert by_experiment.hottest > 0.5 * by_experiment.demand
    assert by_key.hottest < 0.4 * by_key.demand


def test_a_page_is_asked_of_every_partition_where_runs_are_sharded_by_their_key() -> None:
    looking = Load(writers=100, pages=1.0)
    more = [simulate(looking, SHARDED, {**FEW, "runs": count}, seconds=3)["runs"].demand for count in (1, 4)]
    assert more[1] - more[0] == pytest.approx(3 * looking.writers * _units(PAGE, "runs"))


def test_as_many_partitions_are_taken_as_it_needs_and_no_more_than_help() -> None:
    partitions, found = enough(SMALL, SHARDED, 1_000)
    assert all(spread.hottest <= 1_000 for spread in found.values())
    assert partitions["points"] >= found["points"].demand / 1_000
    assert enough(SMALL, UNSHARDED, 1_000)[0] == dict.fromkeys(UNSHARDED, 1)


def test_values_are_spread_evenly_over_partitions() -> None:
    counts = [0] * 5
    for i in range(5_000):
        counts[place(f"default|{i:032x}", 5)] += 1
    assert min(counts) > 900


def test_the_layout_is_the_one_that_is_declared() -> None:
    declared = {
        each.name: "_id" if each.shard == "id" else each.shard for each in (EXPERIMENTS, RUNS, POINTS)
    }
    assert declared == SHARDED


def test_documents_have_the_size_that_is_measured() -> None:
    costs = (ROOT / "docs/cost.md").read_text().partition(COSTS)[2]
    (run,) = re.findall(r"^\| GET /mlflow/runs/get \|.* ([\d,]+) \| [\d.]+ \|$", costs, re.M)
    (step,) = re.findall(r"^\| POST /mlflow/runs/log-batch \(5 metrics.*\) \|.* ([\d.]+) \|$", costs, re.M)
    assert pytest.approx(int(run.replace(",", "")), rel=0.1) == RUN_BYTES
    assert pytest.approx(float(step), rel=0.1) == sum(touch.units for touch in ACCESS[STEP])
    assert METRICS == 5


def test_the_functions_are_those_that_are_deployed() -> None:
    bicep = (ROOT / "infra/bicep/main.bicep").read_text()
    assert f"param concurrency int = {CONCURRENCY}\n" in bicep
    assert f"param mostInstances int = {MOST_INSTANCES}\n" in bicep
    assert CONCURRENCY == CONNECTIONS
    assert SOCKET_MS == 30_000


def test_more_instances_serve_more_until_a_partition_is_full() -> None:
    rates = [served(Fleet(instances).calls, 10_000) for instances in (1, 2, 3, 40)]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(10_000 / _units(STEP, "points"))
    assert Fleet(3).connections == 3 * CONCURRENCY
