"""Genesis-Flow in another program's process, such as MLflow's: messages and replies without HTTP.

Whoever holds a database's URI may do everything, so nobody is asked who they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

import orjson

from genesis.app import App
from genesis.auth import workspace_of
from genesis.entities.logged_models import LoggedModel
from genesis.http import BytesBody, Request
from genesis.routes import match
from genesis.scope import Scope
from genesis.settings import Settings
from genesis.store.removals import Removals
from genesis.wire.base import encode

Finds = Callable[[str], LoggedModel]


class Embedded:
    """One database, opened by the first call; safe for threads, but not for a process that was forked off."""

    def __init__(self, database: str, artifact_root: str) -> None:
        """``artifact_root`` is where the caller itself reads and writes; it has no query."""
        self._app = App(Settings(database_uri=database, artifact_root=artifact_root, log_level="WARNING"))

    def call(
        self, method: str, target: str, message: str, workspace: str, elsewhere: Finds | None = None
    ) -> Any:
        """The JSON that the endpoint at ``target`` answers to a message; raises GenesisError as it refuses.

        ``elsewhere`` finds logged models that another database keeps.
        """
        workspace = workspace_of(workspace)
        path, _, query = target.partition("?")
        headers = {"content-type": "application/json"}
        request = Request(method, path, query, headers, BytesBody(message.encode()))
        # Decoded after the match, unlike over HTTP, so that a parameter may hold any character.
        route, encoded = match(method, path)
        parameters = {name: unquote(value) for name, value in encoded.items()}
        app = self._app
        scope = Scope(
            workspace=workspace,
            artifact_root=app.root(workspace),
            open_store=partial(app.store, workspace, reads=method == "GET"),
            open_artifacts=app.artifacts,
            trusted=True,
            elsewhere=elsewhere,
        )
        # Read back from what HTTP would send: long lists are written as they are made.
        return orjson.loads(encode(route.handler(route.request.decode(request, parameters), scope)).whole())

    def deleted(self, kind: str, workspace: str, older_than: int) -> list[str]:
        """Ids of the runs, or logged models, that were deleted ``older_than`` milliseconds ago, or before."""
        before = time.time_ns() // 1_000_000 - older_than + 1
        return list(self._removals(workspace).deleted(kind, before))

    def remove(self, kind: str, id: str, workspace: str) -> bool:
        """Remove for good what is deleted, all but its artifacts; False if it was restored meanwhile.

        Raises RESOURCE_DOES_NOT_EXIST.
        """
        removals = self._removals(workspace)
        return removals.remove(removals.one(kind, id, 0), _leave)

    def _removals(self, workspace: str) -> Removals:
        workspace = workspace_of(workspace)
        return Removals(self._app.engine(), workspace, self._app.root(workspace))

    def close(self) -> None:
        """Let go of the database; the next call opens it again."""
        self._app.close()


def _leave(uri: str) -> None:
    """The caller removes artifacts with rights of its own."""
