"""Tokens on each engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from genesis.entities.tokens import Token
from genesis.errors import Code, GenesisError
from genesis.store.engine import Engine
from genesis.store.tokens import Tokens
from tests.store.commands import Commands

TOKEN = Token("abcdefgh2345", "ci", "$argon2id$…", created=1_700_000_000_000, expires=1_800_000_000_000)


@pytest.fixture
def tokens(engine: Engine) -> Tokens:
    return Tokens(engine)


def test_a_token_is_found_by_its_id_in_one_command(
    engine: Engine, tokens: Tokens, commands: Commands
) -> None:
    assert tokens.add(TOKEN)
    before = len(commands.sent)
    assert tokens.get(TOKEN.id) == TOKEN
    assert len(commands.sent) - before <= 1
    assert tokens.get("abcdefgh2346") is None


def test_an_id_is_given_once(tokens: Tokens) -> None:
    assert tokens.add(TOKEN)
    assert not tokens.add(replace(TOKEN, name="another"))
    assert tokens.all() == [TOKEN]


def test_all_are_listed_the_newest_first(tokens: Tokens) -> None:
    assert tokens.all() == []
    later = replace(TOKEN, id="zzzzzzzzzzzz", created=TOKEN.created + 1)
    for token in (TOKEN, later):
        tokens.add(token)
    assert tokens.all() == [later, TOKEN]


def test_a_revoked_token_stays_listed_with_the_time_of_the_first_revocation(tokens: Tokens) -> None:
    tokens.add(TOKEN)
    tokens.revoke(TOKEN.id, 1_750_000_000_000)
    tokens.revoke(TOKEN.id, 1_760_000_000_000)
    assert tokens.all() == [replace(TOKEN, revoked=1_750_000_000_000)]


def test_a_token_that_is_not_there_cannot_be_revoked(tokens: Tokens) -> None:
    tokens.add(TOKEN)
    with pytest.raises(GenesisError, match="id=abc not found") as raised:
        tokens.revoke("abc", 1)
    assert raised.value.code is Code.RESOURCE_DOES_NOT_EXIST
    assert tokens.all() == [TOKEN]
