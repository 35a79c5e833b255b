"""Pages of the web UI, and what a browser asks a server for to show one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import BEGIN, NOWHERE
from tests.browser.seed import COMPARED_RUN, FULL_MODEL, FULL_RUN, Seeded

QUIET_MS = 500
"""Without a request under way for as long, a page has most of what it wants; charts may follow late."""
LONGEST = 60

PAGES: dict[str, Callable[[Seeded], str]] = {
    "home": lambda _: "#/",
    "experiments": lambda _: "#/experiments",
    "runs": lambda seeded: f"#/experiments/{seeded.experiments['churn']}/runs",
    "charts of runs": lambda seeded: (
        f"#/experiments/{seeded.experiments['churn']}/runs?compareRunsMode=CHART"
    ),
    "two runs compared": lambda seeded: _compared(seeded),
    "run": lambda seeded: _of_run(seeded, ""),
    "run's model metrics": lambda seeded: _of_run(seeded, "/model-metrics"),
    "run's artifacts": lambda seeded: _of_run(seeded, "/artifacts"),
    "experiment's models": lambda seeded: f"#/experiments/{seeded.experiments['churn']}/models",
    "registered models": lambda _: "#/models",
    "registered model": lambda _: f"#/models/{FULL_MODEL}",
    "model version": lambda _: f"#/models/{FULL_MODEL}/versions/1",
    "prompts": lambda _: "#/prompts",
}


def _of_run(seeded: Seeded, tab: str) -> str:
    return f"#/experiments/{seeded.experiments['churn']}/runs/{seeded.runs[FULL_RUN]}{tab}"


def _compared(seeded: Seeded) -> str:
    runs = f'["{seeded.runs[FULL_RUN]}","{seeded.runs[COMPARED_RUN]}"]'
    return f'#/compare-runs?runs={runs}&experiments=["{seeded.experiments["churn"]}"]'


class Visit(NamedTuple):
    """What a page asked for: bytes are those of the replies on the wire, heads included."""

    requests: int
    bytes: int


class Counter:
    """Counts what a page asks its server for, until it asks no more."""

    def __init__(self, page: Page, *, only_api: bool) -> None:
        self._page = page
        self._only_api = only_api
        self._under_way: dict[str, bool] = {}
        self.requests = self.bytes = 0
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        self._session.on("Network.requestWillBeSent", self._asked)
        self._session.on("Network.loadingFinished", self._ended)
        self._session.on("Network.loadingFailed", self._ended)

    def _asked(self, event: dict[str, Any]) -> None:
        address = urlsplit(event["request"]["url"])
        is_file = address.path == "/" or address.path.startswith("/static-files/")
        if address.scheme.startswith("http") and not (self._only_api and is_file):
            # Of a shared worker's script it is never told that it came.
            self._under_way[event["requestId"]] = not is_file
            self.requests += 1

    def _ended(self, event: dict[str, Any]) -> None:
        if self._under_way.pop(event["requestId"], None) is not None:
            self.bytes += int(event.get("encodedDataLength", 0))

    def settled(self, quiet_ms: int) -> Visit:
        """What was asked for until nothing has come, and nothing was wanted, for a while; then it stops."""
        for _ in range(LONGEST):
            before = self.requests, self.bytes
            self._page.wait_for_timeout(quiet_ms)
            if before == (self.requests, self.bytes) and not any(self._under_way.values()):
                break
        self._session.detach()
        return Visit(self.requests, self.bytes)


def begin(page: Page, url: str) -> None:
    """The UI in the tab, with no page of it open and nothing remembered."""
    if page.url.startswith(f"{url}/#"):
        page.evaluate("path => location.hash = path", NOWHERE)
    else:
        page.goto(f"{url}/{NOWHERE}")
    expect(page.get_by_role("heading", name="Page Not Found")).to_be_visible()
    page.evaluate(BEGIN)


def visit(page: Page, url: str, path: str, quiet_ms: int = QUIET_MS) -> Visit:
    """Go to a page of the UI in a tab that shows another: its files are there, what it shows is asked for."""
    begin(page, url)
    counter = Counter(page, only_api=True)
    page.goto(f"{url}/{path}")
    return counter.settled(quiet_ms)


def first_visit(page: Page, url: str, path: str, quiet_ms: int = QUIET_MS) -> Visit:
    """Go to a page in a new window that has nothing yet."""
    counter = Counter(page, only_api=False)
    page.goto(f"{url}/{path}")
    return counter.settled(quiet_ms)
