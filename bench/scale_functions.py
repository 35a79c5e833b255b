"""How far the function app scales out before the database is what it waits for."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from bench.scale_model import ACCESS, PHYSICAL_UNITS, SERVERLESS_UNITS, STEP

CONCURRENCY = 32
"""Requests that an instance answers at a time, each on a thread with a database connection of its own."""
MOST_INSTANCES = 40
"""``mostInstances`` of infra/bicep."""
LATENCY = 0.020
"""Seconds of a log call: two commands within a region, and our own part; assumed."""
PROCESSOR = 0.003
"""Seconds of it that an instance's one core is busy; assumed."""


class Fleet(NamedTuple):
    """So many instances, all of them busy."""

    instances: int

    @property
    def connections(self) -> int:
        return self.instances * CONCURRENCY

    @property
    def calls(self) -> float:
        """A second, as threads and cores allow: whichever is less."""
        return self.instances * min(CONCURRENCY / LATENCY, 1 / PROCESSOR)

    def units(self, collection: str) -> float:
        """RU/s of one collection for that."""
        return self.calls * sum(t.units for t in ACCESS[STEP] if t.collection == collection)


def served(calls: float, capacity: float) -> float:
    """Calls a second that one partition of each collection serves, of so many that come."""
    return min(calls, *(capacity / touch.units for touch in ACCESS[STEP]))


def functions() -> str:
    """Markdown: instances, what they could do, and what one partition and many let them."""
    lines = "| Instances | Threads and connections | Log calls a second | RU/s of points | of runs | "
    lines += "Partitions of points | Calls on one, serverless | and provisioned |\n"
    lines += "|---:|---:|---:|---:|---:|---:|---:|---:|\n"
    for instances in (1, 2, 3, 5, 10, MOST_INSTANCES):
        fleet = Fleet(instances)
        points, runs = fleet.units("points"), fleet.units("runs")
        lines += f"| {instances} | {fleet.connections:,} | {fleet.calls:,.0f} | {points:,.0f} | "
        lines += f"{runs:,.0f} | {ceil(points / PHYSICAL_UNITS)} | "
        lines += f"{served(fleet.calls, SERVERLESS_UNITS):,.0f} | "
        lines += f"{served(fleet.calls, PHYSICAL_UNITS):,.0f} |\n"
    return lines
