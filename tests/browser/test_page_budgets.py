"""A page of the UI asks for no more than from a stock server, of which docs/ui.md keeps the figures."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from bench.page_visits import PAGES, Visit, first_visit, visit
from bench.pages import BEGIN, END
from tests.browser.conftest import SIZE
from tests.browser.recorder import Recorder
from tests.browser.seed import Seeded
from tests.servers import Server

HEAD = 450
"""Bytes of an empty reply of ours: what keeps browsers safe is in its head, and stock's has less of it."""


@pytest.fixture(scope="module")
def stock() -> dict[str, tuple[Visit, Visit]]:
    """What pages of a stock server asked for: at a first visit, and at a later one."""
    written = (Path(__file__).parents[2] / "docs" / "ui.md").read_text().partition(BEGIN)[2].partition(END)[0]
    table: dict[str, tuple[Visit, Visit]] = {}
    for line in written.splitlines()[2:]:
        name, *cells = (cell.strip().replace(",", "") for cell in line.strip("|").split("|"))
        first, later = ((int(cells[i]), int(float(cells[i + 2]) * 1000)) for i in (1, 5))
        table[name] = Visit(*first), Visit(*later)
    return table


def test_every_page_is_in_the_table(stock: dict[str, tuple[Visit, Visit]]) -> None:
    assert list(stock) == list(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_no_more_than_from_a_stock_server(
    name: str,
    page: Page,
    recorder: Recorder,
    server: Server,
    seeded: Seeded,
    stock: dict[str, tuple[Visit, Visit]],
) -> None:
    found, allowed = visit(page, server.url, PAGES[name](seeded)), stock[name][1]
    assert 0 < found.requests <= allowed.requests
    assert found.bytes <= max(allowed.bytes, found.requests * HEAD)


def test_a_first_visit_asks_for_no_more_than_from_a_stock_server(
    window: BrowserContext, server: Server, seeded: Seeded, stock: dict[str, tuple[Visit, Visit]]
) -> None:
    assert window.browser is not None
    fresh = window.browser.new_context(viewport=SIZE)
    found, allowed = first_visit(fresh.new_page(), server.url, PAGES["runs"](seeded)), stock["runs"][0]
    fresh.close()
    assert 0 < found.requests <= allowed.requests
    assert found.bytes < allowed.bytes / 2
