"""An ``App`` over an empty folder, one endpoint of which may be given another verb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genesis import routes
from genesis.api import experiments
from genesis.app import App
from genesis.settings import Settings


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = App(Settings(data=str(tmp_path)))
    yield app
    app.close()


@pytest.fixture
def replaced_row(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives one endpoint another verb."""

    def make(verb: Callable[[Any, Any], Any]) -> None:
        rows = [r._replace(handler=verb) if r.handler is experiments.get else r for r in routes.ROUTES]
        monkeypatch.setattr(routes, "ROUTES", tuple(rows))
        routes.table.cache_clear()

    yield make
    monkeypatch.undo()
    routes.table.cache_clear()
