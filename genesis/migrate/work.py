"""What the commands do, from opening both ends to the report."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

from genesis.migrate import report
from genesis.migrate.analysis import Analysis
from genesis.migrate.copying import Copying
from genesis.migrate.ends import Source, Target
from genesis.migrate.journal import Journal
from genesis.migrate.moving import Move, Moved
from genesis.migrate.opening import Wanted, open_source
from genesis.migrate.progress import Progress
from genesis.migrate.verification import Verification

Opens = Callable[[Wanted, str], Target]


class Work:
    """One call of a command; ``opens`` is how its target is opened."""

    def __init__(self, wanted: Wanted, opens: Opens, progress: Progress) -> None:
        self._wanted = wanted
        self._opens = opens
        self._progress = progress

    def _ends(self, stack: ExitStack, moves: bool = False) -> tuple[Journal, Source, Target]:
        wanted = self._wanted
        source = stack.enter_context(closing(open_source(wanted)))
        move = (wanted.source, wanted.target, wanted.workspace, wanted.artifact_root)
        journal = stack.enter_context(closing(Journal(wanted.work, *move, moves=moves)))
        target = stack.enter_context(closing(self._opens(wanted, journal.token)))
        return journal, source, target

    def move(self) -> tuple[dict[str, Any], bool]:
        """Whatever is not there yet; the report, and whether all of it is there now."""
        began = time.monotonic()
        with ExitStack() as stack:
            journal, source, target = self._ends(stack, moves=True)
            move = Move(source, target, journal, self._progress, self._wanted.suffix)
            with self._progress.phase("Moving"):
                move.metadata()
            with self._progress.phase("Copying"):
                Copying(source, target, journal, move.moved, self._progress).copy(move.rewriting.owners)
            move.finish()
            document = self._heading(source, target) | self._moved(journal, move.moved)
            document["seconds"] = round(time.monotonic() - began, 1)
        report.write(self._wanted.work, "report", "What was moved", document)
        return document, not move.moved.problems

    def _heading(self, source: Source, target: Target) -> dict[str, Any]:
        return {
            "source": source.shown,
            "target": target.shown,
            "workspace": self._wanted.workspace,
            "report": str(self._wanted.work),
        }

    def _moved(self, journal: Journal, moved: Moved) -> dict[str, Any]:
        return {
            "moved_now": dict(moved.counts),
            "moved_in_all": journal.counts(),
            "ids_that_changed": [
                {"kind": kind, "id": id, "there": new} for kind, id, new in journal.mapped()
            ],
            "not_as_it_was": report.losses(moved.losses),
            "problems": report.losses(moved.problems),
        }

    def analyze(self) -> tuple[dict[str, Any], bool]:
        """What there is, what is in its way, and what would not fit; whether all could be moved."""
        with ExitStack() as stack:
            journal, source, target = self._ends(stack)
            with self._progress.phase("Looking"):
                found = Analysis(source, target, journal, self._progress, self._wanted.suffix).run()
            document = self._heading(source, target) | {
                "there_is": dict(found.counts),
                "estimate": found.estimate(),
                "collisions": report.losses(found.collisions),
                "would_not_fit": report.losses(found.unfit),
                "not_as_it_was": report.losses(found.losses),
            }
        report.write(self._wanted.work, "analysis", "What would be moved", document)
        return document, not found.collisions and not found.unfit

    def verify(self) -> tuple[dict[str, Any], bool]:
        """The report, and whether both ends are the same."""
        began = time.monotonic()
        with ExitStack() as stack:
            journal, source, target = self._ends(stack)
            verification = Verification(source, target, journal, self._progress, self._wanted.suffix)
            with self._progress.phase("Comparing"):
                verification.metadata()
                verification.files()
            verified = verification.verified
            document = self._heading(source, target) | report.compared(verified)
            document["seconds"] = round(time.monotonic() - began, 1)
        report.write(self._wanted.work, "verification", "What was compared", document)
        return document, not verified.differing
