"""How searches, deep pages and long curves do as they grow: ``python -m bench.growth`` (``--help``).

Ours and FastTrackML get their runs by their API; stock servers, which would take an hour, by their tables.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import click

from bench.measure import memory, processor_seconds
from bench.operations import STARTED, Failed, Ground, Message, Player, new_run, points
from bench.stock_rows import insert
from bench.subjects import GENESIS, GO, POSTGRES, STOCK, SUBJECTS, Subject, running

MIB = 1 << 20
FILTER = "params.lr = '3' and metrics.m0 > 0.5"
ASKED = {
    "search_filter": {"filter": FILTER, "max_results": 100},
    "search_newest": {"max_results": 50},
    "by_metric": {"order_by": ["metrics.m0 DESC"], "max_results": 50},
    "deep_page": {"max_results": 50},
}
PAGE = 1000


def light(run: str, i: int) -> Message:
    """Less than the load's runs hold, so that there can be many; ``lr`` picks a thousandth of them."""
    return {
        "run_id": run,
        "metrics": [
            {"key": f"m{k}", "value": (i * 7 + k) % 100 / 100, "timestamp": STARTED + i, "step": 1}
            for k in range(4)
        ],
        "params": [{"key": "lr", "value": str(i % 1000)}]
        + [{"key": f"p{k}", "value": f"value {i}"} for k in range(1, 4)],
        "tags": [{"key": "t", "value": f"tag {i % 10}"}],
    }


def grow(subject: Subject, ground: Ground, numbers: Sequence[int]) -> None:
    """Add light runs to the experiment."""
    if subject.name in (STOCK, POSTGRES):
        insert(subject.store, ground.filled, [(new_run(ground.filled, i), light("", i)) for i in numbers])
        return
    with ThreadPoolExecutor(4) as pool:
        # Read to the end, or failures would go unseen.
        list(pool.map(partial(_add, ground), numbers))


def _add(ground: Ground, i: int) -> None:
    player = Player(ground, 0)
    made = player.call("POST", "runs/create", new_run(ground.filled, i))
    player.call("POST", "runs/log-batch", light(made["run"]["info"]["run_id"], i))


def deepest(subject: Subject, player: Player, size: int) -> str:
    """The token of the last pages."""
    if subject.name in (STOCK, POSTGRES):
        from mlflow.utils.search_utils import SearchUtils

        return str(SearchUtils.create_page_token(max(size - PAGE, 1)), "ascii")
    token = ""
    for _ in range(max(size // PAGE - 1, 1)):
        message = {"experiment_ids": [player.ground.filled], "max_results": min(PAGE, size // 2)}
        token = player.call("POST", "runs/search", {**message, "page_token": token})["next_page_token"]
    return token


def timed(subject: Subject, player: Player, message: Message, seconds: float) -> dict[str, float]:
    """Median and processor time, in ms, of one call after the other for some seconds; three at least."""
    request = player.post("runs/search", {"experiment_ids": [player.ground.filled], **message})
    took: list[float] = []
    player.connection.ask(request)
    cost = processor_seconds(subject.server)
    last = time.perf_counter() + seconds
    while len(took) < 3 or time.perf_counter() < last:
        began = time.perf_counter()
        status, body = player.connection.ask(request)
        took.append(time.perf_counter() - began)
        if status != 200:
            raise click.ClickException(f"{subject.name}: {status} {body[:200]!r}")
    cost = processor_seconds(subject.server) - cost
    return {"ms": statistics.median(took) * 1000, "cpu": cost / len(took) * 1000}


def curve(subject: Subject, ground: Ground, length: int) -> dict[str, float]:
    """Seconds, bytes a second and memory of one reply with a whole history."""
    player = Player(ground, 0)
    run = player.new_run()
    for begin in range(0, length, PAGE):
        player.call("POST", "runs/log-batch", points(run, "loss", begin, PAGE))
    before, cost = memory(subject.server), processor_seconds(subject.server)
    began = time.perf_counter()
    found: list[Any] = player.call("GET", "metrics/get-history", {"run_id": run, "metric_key": "loss"})[
        "metrics"
    ]
    took = time.perf_counter() - began
    if len(found) != length:
        raise click.ClickException(f"{subject.name}: {len(found)} points of {length}")
    grown = memory(subject.server) - before
    return {"seconds": took, "cpu": processor_seconds(subject.server) - cost, "MiB more": grown / MIB}


def rows(found: Sequence[Subject], sizes: Sequence[int], seconds: float) -> Iterator[dict[str, Any]]:
    """One after the other: growing takes long, and the servers are asked one at a time anyway."""
    grounds = {subject.name: Ground(subject.server.port) for subject in found}
    for subject in found:
        ground = grounds[subject.name]
        for name in ("filled", "scratch"):
            message = {"name": f"growth {name}"}
            made = Player(ground, 0).call("POST", "experiments/create", message)
            setattr(ground, name, made["experiment_id"])
    held = 0
    for size in sorted(sizes):
        for subject in found:
            grow(subject, grounds[subject.name], range(held, size))
        held = size
        for operation, message in ASKED.items():
            for subject in found:
                player = Player(grounds[subject.name], 0)
                row: dict[str, Any] = {"runs": size, "operation": operation, "server": subject.name}
                try:
                    token = deepest(subject, player, size) if operation == "deep_page" else ""
                except Failed as failure:
                    # FastTrackML refuses its own token from 10,000 runs on.
                    yield {**row, "failed": str(failure)}
                    continue
                yield {**row, **timed(subject, player, {**message, "page_token": token}, seconds)}


@click.command()
@click.option("--subject", "subjects", multiple=True, type=click.Choice(list(SUBJECTS)), help="Only these.")
@click.option("--size", "sizes", multiple=True, type=int, help="Runs; 1,000, 10,000 and 50,000.")
@click.option("--points", "length", default=1_000_000, show_default=True, help="Of the long curve; 0: none.")
@click.option("--seconds", default=3.0, show_default=True, help="Of each search.")
@click.option("--json", "as_json", type=click.Path(path_type=Path), help="File for the raw figures.")
def main(
    subjects: tuple[str, ...], sizes: tuple[int, ...], length: int, seconds: float, as_json: Path | None
) -> None:
    """Measure growth; the long curve on ours and FastTrackML only."""
    root = Path(tempfile.mkdtemp(prefix="bench-growth-"))
    told: list[dict[str, Any]] = []
    chosen = subjects or (GENESIS, STOCK, POSTGRES, GO)
    try:
        with running(chosen, root, 4, partial(click.echo, err=True)) as found:
            for row in rows(found, sizes or (1_000, 10_000, 50_000), seconds):
                told.append(row)
                figures = row.get("failed") or f"{row['ms']:9.2f} ms {row['cpu']:9.2f} ms CPU"
                click.echo(f"{row['runs']:7} {row['operation']:14} {row['server']:15} {figures}")
            for subject in found if length else ():
                if subject.name not in (STOCK, POSTGRES):
                    ground = Ground(subject.server.port, scratch="0")
                    told.append({"points": length, "server": subject.name, **curve(subject, ground, length)})
                    click.echo(json.dumps(told[-1]))
        if as_json is not None:
            as_json.write_text(json.dumps(told, indent=1))
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
