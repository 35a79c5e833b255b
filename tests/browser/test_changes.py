"""What our changes to the build are for; HTML artifacts have a file of their own."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.seed import Seeded
from tests.servers import Server


def test_nobody_is_offered_an_assistant_that_is_not_there(
    browser: Browser, server: Server, seeded: Seeded
) -> None:
    # A browser that was never here, on the server's machine: MLflow's page would open its panel.
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/#/experiments")

    expect(page.get_by_role("main").get_by_role("link", name="churn", exact=True)).to_be_visible()
    expect(page.get_by_text("Assistant")).to_have_count(0)
    context.close()
