"""What each endpoint costs the database, and a month of it: ``python -m bench.costs`` (``--docs docs``)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
from pymongo import monitoring

from bench.cost_calls import Ground, answered, calls
from bench.cost_commands import Meter, Spent
from bench.cost_pages import BEGIN, END, Row, page
from bench.tables import put
from genesis.app import App
from genesis.routes import match
from genesis.settings import Settings
from tests.servers.secantus import mongodb_address, secantusdb


def measured(uri: str, folder: Path) -> list[Row]:
    """Every call once, on an unused database."""
    meter = Meter(uri)
    monitoring.register(meter)
    settings = Settings(data=str(folder), database_uri=uri)
    with closing(meter), closing(App(settings)) as app:
        ground = Ground(app)
        return list(_rows(app, ground, meter))


def _rows(app: App, ground: Ground, meter: Meter) -> Iterator[Row]:
    for call in calls(ground):
        meter.spent = spent = Spent()
        answered(app, call).whole()
        # What the next call needs first is not counted.
        meter.spent = Spent()
        route, _ = match(call.method, call.path)
        yield Row(f"{route.method} {route.path}", call.note, spent)


@contextmanager
def database() -> Iterator[tuple[str, Path]]:
    """An unused MongoDB of the tests' kind, and a folder for artifacts."""
    with tempfile.TemporaryDirectory(prefix="costs-") as name, secantusdb(Path(name)) as server:
        yield mongodb_address(server).replace("/?", "/costs?"), Path(name) / "data"


@click.command()
@click.option("--docs", type=click.Path(path_type=Path), help="Folder whose cost.md gets the figures.")
def main(docs: Path | None) -> None:
    """Measure, and print or write the tables."""
    with database() as (uri, folder):
        text = page(measured(uri, folder))
    put(text, docs and docs / "cost.md", BEGIN, END)


if __name__ == "__main__":
    main()
