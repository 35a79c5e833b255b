"""A client's calls over one connection, tried again as MLflow's client does, and what all clients met."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from random import Random
from typing import Any
from urllib.parse import urlencode

RETRIES = 7
"""``MLFLOW_HTTP_REQUEST_MAX_RETRIES``; each waits for what Retry-After says, as urllib3 does."""

ENDS_WITHIN_SECONDS = 60
"""Longest time that any try may take."""

REPEATED = 0.03
"""Share of the acknowledgements that are lost on their way to the client, which then asks again."""

TRY_AGAIN = {429: "REQUEST_LIMIT_EXCEEDED", 503: "TEMPORARILY_UNAVAILABLE"}
"""The failures that are allowed, and their names in MLflow's error form."""


class Met:
    """What the tries of all clients met; safe for threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.answers: Counter[tuple[str, int]] = Counter()
        self.wrong: list[str] = []
        self.given_up: Counter[str] = Counter()
        self.slowest = 0.0
        self._answered: dict[tuple[int, int], float] = {}

    def answered(self, client: int, call: str, status: int, took: float) -> None:
        with self._changed:
            self.answers[call, status] += 1
            self.slowest = max(self.slowest, took)
            self._answered[client, status] = time.monotonic()
            self._changed.notify_all()

    def failed(self, what: str) -> None:
        with self._changed:
            self.wrong.append(what)

    def gave_up(self, call: str) -> None:
        with self._changed:
            self.given_up[call] += 1

    def by_status(self) -> dict[int, int]:
        """How many tries had which answer."""
        found: Counter[int] = Counter()
        with self._changed:
            for (_, status), times in self.answers.items():
                found[status] += times
        return dict(found)

    def report(self) -> str:
        """What a person wants to know of it."""
        return (
            f"{self.answers.total()} answers, by status {self.by_status()}, the slowest after "
            f"{self.slowest:.1f} s; {self.given_up.total()} calls given up; wrong: {self.wrong[:5]}"
        )

    def wait_for(self, clients: int, status: int, limit: float) -> int:
        """How many clients are answered so from now on; back when all are, or after ``limit`` seconds."""
        now = time.monotonic()

        def told() -> int:
            return sum(at > now for (_, answer), at in self._answered.items() if answer == status)

        with self._changed:
            self._changed.wait_for(lambda: told() >= clients, limit)
            return told()


@dataclass
class Outcome:
    """How a call ended: the last answer, after tries that failed or whose acknowledgement was lost."""

    status: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    failures: int = 0
    repeats: int = 0

    @property
    def is_acknowledged(self) -> bool:
        return self.status == 200

    @property
    def earlier(self) -> int:
        """Tries before the last one, each of which may have been done."""
        return self.failures + self.repeats


class Caller:
    """One client; where the load is ``over`` it waits no more, and gives up."""

    def __init__(self, number: int, port: int, met: Met, over: threading.Event, random: Random) -> None:
        self.number = number
        self._connection = HTTPConnection("127.0.0.1", port, timeout=ENDS_WITHIN_SECONDS)
        self._met = met
        self._over = over
        self._random = random

    def post(self, path: str, **fields: Any) -> Outcome:
        return self._call(path, "POST", f"/api/2.0/mlflow/{path}", json.dumps(fields))

    def get(self, path: str, api: str = "api", **query: Any) -> Outcome:
        return self._call(path, "GET", f"/{api}/2.0/mlflow/{path}?{urlencode(query, doseq=True)}", None)

    def close(self) -> None:
        self._connection.close()

    def _call(self, call: str, method: str, target: str, body: str | None) -> Outcome:
        outcome = Outcome()
        for _ in range(1 + RETRIES):
            wait = self._try(outcome, call, method, target, body)
            if wait is not None:
                outcome.failures += 1
                if self._over.wait(wait):
                    break
            elif outcome.is_acknowledged and self._random.random() < REPEATED:
                outcome.repeats += 1
            else:
                return outcome
        self._met.gave_up(call)
        return outcome

    def _try(self, outcome: Outcome, call: str, method: str, target: str, body: str | None) -> float | None:
        """One request; seconds to wait before the next one, None if there is no need of it."""
        began = time.monotonic()
        try:
            headers = {"Content-Type": "application/json"}
            self._connection.request(method, target, body, headers)
            reply = self._connection.getresponse()
            content = reply.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            self._met.failed(f"{call}: {error!r} after {time.monotonic() - began:.1f} s")
            outcome.status, outcome.body = 0, {}
            return 1.0
        self._met.answered(self.number, call, reply.status, time.monotonic() - began)
        try:
            outcome.status, outcome.body = reply.status, json.loads(content)
        except ValueError:
            outcome.body = {}
        after = reply.headers.get("Retry-After", "")
        if reply.status in TRY_AGAIN and after.isdecimal():
            if outcome.body.get("error_code") != TRY_AGAIN[reply.status] or not outcome.body.get("message"):
                self._met.failed(f"{call}: {reply.status} {content!r}")
            return float(after)
        if reply.status not in (200, 400):
            # Whether a 400 is right is for who called to say.
            self._met.failed(f"{call}: {reply.status} {content!r}")
        return 1.0 if reply.status >= 429 else None
