"""A load on Cosmos DB RU, second by second: which partition each request unit falls on; seeded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from random import Random
from typing import NamedTuple

from bench import cost_model
from bench.cost_commands import changed_terms, terms_of
from genesis.store.schema import POINTS, RUNS

LOGICAL_GB = 20
PHYSICAL_GB = 50
PHYSICAL_UNITS = 10_000
"""RU/s of a physical partition, and of a logical one, with provisioned throughput."""
SERVERLESS_UNITS = 5_000
"""The same of a serverless account, not guaranteed."""

RUN_BYTES = 2_690
BUCKET_BYTES = 255
"""Documents as ``bench.costs`` measures them: a filled run, and a metric's one point."""
EXPERIMENT_BYTES = 250
MOST_PARTITIONS = 64
"""After which more are not tried."""
METRICS = 5
"""Of a step, each a bucket."""
STEP, CREATE, PAGE = "log-batch of 5 metrics", "create run", "page of 10 runs"

NONE, KEY, EXPERIMENT, RUN = "none", "_id", "experiment", "run"


class Touch(NamedTuple):
    """Request units that an operation takes of one collection."""

    collection: str
    units: float
    is_search: bool = False
    """By the experiment, wherever its documents are."""


ACCESS: Mapping[str, tuple[Touch, ...]] = {
    STEP: (
        Touch("points", METRICS * cost_model.write(BUCKET_BYTES, terms_of(POINTS))),
        Touch(
            "runs",
            cost_model.STRONG * cost_model.read(RUN_BYTES)
            + cost_model.update(RUN_BYTES, changed_terms(RUNS, ["metrics"])),
        ),
    ),
    CREATE: (
        Touch("experiments", cost_model.STRONG * cost_model.read(EXPERIMENT_BYTES)),
        Touch("runs", cost_model.write(1024, terms_of(RUNS))),
    ),
    PAGE: (Touch("runs", cost_model.STRONG * (cost_model.QUERY + 11 * cost_model.read(RUN_BYTES)), True),),
}
"""What the operations that matter at scale ask of which collection, all but a search by the shard key."""

SHARDED: Mapping[str, str] = {"experiments": KEY, "runs": KEY, "points": RUN}
UNSHARDED: Mapping[str, str] = dict.fromkeys(SHARDED, NONE)


@dataclass(frozen=True)
class Load:
    """Who asks for what."""

    writers: int = 1_000
    """Each trains a run, and logs a step a second."""
    experiments: int = 1_000
    largest: float = 0.5
    """The part of all runs that is in one experiment."""
    steps: int = 100
    """Of a run, after which its writer begins another."""
    pages: float = 0.01
    """Pages of runs that a writer's owner looks at, a second."""


@dataclass(frozen=True)
class Spread:
    """What fell on the partitions of one collection, in RU/s on average."""

    partitions: tuple[float, ...]

    @property
    def demand(self) -> float:
        return sum(self.partitions)

    @property
    def hottest(self) -> float:
        return max(self.partitions)

    def required(self) -> float:
        """RU/s to be had for all, so that the hottest partition, which gets an even part of it, is served."""
        return self.hottest * len(self.partitions)


def place(value: str, partitions: int) -> int:
    """The physical partition of a shard key's value: each has a part of the hashes."""
    return int.from_bytes(blake2b(value.encode(), digest_size=8).digest(), "big") * partitions >> 64


def simulate(
    load: Load, layout: Mapping[str, str], partitions: Mapping[str, int], *, seconds: int = 20, seed: int = 1
) -> dict[str, Spread]:
    """What each partition of each collection gets, for so many physical partitions of each."""
    units: dict[str, Counter[int]] = {name: Counter() for name in layout}
    for operation, experiment, run in _requests(load, seconds, Random(seed)):
        for touch in ACCESS[operation]:
            count, shard = partitions[touch.collection], layout[touch.collection]
            spread = units[touch.collection]
            if touch.is_search and shard not in (NONE, EXPERIMENT):
                # Every partition is asked, and each looks for the whole page.
                spread.update(dict.fromkeys(range(count), touch.units))
            else:
                spread[place(_value(shard, touch, experiment, run), count)] += touch.units
    return {
        name: Spread(tuple(units[name][at] / seconds for at in range(partitions[name]))) for name in layout
    }


def _value(shard: str, touch: Touch, experiment: str, run: str) -> str:
    """Of the shard key, of the document that is touched."""
    if shard == NONE:
        return ""
    return experiment if shard == EXPERIMENT or touch.collection == "experiments" else run


def _requests(load: Load, seconds: int, random: Random) -> Iterator[tuple[str, str, str]]:
    """Operations, each with its experiment and run."""

    def experiment() -> str:
        return "0" if random.random() < load.largest else str(random.randrange(1, load.experiments))

    writers = [(experiment(), random.randrange(load.steps)) for _ in range(load.writers)]
    for second in range(seconds):
        for writer, (own, began) in enumerate(writers):
            at = second + began
            run = f"{writer}/{at // load.steps}"
            if at % load.steps == 0:
                yield CREATE, own, run
            yield STEP, own, run
            if random.random() < load.pages:
                yield PAGE, experiment(), run


def enough(
    load: Load, layout: Mapping[str, str], capacity: float
) -> tuple[dict[str, int], dict[str, Spread]]:
    """So many partitions that none gets more than ``capacity``, where more partitions help.

    A collection that is not sharded has one, whatever falls on it.
    """
    partitions = dict.fromkeys(layout, 1)
    while True:
        found = simulate(load, layout, partitions)
        more = {
            name: max(partitions[name] + 1, ceil(spread.demand / capacity))
            for name, spread in found.items()
            if layout[name] != NONE and spread.hottest > capacity and partitions[name] < MOST_PARTITIONS
        }
        if not more:
            return partitions, found
        partitions |= more
