"""What is known of the request under way, for its log lines and its span; imports nothing of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token, copy_context
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_CURRENT: ContextVar[Observed | None] = ContextVar("genesis.observed", default=None)


class Observed:
    """One request, as it gets known; safe for the threads that work on it."""

    __slots__ = (
        "_began",
        "_lock",
        "_token",
        "charge",
        "commands",
        "id",
        "is_charged",
        "method",
        "ms",
        "principal",
        "route",
        "status",
        "waited",
        "workspace",
    )

    def __init__(self, method: str, id: str, *, is_charged: bool = False) -> None:
        self.method = method
        self.id = id
        self.is_charged = is_charged
        """Whether the database is asked for what each command costs."""
        self.route = "-"
        self.workspace = ""
        self.principal = ""
        self.status = 0
        """The reply's; 0 until there is one."""
        self.ms = 0.0
        self.commands = 0
        """Sent to MongoDB, or transactions of SQLite."""
        self.charge = 0.0
        """Request units, as far as the database told."""
        self.waited = 0.0
        """Seconds for which the database was asked again and again."""
        self._began = time.perf_counter()
        self._lock = threading.Lock()
        self._token: Token[Observed | None] | None = None

    def __enter__(self) -> Observed:
        self._token = _CURRENT.set(self)
        return self

    def __exit__(self, *failure: object) -> None:
        if self._token is not None:
            _CURRENT.reset(self._token)

    def count_command(self) -> None:
        with self._lock:
            self.commands += 1

    def add_charge(self, units: float) -> None:
        with self._lock:
            self.charge += units

    def add_wait(self, seconds: float) -> None:
        with self._lock:
            self.waited += seconds

    def end(self, status: int) -> None:
        """There is a reply."""
        self.status = status
        self.ms = (time.perf_counter() - self._began) * 1000

    def fields(self) -> dict[str, Any]:
        """What a log line says of the request, by the names that the workbook reads."""
        told: dict[str, Any] = {"request_id": self.id, "method": self.method, "route": self.route}
        if self.workspace:
            told["workspace"] = self.workspace
        if self.principal:
            told["principal"] = self.principal
        if self.status:
            told["status"] = self.status
            told["ms"] = round(self.ms, 1)
            told["database_commands"] = self.commands
            if self.is_charged:
                told["request_charge"] = round(self.charge, 2)
        return told


class Pieces:
    """A reply's body that is read when its request is over, and still belongs to it."""

    def __init__(self, pieces: Iterator[bytes], observed: Observed) -> None:
        self._pieces = pieces
        self._observed = observed

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._observed:
            return next(self._pieces)

    def close(self) -> None:
        close = getattr(self._pieces, "close", None)
        if close is not None:
            with self._observed:
                close()


def current() -> Observed | None:
    """The request that this thread works on."""
    return _CURRENT.get()


def count_command() -> None:
    """The request under way, if there is one, asks the database for something."""
    observed = _CURRENT.get()
    if observed is not None:
        observed.count_command()


def carried(function: Callable[P, T]) -> Callable[P, T]:
    """``function`` for other threads, where it belongs to this thread's request."""
    context = copy_context()

    def run(*arguments: P.args, **named: P.kwargs) -> T:
        # A context is entered by one thread at a time.
        return context.copy().run(function, *arguments, **named)

    return run
