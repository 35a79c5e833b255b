"""The same load on ours and on every peer: ``python -m bench`` (``--help``), or ``make bench``."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from bench.crew import Crew
from bench.measure import Plan, Results, compare
from bench.operations import OPERATIONS, Ground, lay
from bench.report import chart, memory_lines, page, table
from bench.subjects import SUBJECTS, Subject, running


def _laid(subjects: list[Subject], runs: int) -> dict[str, Ground]:
    grounds = {}
    for subject in subjects:
        ground = grounds[subject.name] = Ground(subject.server.port)
        lay(ground, runs, has_registry=subject.has_registry)
    return grounds


def _conditions(options: Options) -> dict[str, str]:
    rounds = f"{options.repeats} of {options.seconds:g} s, {options.clients} clients"
    return {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f} at the end (beside the bench, others may have worked on it)",
        "rounds": f"{rounds}, {options.runs} runs in the experiment",
        "stock": f"MLflow {version('mlflow')}, {options.workers} workers",
        "client": "acknowledges at once (TCP_QUICKACK)" if options.quick else "plain keep-alive",
        "durability": "nothing acknowledged is lost with the process (kill -9); the stock servers, as they "
        "come, also sync each commit to the disk",
    }


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    subjects: tuple[str, ...]
    operations: tuple[str, ...]
    runs: int
    repeats: int
    seconds: float
    clients: int
    workers: int
    quick: bool
    as_json: Path | None
    docs: Path | None


@click.command()
@click.option("--subject", "subjects", multiple=True, type=click.Choice(list(SUBJECTS)), help="Only these.")
@click.option("--operation", "operations", multiple=True, type=click.Choice(list(OPERATIONS)))
@click.option("--runs", default=1000, show_default=True, help="Filled runs of the experiment.")
@click.option("--repeats", default=3, show_default=True, help="Rounds; the medians count.")
@click.option("--seconds", default=5.0, show_default=True, help="Of an operation on a server in a round.")
@click.option("--clients", default=4, show_default=True, help="Client processes at once.")
@click.option("--workers", default=4, show_default=True, help="Of the stock servers; 4 is their default.")
@click.option("--quick", is_flag=True, help="Clients that acknowledge each packet at once.")
@click.option("--json", "as_json", type=click.Path(path_type=Path), help="File for the raw figures.")
@click.option("--docs", type=click.Path(path_type=Path), help="Folder for bench[-quick].md and its chart.")
def main(**given: Any) -> None:
    """Measure ours against its peers, in turn, in one run."""
    options = Options(**given)
    tell = partial(click.echo, err=True)
    plan = Plan(options.operations or tuple(OPERATIONS), options.repeats, options.seconds, options.quick)
    root = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        with (
            running(options.subjects or tuple(SUBJECTS), root, options.workers, tell) as found,
            Crew(options.clients) as crew,
        ):
            results = compare(found, _laid(found, options.runs), crew, plan, tell)
        results.conditions = _conditions(options)
        _write(results, options)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _write(results: Results, options: Options) -> None:
    click.echo(f"{table(results)}\n\n{memory_lines(results)}")
    if options.as_json is not None:
        options.as_json.write_text(json.dumps(results.as_json(), indent=1))
    if options.docs is not None:
        name = "bench-quick" if options.quick else "bench"
        (options.docs / f"{name}.md").write_text(page(results, f"{name}.svg"))
        (options.docs / f"{name}.svg").write_text(chart(results))


if __name__ == "__main__":
    main()
