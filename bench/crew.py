"""Client processes that play an operation all at once; one process could not load a server that is fast."""

from __future__ import annotations

import multiprocessing
import time
from array import array
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from types import TracebackType

from bench.client import Broken
from bench.operations import OPERATIONS, Ground, Player


@dataclass
class Played:
    """What one client did: seconds of each good call, failures, and the first of them in words."""

    seconds: array[float]
    elapsed: float = 0.0
    failures: int = 0
    example: str = ""


@dataclass(frozen=True)
class Part:
    """One operation on one server, for some seconds."""

    ground: Ground
    operation: str
    seconds: float
    quick: bool = False


def play(player: Player, operation: str, pipe: Pipe, seconds: float) -> Played:
    """Makes ready, says so, waits for the word, and asks until the time is over or all is asked."""
    requests = iter(OPERATIONS[operation](player))
    # Where a generator makes its runs only when it is first asked, they are made now.
    first = next(requests)
    pipe.send("ready")
    pipe.recv()
    played = Played(array("d"))
    began = now = time.perf_counter()
    request: bytes | None = first
    while request is not None and now - began < seconds:
        sent = time.perf_counter()
        _ask(player, request, sent, played)
        request = next(requests, None)
        now = time.perf_counter()
    played.elapsed = now - began
    player.connection.close()
    return played


def _ask(player: Player, request: bytes, sent: float, played: Played) -> None:
    try:
        status, body = player.connection.ask(request)
    except (OSError, Broken) as failure:
        status, body = 0, repr(failure).encode()
    if status == 200:
        played.seconds.append(time.perf_counter() - sent)
        return
    played.failures += 1
    played.example = played.example or f"{status} {body[:200].decode(errors='replace')}"


def _work(pipe: Pipe, number: int) -> None:
    while (part := pipe.recv()) is not None:
        player = Player(part.ground, number, quick=part.quick, seconds=part.seconds / 2)
        try:
            pipe.send(play(player, part.operation, pipe, part.seconds))
        except Exception as failure:
            pipe.send(failure)


class Crew:
    """Some client processes, kept for the whole bench."""

    def __init__(self, clients: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Pipe] = []
        self._processes = []
        for number in range(clients):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, number), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def make_ready(self, part: Part) -> None:
        """Returns when every client could begin."""
        self._send(part)
        for answer in self._answers():
            if isinstance(answer, Exception):
                raise answer

    def play(self) -> list[Played]:
        """What the clients did; one that failed to go on raises what it failed with."""
        self._send("go")
        answers = self._answers()
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    def _send(self, what: object) -> None:
        for pipe in self._pipes:
            pipe.send(what)

    def _answers(self) -> list[Played]:
        return [pipe.recv() for pipe in self._pipes]

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process, pipe in zip(self._processes, self._pipes, strict=True):
            if error is None:
                pipe.send(None)
            else:
                process.terminate()
            process.join()
            pipe.close()
