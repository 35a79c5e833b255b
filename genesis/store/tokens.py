"""Tokens over any engine. They are the whole server's: none belongs to a workspace."""

from __future__ import annotations

from dataclasses import asdict, fields

from genesis.entities.tokens import Token, not_found
from genesis.entities.workspaces import DEFAULT_WORKSPACE
from genesis.search.clauses import Clause, Op, Path
from genesis.store.engine import Change, Document, Engine, Missing, Query
from genesis.store.pages import fixed
from genesis.store.schema import TOKENS, key

NEVER = Clause(Path("revoked"), Op.EQ, 0)


class Tokens:
    """Every token that was made, revoked and expired ones included."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, token: Token) -> bool:
        """Keep a new one; False when its id is taken."""
        values = asdict(token)
        document = {**values, "id": _key(token.id), "token_id": token.id, "workspace": DEFAULT_WORKSPACE}
        return self._engine.insert(TOKENS, document)

    def get(self, id: str) -> Token | None:
        """The token with this id; one command."""
        document = self._engine.get(TOKENS, _key(id))
        return _token(document) if document is not None else None

    def all(self) -> list[Token]:
        """All, the newest first."""
        found = self._engine.find(TOKENS, Query((fixed("workspace", [DEFAULT_WORKSPACE]),)))
        return sorted(map(_token, found), key=lambda token: (-token.created, token.id))

    def revoke(self, id: str, now: int) -> None:
        """Good for nothing from now on; the first time (ms) is kept. Raises RESOURCE_DOES_NOT_EXIST."""
        change = Change(set={Path("revoked"): now})
        if isinstance(self._engine.update(TOKENS, _key(id), change, (NEVER,)), Missing):
            raise not_found(id)


def _key(id: str) -> str:
    return key(DEFAULT_WORKSPACE, id)


def _token(document: Document) -> Token:
    values = {field.name: document[field.name] for field in fields(Token)}
    return Token(**{**values, "id": document["token_id"]})
