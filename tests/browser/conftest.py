"""One filled server and one browser for all tests of a worker.

A test asks for ``open_page``, goes where it wants (``page = open_page("#/models")``) and keeps a picture
(``shot("models")``); afterwards nothing may have failed behind the page: see ``recorder.py``.
What is there to be seen is in ``seed.py``; what a test changes, it makes itself (``rest``).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from genesis.ui.fetching import fetch
from tests.browser.recorder import Recorder
from tests.browser.seed import Seeded, new_experiment, seed
from tests.e2e.answers import assert_undisturbed
from tests.e2e.rest import Rest
from tests.servers import Server
from tests.servers.serve import REPOSITORY, genesis_serve

SCREENSHOTS = REPOSITORY / ".cache" / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    # Tests run as root in containers, too.
    "--no-sandbox",
    "--no-first-run",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Plots in WebGL without a graphics card, however slow; all else is drawn by the processor alone.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-compositing",
    "--disable-gpu-watchdog",
    "--disable-domain-blocking-for-3d-apis",
)
SIZE = ViewportSize(width=1280, height=800)
PATIENCE_MS = 30_000
REMEMBERED = {
    "mlflow.workflowType_v1": '"machine_learning"',
    # Both would lie over the page: a panel that opens by itself once, and an invitation.
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
    "_mlflow_model_registry_promo_modal_dismissed_v1": "true",
}
"""What a browser has in its local storage that was here before."""
BEGIN = f"""
localStorage.clear();
Object.entries({json.dumps(REMEMBERED)}).forEach(([key, value]) => localStorage.setItem(key, value));
"""
NOWHERE = "#/nowhere"
"""A path of the UI that it has no page for."""
FAILED = pytest.StashKey[bool]()

OpenPage = Callable[[str], Page]
OwnExperiment = Callable[[str], str]
Shot = Callable[[str], None]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def ui_folder() -> Path:
    """The web UI's build, made once in a working copy."""
    folder = REPOSITORY / ".cache" / "ui"
    fetch(folder, os.environ, lambda done, size: None)
    return folder


@pytest.fixture(scope="session")
def server(ui_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with the UI."""
    with genesis_serve(tmp_path_factory.mktemp("browser"), ui=ui_folder) as serving:
        yield serving
        assert_undisturbed(serving.log.read_text())


@pytest.fixture(scope="session")
def rest(server: Server) -> Rest:
    """The API, by which a test makes what it changes."""
    return Rest(server.url)


@pytest.fixture(scope="session")
def seeded(server: Server) -> Seeded:
    return seed(server.url)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without one the test is skipped, or failed in CI.

    Not for the session: as long as Playwright is there, no other test can run a loop of asyncio's.
    """
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        advice = "no Chromium here: `apt-get install chromium`"
        if os.environ.get("CI"):
            pytest.fail(advice)
        pytest.skip(advice)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=OPTIONS)


@pytest.fixture(scope="package")
def window(browser: Browser, server: Server) -> BrowserContext:
    """What all pages share: files that were fetched, and what is remembered."""
    stored = [{"name": name, "value": value} for name, value in REMEMBERED.items()]
    context = browser.new_context(
        viewport=SIZE,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
        storage_state={"cookies": [], "origins": [{"origin": server.url, "localStorage": stored}]},
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.failed and page is not None and not item.stash.get(FAILED, False):
        item.stash[FAILED] = True
        picture(page, f"failed-{item.name}")
    return report


@pytest.fixture(scope="package")
def tabs() -> list[Page]:
    """The tab that tests use one after the other, as people do; a new one after a test that failed.

    To begin each test with a new document would take a second of processor time, for 8 MB of scripts.
    """
    return []


@pytest.fixture
def page(request: pytest.FixtureRequest, window: BrowserContext, tabs: list[Page]) -> Iterator[Page]:
    """The tab, wherever it was left. Of a test that fails a picture is kept."""
    if not tabs:
        tabs.append(window.new_page())
    yield tabs[0]
    if request.node.stash.get(FAILED, False):
        tabs.pop().close()


@pytest.fixture
def recorder(request: pytest.FixtureRequest, page: Page, server: Server) -> Iterator[Recorder]:
    """What happens behind the page; the test fails in its end if something went wrong there."""
    listening = Recorder(page, server.url)
    yield listening
    try:
        listening.check()
    except AssertionError:
        request.node.stash[FAILED] = True
        raise
    finally:
        listening.stop()


@pytest.fixture
def open_page(
    request: pytest.FixtureRequest, page: Page, recorder: Recorder, server: Server, seeded: Seeded
) -> Iterator[OpenPage]:
    """Goes to a path of the UI (``#/experiments``) on the filled server; nothing is remembered."""

    def go(path: str) -> Page:
        leave(page, server)
        page.goto(f"{server.url}/{path}")
        return page

    yield go
    if not request.node.stash.get(FAILED, False):
        leave(page, server)


def leave(page: Page, server: Server) -> None:
    """Go where nothing is shown and forget what was; what the page does then is still recorded."""
    if page.url.startswith(f"{server.url}/#"):
        # The table of runs fails if it goes while the head of a column has the focus.
        page.evaluate("document.activeElement.blur()")
    page.goto(f"{server.url}/{NOWHERE}")
    expect(page.get_by_role("heading", name="Page Not Found")).to_be_visible()
    page.evaluate(BEGIN)


@pytest.fixture
def own_experiment(rest: Rest, seeded: Seeded) -> Iterator[OwnExperiment]:
    """Makes an experiment that the test may change, and deletes it afterwards: lists stay short."""
    made = []

    def make(name: str) -> str:
        made.append(new_experiment(rest, name))
        return made[-1]

    yield make
    for experiment_id in made:
        rest.post("experiments/delete", experiment_id=experiment_id)


@pytest.fixture
def shot(page: Page) -> Shot:
    """Keeps a picture of the page as it is, in SCREENSHOTS."""

    return partial(picture, page)


def picture(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")
