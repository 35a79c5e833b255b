"""The home page, the settings, and the pages of what is not served: empty, or not offered, but no errors."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Shot
from tests.browser.recorder import Recorder
from tests.browser.seed import EXPERIMENTS, MODELS, Seeded

VIDEO = "https://mlflow.org/"
"""Of MLflow's own site, on the page of traces as long as there are none."""


@pytest.fixture(scope="module", autouse=True)
def tab_of_its_own(tabs: list[Page]) -> Iterator[None]:
    """A tab that has shown pages of GenAI goes on with them, whatever the browser remembers."""
    yield
    while tabs:
        tabs.pop().close()


def sections(page: Page) -> list[str]:
    """Of the UI, as its sidebar offers them."""
    return page.get_by_role("navigation").first.get_by_role("link").all_inner_texts()


def test_the_home_page_leads_to_experiments_and_models(open_page: OpenPage, shot: Shot) -> None:
    page = open_page("#/")

    expect(page.get_by_role("heading", name="Welcome to MLflow")).to_be_visible()
    for name in EXPERIMENTS:
        expect(page.get_by_role("main").get_by_role("link", name=name, exact=True)).to_be_visible()
    assert "AI Gateway" not in sections(page)
    shot("home-page")
    page.get_by_role("link", name="Model registry").click()
    expect(page.get_by_role("link", name=f"classifier-{MODELS - 1}")).to_be_visible()
    page = open_page("#/")
    page.get_by_role("link", name="View all").click()
    expect(page.get_by_test_id("search-experiment-input")).to_be_visible()


def test_the_settings_change_how_the_ui_looks(open_page: OpenPage, shot: Shot) -> None:
    page = open_page("#/settings/general")
    background = "getComputedStyle(document.querySelector('main')).backgroundColor"
    light = page.evaluate(background)

    page.get_by_role("switch").first.click()
    page.wait_for_function(f"{background} !== '{light}'")
    shot("settings-dark")
    page.get_by_role("switch").first.click()
    page.wait_for_function(f"{background} === '{light}'")
    shot("settings")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("LLM Connections", "No API keys created"), ("Webhooks", "No webhooks configured")],
)
def test_settings_of_what_is_not_served_are_empty(
    open_page: OpenPage, shot: Shot, name: str, shown: str
) -> None:
    page = open_page("#/settings/general")

    page.get_by_role("link", name=name).click()

    expect(page.get_by_text(shown)).to_be_visible()
    shot(f"settings-{name.lower().replace(' ', '-')}")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("overview/usage", "No data available"),
        ("overview/quality", "No assessments available"),
        ("overview/tool-calls", "No data available"),
        ("chat-sessions", "The Sessions view has moved to the Traces tab"),
        ("datasets", "Create an evaluation dataset"),
        ("judges", "Create and manage judges"),
        ("prompts", "Create your first prompt"),
    ],
)
def test_an_experiment_s_pages_for_generative_ai_are_empty(
    open_page: OpenPage, seeded: Seeded, shot: Shot, path: str, shown: str
) -> None:
    page = open_page(f"#/experiments/{seeded.experiments['forecast']}/{path}")

    expect(page.get_by_text(shown).first).to_be_visible()
    shot(f"genai-{path.replace('/', '-')}")


def test_an_experiment_without_traces_says_how_to_log_some(
    open_page: OpenPage, recorder: Recorder, seeded: Seeded, shot: Shot
) -> None:
    recorder.expect_blocked(VIDEO)
    page = open_page(f"#/experiments/{seeded.experiments['forecast']}/traces")

    expect(page.get_by_text("Start tracing your LLM application")).to_be_visible()
    shot("traces")


def test_runs_are_shown_as_evaluations_too(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    page = open_page(f"#/experiments/{seeded.experiments['forecast']}/evaluation-runs")

    newest = page.get_by_role("row").filter(has_text="forecast-099")
    expect(newest).to_contain_text("0.7475")
    shot("genai-evaluation-runs")


def test_neither_gateway_nor_assistant_is_offered(open_page: OpenPage, shot: Shot) -> None:
    page = open_page("#/models")

    page.get_by_role("button", name="GenAI").click()

    expect(page.get_by_role("link", name="Prompts", exact=True)).to_be_visible()
    assert not [name for name in sections(page) if re.search("gateway", name, re.IGNORECASE)]
    expect(page.get_by_role("button", name="Assistant")).to_be_hidden()
    shot("genai")
    page.goto(page.url.partition("#")[0] + "#/gateway")
    expect(page.get_by_role("heading", name="Page Not Found")).to_be_visible()


def test_the_registry_of_mcp_servers_says_that_it_is_not_served(
    open_page: OpenPage, recorder: Recorder, shot: Shot
) -> None:
    recorder.expect_refusal(501, "/mcp-servers")
    page = open_page("#/mcp-registry")

    expect(page.get_by_role("alert")).to_contain_text("does not serve mcp-servers yet")
    shot("mcp-registry")
