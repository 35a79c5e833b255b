"""Whether what the server stands on answers; asked by load balancers, warm-ups and people, at any rate."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from genesis.errors import GenesisError
from genesis.observed import carried

READY = "ok"
LIMIT_SECONDS = 5.0
KEPT_SECONDS = 1.0
"""How long an answer is good for others that ask: anybody may, and each question is paid for."""

LOG = logging.getLogger(__name__)


class _Question(threading.Thread):
    """One check under way, on a thread that nobody has to wait for."""

    def __init__(self, component: str, check: Callable[[], object]) -> None:
        super().__init__(name=f"genesis-ready-{component}", daemon=True)
        self._component = component
        self._check = carried(check)  # what it logs belongs to who asked first
        self.words = ""
        self.detail = ""
        self.answered = 0.0

    def run(self) -> None:
        try:
            self._check()
            self.words = READY
        except GenesisError as error:
            self.detail, self.words = str(error), error.message
        except Exception as error:
            # Its text may name hosts and folders, which are nobody's business who only asks.
            self.detail, self.words = repr(error), "cannot be used; see the server's log"
        self.answered = time.monotonic()

    def is_good(self) -> bool:
        """Whether who asks now may share the answer."""
        return self.is_alive() or time.monotonic() - self.answered < KEPT_SECONDS


class Readiness:
    """Asks each component by its check, one question to each at a time; safe for threads."""

    def __init__(self, checks: Mapping[str, Callable[[], object]]) -> None:
        self._checks = checks
        self._lock = threading.Lock()
        self._questions: dict[str, _Question] = {}
        self._known: dict[str, str] = {}

    def ask(self) -> dict[str, str]:
        """For each component ``READY``, or in general words what is wrong; within ``LIMIT_SECONDS``."""
        with self._lock:
            asked = {component: self._question(component) for component in self._checks}
        deadline = time.monotonic() + LIMIT_SECONDS
        answers: dict[str, str] = {}
        for component, question in asked.items():
            question.join(max(0.0, deadline - time.monotonic()))
            answers[component] = question.words or f"no answer within {LIMIT_SECONDS:g} seconds"
            self._note(component, answers[component], question.detail)
        return answers

    def _question(self, component: str) -> _Question:
        question = self._questions.get(component)
        if question is None or not question.is_good():
            question = _Question(component, self._checks[component])
            self._questions[component] = question
            question.start()
        return question

    def _note(self, component: str, words: str, detail: str) -> None:
        """Log what has changed since somebody asked last."""
        with self._lock:
            before = self._known.get(component, READY)
            self._known[component] = words
        if words != before:
            level = logging.INFO if words == READY else logging.WARNING
            LOG.log(level, "Whether the %s is ready: %s", component, detail or words)
