"""Unique names over any engine: a name is claimed by a document whose key it is.

A claim says what its holder means to do with the name, so that whoever finds it in the way can do that
first, and waits for nobody: a holder that died is as good as one that is slow.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from genesis.errors import unavailable
from genesis.search.clauses import Clause, Op, Path
from genesis.store.engine import Change, Document, Engine, Updated
from genesis.store.schema import NAMES, key, name

NOBODY = ""
"""Who holds a name that has been let go."""

TRIES = 16
"""Rounds of claiming a name that others keep claiming, before the client is told to come back."""

MADE, RENAMED = "made", "renamed"
"""What a holder may mean to do: insert this document; take the name in place of this one."""


class Claims:
    """The names of one kind of thing in one workspace.

    ``borne`` says whether the holder of a claim bears its name, after all that the holder had begun is done.
    """

    def __init__(self, engine: Engine, workspace: str, kind: str, borne: Callable[[Document], bool]) -> None:
        self._engine = engine
        self._workspace = workspace
        self._kind = kind
        self._borne = borne

    def _key(self, wanted: str) -> str:
        return key(self._workspace, self._kind, name(wanted))

    def claim(self, wanted: str, holder: str, now: int, **intent: str) -> Document | None:
        """The claim by which ``wanted`` belongs to ``holder``; None when another bears the name."""
        claim: Document = {
            "id": self._key(wanted),
            "workspace": self._workspace,
            "name": wanted,
            "holder": holder,
            "token": uuid.uuid4().hex,
            "at": now,
            **intent,
        }
        for _ in range(TRIES):
            if self._engine.insert(NAMES, claim):
                return claim
            held = self.held(wanted)
            if held is None:
                continue
            if held["holder"] not in (holder, NOBODY) and self._borne(held):
                return None
            if self._hand_over(held, claim):
                return claim
        raise unavailable("Many requests want this name at once; try again.")

    def held(self, wanted: str) -> Document | None:
        """The claim on a name, whoever's it is."""
        return self._engine.get(NAMES, self._key(wanted))

    def made(self, claim: Document) -> None:
        """What the claim was to make is there: nobody need make it now, or ever again once it is gone."""
        self._engine.update(NAMES, claim["id"], Change(unset=(Path(MADE),)), (_same(claim),))

    def let_go(self, claim: Document | None, holder: str) -> None:
        """Anyone may have the name; another's claim stays."""
        if claim is not None and "token" in claim and claim["holder"] == holder:
            self._hand_over(claim, {"holder": NOBODY, "token": uuid.uuid4().hex, "at": 0})

    def _hand_over(self, held: Document, claim: Document) -> bool:
        """Replace a claim, unless it has changed since it was read."""
        intents = (MADE, RENAMED)
        change = Change(
            set={
                Path(field): claim[field] for field in ("holder", "token", "at", *intents) if field in claim
            },
            unset=tuple(Path(field) for field in intents if field not in claim),
        )
        return isinstance(self._engine.update(NAMES, held["id"], change, (_same(held),)), Updated)


def _same(claim: Document) -> Clause:
    """The claim has not changed since it was read."""
    return Clause(Path("token"), Op.EQ, claim["token"])
