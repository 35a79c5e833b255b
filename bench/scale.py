"""Ten million runs, a billion points, 1,000 writers on Cosmos DB RU: ``python -m bench.scale``."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from pathlib import Path

import click

from bench import cost_model
from bench.cost_commands import terms_of
from bench.scale_functions import functions
from bench.scale_model import (
    ACCESS,
    BUCKET_BYTES,
    EXPERIMENT,
    LOGICAL_GB,
    PAGE,
    PHYSICAL_GB,
    PHYSICAL_UNITS,
    RUN_BYTES,
    SERVERLESS_UNITS,
    SHARDED,
    STEP,
    UNSHARDED,
    Load,
    enough,
)
from bench.tables import put
from genesis.store.schema import POINTS, REGISTRY

BEGIN, END = "<!-- scale: python -m bench.scale --docs docs -->\n", "<!-- /scale -->\n"
GB = 1 << 30
TOTAL_RUNS, TOTAL_POINTS = 10_000_000, 1_000_000_000
VERSION_BYTES = 600
"""Of a model, or of a version of it, with few tags."""
MERGED_BYTES = 24
"""Of a point in a merged bucket, beside what the bucket itself takes."""
SEARCH_SECONDS = 30
"""After which the connection gives a reply up (``SOCKET_MS``)."""
REQUEST_SECONDS = 230
"""After which Azure's front end gives a request up."""
LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "no shard keys": UNSHARDED,
    "runs by experiment": {**SHARDED, "runs": EXPERIMENT},
    "as declared": SHARDED,
}


def page() -> str:
    """All tables, each under its heading."""
    parts = {
        "What an operation asks": access(),
        "Room": room(),
        "A thousand writers": writers(),
        "Pages over many partitions": fan_out(),
        "What breaks first": limits(),
        "Functions": functions(),
    }
    return "".join(f"## {heading}\n\n{text}\n" for heading, text in parts.items())


def access() -> str:
    """Markdown: the access-pattern table that the simulation plays."""
    lines = "| Operation | Collection | RU | By |\n|---|---|---:|---|\n"
    for operation, touches in ACCESS.items():
        for touch in touches:
            by = "experiment" if touch.is_search else SHARDED[touch.collection]
            lines += f"| {operation} | {touch.collection} | {touch.units:,.1f} | {by} |\n"
    return lines


def room() -> str:
    """Markdown: gigabytes against those of a logical and of physical partitions."""
    rows = (
        ("runs, no shard key", TOTAL_RUNS * RUN_BYTES, 1.0),
        ("runs by experiment, half of them in one", TOTAL_RUNS * RUN_BYTES, 0.5),
        ("runs by _id", TOTAL_RUNS * RUN_BYTES, 1 / TOTAL_RUNS),
        ("points, no shard key, each by itself", TOTAL_POINTS * BUCKET_BYTES, 1.0),
        ("points, no shard key, all merged", TOTAL_POINTS * MERGED_BYTES, 1.0),
        ("points by run, each by itself", TOTAL_POINTS * BUCKET_BYTES, 1 / TOTAL_RUNS),
    )
    lines = f"| {TOTAL_RUNS:,} runs, {TOTAL_POINTS:,} points | GB | largest value, GB | of {LOGICAL_GB} | "
    lines += "physical partitions |\n|---|---:|---:|---|---:|\n"
    for name, size, share in rows:
        value = size * share / GB
        fits = "fits" if value <= LOGICAL_GB else f"full at {LOGICAL_GB / value:.0%}"
        largest = f"{value:,.1f}" if value > 0.1 else "under 0.1"
        partitions = ceil(size / (PHYSICAL_GB * GB))
        lines += f"| {name} | {size / GB:,.1f} | {largest} | {fits} | {partitions} |\n"
    return lines


def writers() -> str:
    """Markdown: what the simulation finds for each layout, provisioned and serverless."""
    lines = "| Shard keys | A partition has | Collection | RU/s | Partitions | the hottest gets | "
    lines += "RU/s to be had |\n"
    lines += "|---|---:|---|---:|---:|---:|---:|\n"
    for layout, shards in LAYOUTS.items():
        for capacity in (PHYSICAL_UNITS, SERVERLESS_UNITS):
            partitions, found = enough(Load(), shards, capacity)
            for name in ("runs", "points"):
                spread = found[name]
                needed = f"{spread.required():,.0f}" if spread.hottest <= capacity else "never enough"
                lines += f"| {layout} | {capacity:,} | {name} | {spread.demand:,.0f} | {partitions[name]} | "
                lines += f"{spread.hottest:,.0f} | {needed} |\n"
    return lines


def fan_out() -> str:
    """Markdown: a page of runs, which ``_id`` as shard key asks of every partition."""
    (one,) = ACCESS[PAGE]
    lines = "| Physical partitions of runs | a page of 10: RU | runs, GB at most |\n|---:|---:|---:|\n"
    for count in (1, 2, 4, 10, 50):
        lines += f"| {count} | {count * one.units:,.0f} | {count * PHYSICAL_GB:,} |\n"
    return lines


def limits() -> str:
    """Markdown: at what size what ends, the smallest first of each kind."""
    points, runs = (touch.units for touch in ACCESS[STEP])
    run = cost_model.STRONG * cost_model.read(RUN_BYTES)
    turn = run + cost_model.update(RUN_BYTES, 1)
    bucket = cost_model.write(BUCKET_BYTES, terms_of(POINTS))
    version = cost_model.STRONG * cost_model.read(VERSION_BYTES) + cost_model.update(VERSION_BYTES, 0)
    version += cost_model.write(VERSION_BYTES, terms_of(REGISTRY))
    slow, fast = SERVERLESS_UNITS, PHYSICAL_UNITS
    without = (
        ("points, each logged by itself", LOGICAL_GB * GB / BUCKET_BYTES, "points"),
        ("runs", LOGICAL_GB * GB / RUN_BYTES, "runs"),
        ("steps a second, serverless", slow / points, "/s"),
        ("steps a second, provisioned", fast / points, "/s"),
    )
    with_ = (
        (
            "runs that a filter or a sort by a metric loads, serverless",
            slow * SEARCH_SECONDS / run,
            "runs",
        ),
        ("the same, provisioned, for each partition", fast * SEARCH_SECONDS / run, "runs"),
        ("runs of an experiment that one request deletes, serverless", slow * REQUEST_SECONDS / turn, "runs"),
        ("different metrics in one log call, serverless", slow / bucket, "in a second"),
        ("steps a second into one and the same run", fast / max(points, runs), "/s"),
        ("new versions a second in one workspace", fast / version, "/s"),
        ("model versions in one workspace", LOGICAL_GB * GB / VERSION_BYTES, "versions"),
        ("points of one run, each by itself", LOGICAL_GB * GB / BUCKET_BYTES, "points"),
        ("points of a serverless collection (1 TB)", 1024 * GB / BUCKET_BYTES, "points"),
    )
    lines = "| Ends | without shard keys | as declared |\n|---|---:|---:|\n"
    for name, at, unit in without:
        lines += f"| {name} | {_short(at)} {unit} | as many partitions as it takes |\n"
    for name, at, unit in with_:
        lines += f"| {name} | {_short(at)} {unit} | {_short(at)} {unit} |\n"
    return lines


def _short(number: float) -> str:
    """Two digits are more than is known."""
    rounded = float(f"{number:.2g}")
    for size, unit in ((1e9, " B"), (1e6, " M")):
        if rounded >= size:
            return f"{rounded / size:g}{unit}"
    return f"{rounded:,.0f}"


@click.command()
@click.option("--docs", type=click.Path(path_type=Path), help="Folder whose scale.md gets the figures.")
def main(docs: Path | None) -> None:
    """Reckon, and print or write the tables."""
    text = page()
    put(text, docs and docs / "scale.md", BEGIN, END)


if __name__ == "__main__":
    main()
