"""The list of experiments, and what is done with one."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Shot
from tests.browser.seed import EXPERIMENTS


def test_the_list_has_every_experiment(open_page: OpenPage, shot: Shot) -> None:
    page = open_page("#/experiments")

    for name in (*EXPERIMENTS, "Default"):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    shot("experiments")
