"""What a page did that its user does not see: requests, their answers, and what its console says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

from genesis.errors import GenesisError
from genesis.routes import match

PENDING_SECONDS = 20

UNANSWERED = re.compile(
    # By a 404 the page learns that there are no users to show, as from a stock server without them.
    r"GET /ajax-api/2\.0/mlflow/users/current"
)
"""Requests that may go without an answer, and their errors in the console."""

SAID_ANYHOW = ("AG Grid: unable to find bean reference",)
"""What a table of MLflow's says that goes while it is still being drawn."""


@dataclass
class Recorder:
    """Listens to one page from its first request on; ``check`` fails for whatever went wrong."""

    page: Page
    origin: str
    requests: list[Request] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    expected: dict[str, int] = field(default_factory=dict)
    blocked: list[str] = field(default_factory=list)
    _pending: set[Request] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._listeners: dict[str, Callable[..., None]] = {
            "request": self._asked,
            "response": self._answered,
            "requestfinished": self._ended,
            "requestfailed": self._failed,
            "console": self._said,
            "pageerror": self._raised,
        }
        for event, listener in self._listeners.items():
            self.page.on(event, listener)

    def stop(self) -> None:
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)

    def calls(self, path: str) -> list[Request]:
        """Requests so far whose path ends so."""
        return [request for request in self.requests if urlsplit(request.url).path.endswith(path)]

    def expect_refusal(self, status: int, path: str) -> None:
        """Here a request whose path ends so must be answered by that status, as the UI counts on it."""
        self.expected[path] = status

    def expect_blocked(self, url: str) -> None:
        """Here the page wants what begins so of another site, and its policy does not let it."""
        self.blocked.append(url)

    def check(self) -> None:
        """Wait for answers that are on their way; then nothing may have gone wrong."""
        for _ in range(PENDING_SECONDS * 50):
            if not self._pending or self.page.is_closed():
                break
            self.page.wait_for_timeout(20)
        left = [f"no answer: {line(request)}" for request in self._pending]
        answers = {(response.status, urlsplit(response.url).path) for response in self.responses}
        for path, status in self.expected.items():
            if not any(answer == status and asked.endswith(path) for answer, asked in answers):
                left.append(f"no {status} of {path}")
        assert not self.problems + left, "\n".join(self.problems + left)

    def _asked(self, request: Request) -> None:
        if request.url.startswith(("data:", "blob:")):
            return
        self.requests.append(request)
        address = urlsplit(request.url)
        # Of a shared worker's script it is never told that it came.
        if not address.path.startswith("/static-files/"):
            self._pending.add(request)
        if f"{address.scheme}://{address.netloc}" != self.origin:
            self.problems.append(f"another server was asked: {line(request)}")
        elif not UNANSWERED.fullmatch(line(request)) and not self._is_expected(address.path):
            try:
                match(request.method, address.path)
            except GenesisError as error:
                self.problems.append(f"no row serves {line(request)}: {error}")

    def _answered(self, response: Response) -> None:
        self.responses.append(response)
        path = urlsplit(response.url).path
        is_known = UNANSWERED.fullmatch(line(response.request)) or self._is_expected(path, response.status)
        if response.status >= 400 and not is_known:
            self.problems.append(f"{response.status}: {line(response.request)} {sent(response.request)}")

    def _ended(self, request: Request) -> None:
        self._pending.discard(request)

    def _failed(self, request: Request) -> None:
        self._pending.discard(request)
        # The page itself gives up what it needs no longer, and downloads are not pages.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.problems.append(f"{request.failure}: {line(request)}")

    def _said(self, message: ConsoleMessage) -> None:
        place = urlsplit(str(message.location.get("url", ""))).path
        is_known = any(UNANSWERED.fullmatch(f"{method} {place}") for method in ("GET", "POST"))
        is_known = is_known or self._is_expected(place) or message.text.startswith(SAID_ANYHOW)
        is_known = is_known or self._is_blocked(message.text)
        if message.type == "error" and not is_known:
            self.problems.append(f"console: {message.text} ({place})")

    def _is_blocked(self, text: str) -> bool:
        by_policy = "violates the following Content Security Policy" in text
        return by_policy and any(url in text for url in self.blocked)

    def _is_expected(self, path: str, status: int | None = None) -> bool:
        return any(path.endswith(end) and status in (None, seen) for end, seen in self.expected.items())

    def _raised(self, error: Error) -> None:
        self.problems.append(f"exception: {error.message}\n{error.stack or ''}")


def line(request: Request) -> str:
    """Method and path."""
    return f"{request.method} {urlsplit(request.url).path}"


def sent(request: Request) -> str:
    """What was asked for in it, for a report."""
    try:
        return json.dumps(request.post_data_json)[:500] if request.post_data else urlsplit(request.url).query
    except Error:
        return "(no JSON)"
