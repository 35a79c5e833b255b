"""Moves of a process that dies at any of its calls of the database, the artifact store or the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

from genesis.app import App
from genesis.migrate.copying import Copying
from genesis.migrate.ends import Source
from genesis.migrate.genesis import GenesisEnd
from genesis.migrate.journal import Journal
from genesis.migrate.moving import Move
from genesis.migrate.progress import Progress
from genesis.settings import Settings

MOST_CALLS = 500


class Died(BaseException):
    """Stands for a process that is gone at this point."""


class Clock:
    """Counts calls, and ends the process before the call number ``at``: from then on nothing is done."""

    def __init__(self, at: int | None) -> None:
        self._left = at
        self._lock = threading.Lock()

    def tick(self) -> None:
        with self._lock:
            if self._left is None:
                return
            if not self._left:
                raise Died
            self._left -= 1

    @property
    def died(self) -> bool:
        return self._left == 0


class Mortal:
    """Anything, each call of which may be the last of the process."""

    def __init__(self, real: Any, clock: Clock) -> None:
        self._real = real
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        if not callable(real):
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            if name != "close":
                self._clock.tick()
            return real(*arguments, **named)

        return call


class MortalApp:
    """What a ``GenesisEnd`` asks an App for."""

    def __init__(self, app: App, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self.root = app.root
        self.close = app.close

    def engine(self) -> Any:
        return Mortal(self._app.engine(), self._clock)

    def artifacts(self) -> Any:
        return Mortal(self._app.artifacts(), self._clock)


def opened(folder: Path, database_uri: str) -> App:
    return App(Settings(data=str(folder), database_uri=database_uri))


def move(source: Source, app: App, work: Path, at: int | None = None) -> bool:
    """Move all of it, or until the process dies; whether it did."""
    clock = Clock(at)
    with closing(Journal(work, "a", "b")) as journal:
        mortal = Mortal(journal, clock)
        target = GenesisEnd(MortalApp(app, clock), "default", "there", journal.token)  # type: ignore[arg-type]
        with closing(target):
            moving = Move(source, target, mortal, Progress(quiet=True))  # type: ignore[arg-type]
            try:
                moving.metadata()
                copying = Copying(source, target, mortal, moving.moved, Progress(quiet=True))  # type: ignore[arg-type]
                copying.copy(moving.rewriting.owners)
            except Died:
                return True
    assert not moving.moved.problems
    return False


def deaths(act: Callable[[int], bool]) -> Iterator[int]:
    """Each call at which ``act`` can die, after it has."""
    for at in count():
        assert at < MOST_CALLS
        if not act(at):
            assert at > 20
            return
        yield at
