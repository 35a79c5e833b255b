"""Stock SQLite → Genesis-Flow (each engine) → stock SQLite, a million points, killed on the way.

    python -m bench.migrate --work /tmp/moving [--source FOLDER] [--kills 10] [--size small]

Making the source takes most of the time (MLflow's own client writes it); ``--source`` takes one that was
made before: a folder with ``mlflow.db`` and ``mlruns``.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

import click

from tests.migrate.generated import PROOF, SMALL
from tests.migrate.rows import rows
from tests.servers.secantus import mongodb_address, secantusdb
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment

START_SECONDS = 2.0
"""How long a command takes to import what it needs: before that there is nothing to kill."""


@click.command()
@click.option("--work", required=True, type=click.Path(path_type=Path), help="A folder for everything.")
@click.option("--source", type=click.Path(path_type=Path, exists=True), help="A source that was made before.")
@click.option("--kills", default=10, show_default=True)
@click.option("--size", type=click.Choice(["proof", "small"]), default="proof", show_default=True)
@click.option("--engine", "engines", multiple=True, type=click.Choice(["sqlite", "mongo"]))
def bench(work: Path, source: Path | None, kills: int, size: str, engines: tuple[str, ...]) -> None:
    """Move, compare, move back and compare, once undisturbed and once killed; print a line for each."""
    work.mkdir(parents=True, exist_ok=True)
    folder = source or _made(work / "source", size)
    for engine in engines or ("sqlite", "mongo"):
        for killed in (0, kills):
            place = work / f"{engine}-{killed}"
            shutil.rmtree(place, ignore_errors=True)
            with _database(engine, place) as uri:
                _bench(folder, f"{engine}, {killed} kills", uri, place, killed)


def _made(folder: Path, size: str) -> Path:
    folder.mkdir(parents=True)
    began = time.monotonic()
    numbers = map(str, astuple(PROOF if size == "proof" else SMALL))
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    command = [sys.executable, "-m", "tests.migrate.generated", uri, str(folder), *numbers]
    environment = genesis_environment({"PYTHONPATH": str(REPOSITORY)})
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    click.echo(f"source made in {time.monotonic() - began:.0f} s")
    return folder


@contextmanager
def _database(engine: str, place: Path) -> Iterator[str]:
    place.mkdir(parents=True)
    if engine == "sqlite":
        yield f"sqlite:///{place / 'genesis.db'}"
        return
    with secantusdb(place) as server:
        yield mongodb_address(server).replace("/?", "/moving?")


def _bench(source: Path, what: str, uri: str, place: Path, kills: int) -> None:
    stock, back = f"sqlite:///{source / 'mlflow.db'}", place / "back"
    settings = {"GENESIS_ARTIFACTS_URI": (place / "store").as_uri()}
    there = ["migrate", stock, uri, "--work", str(place / "there"), "--json"]
    here = ["export", uri, f"sqlite:///{back / 'mlflow.db'}", "--work", str(place / "here"), "--json"]
    seconds: dict[str, float] = {}
    for name, command in (("there", there), ("back", here)):
        began = time.monotonic()
        _killed(command, settings, kills)
        document = _run(command, settings)
        seconds[name] = time.monotonic() - began
        began = time.monotonic()
        verified = _run([*command, "--verify"], settings)
        seconds[f"compare {name}"] = time.monotonic() - began
        if document["problems"] or verified["differences"]:
            raise click.ClickException(f"{what}: {document['problems'][:3]} {verified['differences'][:3]}")
    compared = verified["compared"]
    same = rows(source / "mlflow.db", str(source / "mlruns")) == rows(
        back / "mlflow.db", str(back / "mlartifacts")
    )
    shown = ", ".join(f"{name} {spent:.1f} s" for name, spent in seconds.items())
    click.echo(
        f"{what}: {shown}; {compared['run']:,} runs, {compared['points']:,} points, "
        f"{compared['files']:,} files; {_buckets(uri):,} buckets; every row the same: {same}"
    )
    if not same:
        raise click.ClickException("rows differ")


def _killed(command: list[str], settings: dict[str, str], kills: int) -> None:
    """Begin it and kill it, ``kills`` times or until it is done, each time at another moment."""
    drawn = random.Random(kills)
    for _ in range(kills):
        process = subprocess.Popen(
            genesis_command(*command),
            cwd=REPOSITORY,
            env=genesis_environment(settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(START_SECONDS + drawn.random() * 4)
            return
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _run(command: list[str], settings: dict[str, str]) -> Any:
    done = subprocess.run(
        genesis_command(*command),
        cwd=REPOSITORY,
        env=genesis_environment(settings),
        capture_output=True,
        text=True,
    )
    if not done.stdout:
        raise click.ClickException(done.stderr)
    return json.loads(done.stdout)


def _buckets(uri: str) -> int:
    """How many buckets of points the database keeps: as many after kills as without."""
    if uri.startswith("sqlite:"):
        with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database:
            return int(database.execute("SELECT count(*) FROM points").fetchone()[0])
    from pymongo import MongoClient

    with MongoClient(uri) as client:
        return int(client.get_default_database()["points"].count_documents({}))


if __name__ == "__main__":
    bench()
