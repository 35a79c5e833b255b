"""What it costs the database that a request is authenticated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from genesis.app import App
from genesis.auth.tokens import hashed
from genesis.entities.tokens import Token, id_in, new_text
from genesis.http import Request
from genesis.settings import Settings
from genesis.store.tokens import Tokens
from tests.store.commands import Commands

FIRST = "gf_first_" + "a" * 64


@pytest.fixture
def app(mongodb_uri: str, tmp_path: Path) -> Iterator[App]:
    settings = Settings(data=str(tmp_path), database_uri=mongodb_uri, auth="token", token=FIRST)
    with closing(App(settings)) as app:
        assert get(app, FIRST) == 200
        yield app


def get(app: App, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    path = "/api/2.0/mlflow/experiments/get"
    return app.handle(Request("GET", path, "experiment_id=0", headers)).status


@pytest.fixture
def text(app: App) -> str:
    text = new_text()
    assert Tokens(app.engine()).add(Token(id_in(text), "ada", hashed(text), time.time_ns() // 1_000_000))
    return text


def spent(commands: Commands, app: App, token: str, expected: int = 200) -> list[str]:
    before = len(commands.sent)
    assert get(app, token) == expected
    return commands.names[before:]


def test_a_token_costs_one_command_and_then_none(app: App, text: str, commands: Commands) -> None:
    assert spent(commands, app, text) == ["find", "find"]
    for _ in range(5):
        assert spent(commands, app, text) == ["find"]


def test_the_first_token_costs_no_command(app: App, commands: Commands) -> None:
    assert spent(commands, app, FIRST) == ["find"]


def test_a_token_that_is_refused_costs_one_command_at_most(app: App, text: str, commands: Commands) -> None:
    assert spent(commands, app, new_text(), 401) == ["find"]
    assert spent(commands, app, text[:-1], 401) == []
    for _ in range(8):
        get(app, "wrong")
    assert spent(commands, app, new_text(), 429) == []
