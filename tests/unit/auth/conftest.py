"""Time, for what lasts a minute or a day, and a directory of Entra ID."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from genesis.auth.entra import Entra
from tests.servers.directory import Directory
from tests.unit.auth.clocks import Hands
from tests.unit.auth.entra_checks import entra


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(scope="session")
def shared_directory() -> Iterator[Directory]:
    """Keys take long to make."""
    with Directory() as directory:
        directory.new_key("key-2")
        yield directory


@pytest.fixture
def directory(shared_directory: Directory) -> Iterator[Directory]:
    """A directory with one key, and one more that it may begin to give out."""
    shared = shared_directory
    second = shared.keys.pop("key-2")
    shared.fetched = 0
    shared.later = second  # type: ignore[attr-defined]
    yield shared
    shared.keys["key-2"] = second
    shared.status, shared.answer, shared.headers, shared.drips = 200, None, {}, 0
    shared.may_answer.set()


@pytest.fixture
def check(directory: Directory, hands: Hands) -> Entra:
    """What takes the directory's tokens."""
    return entra(directory, hands)
