"""From process start to the first 200: ``python -m bench.cold_start`` (``--help``).

``serve`` and the Functions worker with ``function_app.py`` (behind the tests' stand-in for the host), a stock
server and FastTrackML. The first 200 is of a call that needs the database; it is there already.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from bench.client import Broken, Connection
from bench.subjects import Skipped, go, stock
from tests.functions.published import functions_host, publish
from tests.servers import Server
from tests.servers.serve import genesis_serve

PATH = "/api/2.0/mlflow/experiments/get?experiment_id=0"
POLL = 0.002
"""Seconds between two tries."""
PATIENCE = 120
IMPORTS = "import time; b = time.process_time(); import genesis.app; print(time.process_time() - b)"
REPOSITORY = Path(__file__).parents[1]


def first_reply(server: Server) -> float:
    """Seconds from the start of the process to a 200 that needed the database."""
    began = time.perf_counter()
    with server.log.open("ab") as log:
        server.process = subprocess.Popen(
            server.command, stdout=log, stderr=log, env=server.environment, cwd=server.cwd
        )
    try:
        while not _answers(server.port):
            if server.process.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise click.ClickException(f"{server.command[:3]} did not start; see {server.log}")
            time.sleep(POLL)
        return time.perf_counter() - began
    finally:
        server.stop()


def _answers(port: int) -> bool:
    # A port that nobody listens on refuses at once; asking is dearer.
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)):
            return False
    connection = Connection(port)
    try:
        return connection.ask(connection.get(PATH)).status == 200
    except (OSError, Broken):
        return False
    finally:
        connection.close()


def servers(root: Path, workers: int) -> Iterator[tuple[str, Callable[[], Server]]]:
    """What is started, each time anew on the same data."""
    for name in ("serve", "functions", "stock", "fasttrackml"):
        (root / name).mkdir()
    app = publish(root / "app")
    # Compiled modules are kept, as where it is installed.
    kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(root / "compiled")}
    yield "genesis serve", lambda: genesis_serve(root / "serve", environment=kept)
    settings = {**kept, "GENESIS_DATA": str(root / "functions"), "GENESIS_AUTH": "none"}
    yield "Functions worker, SQLite", lambda: functions_host(app, **settings)
    for count in sorted({1, workers}):
        uri = f"sqlite:///{root / 'stock' / 'mlflow.db'}"
        yield f"stock, {count} workers", lambda uri=uri, count=count: stock(root / "stock", uri, count)
    yield "fasttrackml", lambda: go(root / "fasttrackml")


def imports() -> float:
    """Seconds of processor time that our own modules, and what they import, take."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


@click.command()
@click.option("--repeats", default=5, show_default=True, help="Rounds; medians and extremes are shown.")
@click.option("--workers", default=4, show_default=True, help="Of the stock server, beside one.")
def main(repeats: int, workers: int) -> None:
    """Measure the time from process start to the first reply."""
    root = Path(tempfile.mkdtemp(prefix="bench-cold-"))
    try:
        started = list(servers(root, workers))
        seconds: dict[str, list[float]] = {}
        for number in range(repeats + 1):
            for name, make in started:
                try:
                    found = first_reply(make())
                except Skipped as why:
                    click.echo(f"skipped: {name}: {why}", err=True)
                    continue
                # The first round makes the databases.
                if number:
                    seconds.setdefault(name, []).append(found)
        for name, found_ in seconds.items():
            middle = statistics.median(found_)
            click.echo(f"{name:26} {middle:7.2f} s  ({min(found_):.2f} to {max(found_):.2f})")
        took = [imports() for _ in range(repeats)]
        click.echo(f"{'import genesis.app':26} {statistics.median(took):7.2f} s of processor time")
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
