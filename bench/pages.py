"""What pages of the web UI ask for, of ours and of stock: ``python -m bench.pages`` (``--docs docs``)."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click
from playwright.sync_api import Browser, sync_playwright

from bench.page_visits import PAGES, Visit, first_visit, visit
from bench.tables import put
from genesis.telemetry.lines import REQUESTS
from tests.browser.conftest import NAMES, OPTIONS, SIZE
from tests.browser.seed import Seeded, seed
from tests.servers import Server
from tests.servers.secantus import mongodb_address, secantusdb
from tests.servers.serve import REPOSITORY, genesis_serve
from tests.servers.stock import stock_mlflow

BEGIN, END = "<!-- pages: python -m bench.pages --docs docs -->\n", "<!-- /pages -->\n"


QUIET_MS = 2000
"""For which a page asks for nothing when it has all it wants, on a machine that does other things besides."""


class Row(NamedTuple):
    """A page: its first visit, by a browser that has nothing; a later one; commands of the database then."""

    page: str
    first: Visit
    later: Visit
    commands: int


def measured(browser: Browser, server: Server, seeded: Seeded) -> list[Row]:
    """Every page of one server."""
    window = browser.new_context(viewport=SIZE)
    tab = window.new_page()
    rows = []
    for name, path in PAGES.items():
        fresh = browser.new_context(viewport=SIZE)
        first = first_visit(fresh.new_page(), server.url, path(seeded), QUIET_MS)
        fresh.close()
        before = len(server.log.read_text().splitlines())
        later = visit(tab, server.url, path(seeded), QUIET_MS)
        click.echo(f"{name}: {first.requests} requests, later {later.requests}", err=True)
        rows.append(Row(name, first, later, _commands(server.log.read_text().splitlines()[before:])))
    window.close()
    return rows


def _commands(lines: list[str]) -> int:
    """Of the database, as the lines of ours tell."""
    told = [json.loads(line) for line in lines if line.startswith("{")]
    return sum(line.get("database_commands", 0) for line in told if line.get("logger") == REQUESTS)


@contextmanager
def ours() -> Iterator[Server]:
    """A server of ours on an unused MongoDB of the tests' kind."""
    with tempfile.TemporaryDirectory(prefix="pages-") as name, secantusdb(Path(name)) as database:
        settings = {"GENESIS_LOG_FORMAT": "json"}
        uri = mongodb_address(database).replace("/?", "/pages?")
        folder = Path(name) / "data"
        ui = REPOSITORY / ".cache" / "ui"
        with genesis_serve(folder, database_uri=uri, environment=settings, ui=ui) as server:
            yield server


@contextmanager
def stock() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="pages-") as name, stock_mlflow(Path(name)) as server:
        yield server


def table(ours: list[Row], stock: list[Row]) -> str:
    """Markdown; bytes in thousands."""
    lines = (
        "| Page | First: requests | stock | kB | stock | Later: requests | stock | kB | stock | Commands |\n"
    )
    lines += "|---|" + "---:|" * 9 + "\n"
    for mine, other in zip(ours, stock, strict=True):
        figures = []
        for one, two in ((mine.first, other.first), (mine.later, other.later)):
            figures += [
                f"{one.requests}",
                f"{two.requests}",
                f"{one.bytes / 1000:,.1f}",
                f"{two.bytes / 1000:,.1f}",
            ]
        lines += f"| {mine.page} | {' | '.join(figures)} | {mine.commands} |\n"
    return lines


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise click.ClickException("there is no Chromium here: `apt-get install chromium`")
    return found


@click.command()
@click.option("--docs", type=click.Path(path_type=Path), help="Folder whose ui.md gets the figures.")
def main(docs: Path | None) -> None:
    """Measure, and print or write the table."""
    results = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=OPTIONS)
        for server_of in (ours, stock):
            with server_of() as server:
                results.append(measured(browser, server, seed(server.url)))
        browser.close()
    text = table(*results)
    put(text, docs and docs / "ui.md", BEGIN, END)


if __name__ == "__main__":
    main()
