"""``genesis gc``: shows what can be removed for good, asks, and removes it."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

import click

from genesis.app import App
from genesis.artifacts.paths import scoped, within
from genesis.entities.removals import EXPERIMENT, Removal
from genesis.errors import GenesisError
from genesis.store.removals import Removals

UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
AGE = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
SHOWN = 20


def age(text: str) -> int:
    """Milliseconds of an age such as ``30d`` or ``1d12h``; raises ValueError for anything else."""
    parts = AGE.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no age; write it like 30d, 12h, 90m or 1d12h.")
    return int(sum(float(number) * UNITS[unit] for number, unit in parts) * 1000)


@dataclass
class Plan:
    """What to remove, what was begun before, and what has to stay."""

    begun: list[Removal]
    removals: list[Removal] = field(default_factory=list)
    kept: list[Removal] = field(default_factory=list)

    def lines(self) -> Iterable[str]:
        if self.begun:
            yield f"An earlier call left {counted(self.begun)} half removed."
        yield from listed("To be removed for good", self.removals)
        yield from listed("Kept", self.kept)
        if not self.begun and not self.removals:
            yield "Nothing to remove."

    def document(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {name: [told(one) for one in getattr(self, name)] for name in ("begun", "removals", "kept")}


def told(removal: Removal) -> dict[str, str]:
    """A removal's kind and id, its name where it has one, and why it is kept where it is."""
    found = {"kind": removal.kind, "id": removal.id, "name": removal.name, "why": removal.kept}
    return {name: value for name, value in found.items() if value}


def counted(removals: Sequence[Removal]) -> str:
    """How many of each kind, such as ``1 experiment, 3 runs``."""
    counts: dict[str, int] = {}
    for removal in removals:
        counts[removal.kind] = counts.get(removal.kind, 0) + 1
    return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in sorted(counts.items()))


def listed(title: str, removals: Sequence[Removal]) -> Iterable[str]:
    if not removals:
        return
    yield f"{title}: {counted(removals)}"
    for removal in removals[:SHOWN]:
        what = f"{removal.kind} {removal.id}"
        if removal.kind == EXPERIMENT:
            what += f" ({removal.name}) and all in it"
        yield f"  {what}" + (f": {removal.kept}" if removal.kept else "")
    if len(removals) > SHOWN:
        yield f"  … and {len(removals) - SHOWN} more"


class Collector:
    """Permanent deletion in one workspace of an App."""

    def __init__(self, app: App, workspace: str, older_than: int) -> None:
        self._app = app
        self.progress: TextIO | None = None
        """Where the progress bar goes; None: standard output."""
        self._workspace = workspace
        self._before = time.time_ns() // 1_000_000 - older_than + 1
        self._removals = Removals(app.engine(), workspace, app.root(workspace))
        self.elsewhere: set[str] = set()
        """Artifacts this server does not keep, and so does not remove."""

    def plan(self, named: Sequence[tuple[str, str]] = ()) -> Plan:
        """What can go: (kind, id) of each in ``named``, or all that is old enough."""
        plan = Plan(self._removals.begun())
        before = self._before
        found = (self._removals.one(*one, before) for one in named) if named else self._removals.all(before)
        for removal in found:
            (plan.kept if removal.kept else plan.removals).append(removal)
        return plan

    def collect(self, plan: Plan) -> int:
        """Remove it under a progress bar; returns how many were restored meanwhile, and so stayed."""
        removals = [*plan.begun, *plan.removals]
        stayed = 0
        with click.progressbar(removals, label="Removing", show_pos=True, file=self.progress) as bar:
            for removal in bar:
                stayed += not self._removals.remove(removal, self._remove_files)
        return stayed

    def _remove_files(self, uri: str) -> None:
        path = within(uri)
        if path:
            self._app.artifacts().delete(scoped(path, self._workspace))
        else:
            self.elsewhere.add(uri.partition("?")[0])


def run(
    collector: Collector, named: Sequence[tuple[str, str]], *, dry: bool, sure: bool, as_json: bool = False
) -> int:
    """The command itself; returns its exit code. For JSON nobody is asked: be ``dry`` or ``sure``."""
    plan = collector.plan(named)
    if not as_json:
        for line in plan.lines():
            click.echo(line)
    code = 1 if named and plan.kept else 0
    if dry or not (plan.begun or plan.removals):
        if as_json:
            _print({"dry_run": dry, **plan.document(), "removed": 0, "restored": 0, "elsewhere": []})
        return code
    if not sure:
        click.confirm("There is no way back. Remove it?", abort=True)
    collector.progress = sys.stderr if as_json else None
    try:
        stayed = collector.collect(plan)
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Call it again to go on where it stopped.", err=True)
        return 130
    except GenesisError as error:
        click.echo(f"\n{error} Call it again to go on where it stopped.", err=True)
        return 1
    _tell(collector, plan, stayed, as_json)
    return code


def _tell(collector: Collector, plan: Plan, stayed: int, as_json: bool) -> None:
    removed = len(plan.begun) + len(plan.removals) - stayed
    elsewhere = sorted(collector.elsewhere)
    if as_json:
        done = {"removed": removed, "restored": stayed, "elsewhere": elsewhere}
        _print({"dry_run": False, **plan.document(), **done})
        return
    click.echo(f"Removed {removed}.")
    if stayed:
        click.echo(f"{stayed} were restored meanwhile and stay.")
    for uri in elsewhere[:SHOWN]:
        click.echo(f"Not kept by this server, so remove it yourself: {uri}")


def _print(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
