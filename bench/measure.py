"""Interleaved repeats (A B C A B C) of each operation, and what they cost in processor time and memory."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.crew import Crew, Part, Played
from bench.operations import OF_REGISTRY, Ground
from bench.subjects import Subject
from tests.servers import Server

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Round:
    """One operation on one server, once."""

    calls: int
    failures: int
    throughput: float
    """Good calls a second."""
    p50: float
    p95: float
    """Seconds of a call."""
    server: float
    database: float
    """Seconds of processor time a good call."""
    example: str = ""


@dataclass
class Figures:
    """All rounds of one operation on one server."""

    rounds: list[Round] = field(default_factory=list)

    def median(self, what: str) -> float:
        return statistics.median(getattr(one, what) for one in self.rounds)

    @property
    def failures(self) -> int:
        return sum(one.failures for one in self.rounds)


@dataclass
class Results:
    """Figures by operation and server, and the memory of each server in bytes."""

    figures: dict[str, dict[str, Figures]] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    database_memory: dict[str, int] = field(default_factory=dict)
    conditions: dict[str, Any] = field(default_factory=dict)

    def add(self, operation: str, subject: str, round: Round) -> None:
        self.figures.setdefault(operation, {}).setdefault(subject, Figures()).rounds.append(round)

    def see_memory(self, subject: Subject) -> None:
        """The most that was seen counts."""
        name = subject.name
        self.memory[name] = max(self.memory.get(name, 0), memory(subject.server))
        if subject.database is not None:
            self.database_memory[name] = max(self.database_memory.get(name, 0), memory(subject.database))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def family(pid: int) -> Iterator[int]:
    """A process and all that come from it."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


def processor_seconds(server: Server | None) -> float:
    """Of a server and its workers, those that have ended included."""
    if server is None or server.process is None:
        return 0.0
    ticks = 0
    for pid in family(server.process.pid):
        try:
            # The name, in parentheses, may hold anything; utime is the twelfth field behind it.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def memory(server: Server) -> int:
    """Proportional bytes of a server and its workers: pages that several share are counted once."""
    if server.process is None:
        return 0
    return sum(_proportional(pid) for pid in family(server.process.pid))


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def once(subject: Subject, crew: Crew, part: Part) -> Round:
    """One round; preparations are neither timed nor charged."""
    crew.make_ready(part)
    server, database = processor_seconds(subject.server), processor_seconds(subject.database)
    played = crew.play()
    return summed(
        played, processor_seconds(subject.server) - server, processor_seconds(subject.database) - database
    )


def summed(played: Sequence[Played], server: float, database: float) -> Round:
    """What the clients did together."""
    calls = sorted(second for one in played for second in one.seconds)
    good = len(calls) or 1
    return Round(
        calls=len(calls),
        failures=sum(one.failures for one in played),
        # Each client's own rate: one that ran out of work earlier does not count as idle.
        throughput=sum(len(one.seconds) / one.elapsed for one in played if one.elapsed),
        p50=_quantile(calls, 0.5),
        p95=_quantile(calls, 0.95),
        server=server / good,
        database=database / good,
        example=next((one.example for one in played if one.example), ""),
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


@dataclass(frozen=True)
class Plan:
    """How much of what is played."""

    operations: tuple[str, ...]
    repeats: int
    seconds: float
    quick: bool


def compare(
    subjects: Sequence[Subject],
    grounds: dict[str, Ground],
    crew: Crew,
    plan: Plan,
    tell: Callable[[str], None],
) -> Results:
    """Every operation on every server in turn, and that again."""
    results = Results()
    for number in range(plan.repeats):
        for operation in plan.operations:
            for subject in subjects:
                if operation in OF_REGISTRY and not subject.has_registry:
                    continue
                part = Part(grounds[subject.name], operation, plan.seconds, plan.quick)
                found = once(subject, crew, part)
                results.add(operation, subject.name, found)
                results.see_memory(subject)
                failed = f"  {found.failures} failed: {found.example[:120]}" if found.failures else ""
                tell(
                    f"round {number} {operation:15} {subject.name:15} {found.throughput:9.1f}/s"
                    f" {found.p50 * 1000:9.2f} ms{failed}"
                )
    return results
