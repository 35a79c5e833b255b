"""The database is opened by the first request; a failure is told to all that wait or come right after."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from genesis.app import App
from genesis.errors import GenesisError, unavailable
from genesis.settings import Settings

THREADS = 8
REQUESTS = 64


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(Settings(data=str(tmp_path)))


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One item for each try to open the database, which always fails."""
    tried: list[str] = []

    def fail(uri: str, *_: object) -> None:
        tried.append(uri)
        raise unavailable("The database is away.")

    monkeypatch.setattr("genesis.app.open_engine", fail)
    return tried


def is_refused(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except GenesisError as told:
        return told.status == 503
    return False


def test_of_many_requests_on_few_threads_one_finds_out_that_the_database_is_away(
    app: App, attempts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.app.SHARED_SECONDS", 60.0)
    with ThreadPoolExecutor(THREADS) as threads:
        told = list(threads.map(lambda _: is_refused(app.engine), range(REQUESTS)))
    assert told == [True] * REQUESTS
    assert len(attempts) == 1


def test_a_failure_to_open_the_database_is_not_remembered_for_long(
    app: App, attempts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.app.SHARED_SECONDS", 0.0)
    assert is_refused(app.engine)
    opened = object()
    monkeypatch.setattr("genesis.app.open_engine", lambda *_: opened)
    assert app.engine() is opened
    assert len(attempts) == 1
