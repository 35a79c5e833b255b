"""One request in, one reply out, for every host: route, authenticate, decode, act, encode."""

from __future__ import annotations

import logging
import threading
import time
import uuid

from genesis.artifacts import ArtifactStore, open_artifacts
from genesis.auth import Authentication, Context, refusal
from genesis.entities.workspaces import DEFAULT_WORKSPACE
from genesis.errors import Code, GenesisError, unavailable
from genesis.http import Request, Response
from genesis.routes import match
from genesis.scope import Scope
from genesis.settings import Settings
from genesis.store import Store, open_engine, store_of
from genesis.store.engine import Engine
from genesis.store.histories import Piles
from genesis.wire.base import encode, encode_error

logger = logging.getLogger("genesis")
requests = logging.getLogger("genesis.requests")
"""One line a request: in the function host there is one function, so this alone says what was called."""

ALIVE = "/health/live"
"""Answered however the server is configured: the process lives."""
REFUSED_SECONDS = 30
"""After which clients may ask again whether somebody has configured it."""
SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN"}


class App:
    """Genesis-Flow itself; safe for threads. Opens nothing until a request needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        logger.setLevel(settings.level)
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._failure: GenesisError | None = None
        self._failed = 0.0
        self._artifacts: ArtifactStore | None = None
        self._authentication = Authentication(settings, self.engine)
        self._refusal = refusal(settings)
        if self._refusal:
            logger.critical("Every request is refused: %s", self._refusal)
        self._piles = Piles()
        self._workspaces: set[str] = set()

    def handle(self, request: Request) -> Response:
        """The reply; never raises. The first piece of a body that streams is read already."""
        return self._handle(request, whole=False)

    def handle_whole(self, request: Request) -> Response:
        """The reply, its body in one piece, for hosts that cannot stream; never raises."""
        return self._handle(request, whole=True)

    def _handle(self, request: Request, *, whole: bool) -> Response:
        began = time.monotonic()
        name = "-"
        try:
            route, parameters = match(request.method, request.decoded_path())
            name = route.path
            if self._refusal and name != ALIVE:
                raise unavailable(self._refusal, REFUSED_SECONDS)
            context = self._authentication.authenticate(request, open=route.open)
            scope = self._scope(context, request, whole=whole)
            message = route.request.decode(request, parameters)
            response = encode(route.handler(message, scope))
            # Read here, so that storage that fails only now is told as any other failure.
            if request.method == "HEAD":
                response.skip()
            elif whole:
                response.join()
            else:
                response.begin()
        except GenesisError as error:
            response = encode_error(error)
            # A refusal for how this server is configured was logged once, when it began.
            if error.status >= 500 and error.code is not Code.NOT_IMPLEMENTED and not self._refusal:
                logger.error("%s %s: %s", request.method, name, error.message, exc_info=error)
        except Exception:
            incident = uuid.uuid4().hex
            logger.exception("%s %s failed, incident %s", request.method, name, incident)
            response = encode_error(
                GenesisError(
                    Code.INTERNAL_ERROR, f"An internal error occurred; the server's log has it as {incident}."
                )
            )
        for header, value in SECURITY_HEADERS.items():
            response.headers.setdefault(header, value)
        response.compress(request.headers.get("accept-encoding", ""))
        took = (time.monotonic() - began) * 1000
        requests.info("%s %s %d %.1f ms", request.method, name, response.status, took)
        return response

    def _scope(self, context: Context, request: Request, *, whole: bool) -> Scope:
        reads = request.method in ("GET", "HEAD")
        workspace = context.workspace
        return Scope(
            workspace=workspace,
            principal=context.principal,
            artifact_root=self.root(workspace),
            open_store=lambda: self.store(workspace, reads=reads),
            open_artifacts=self.artifacts,
            base_url=request.base_url,
            redirects=whole and request.method == "GET",
            largest_body=self._settings.largest_body if whole else None,
        )

    def root(self, workspace: str) -> str:
        """The URI, which ends in `/`, below which a workspace's experiments put their artifacts."""
        root = self._settings.artifact_root.rstrip("/") + "/"
        return root if workspace == DEFAULT_WORKSPACE else f"{root}workspaces/{workspace}/"

    def store(self, workspace: str = DEFAULT_WORKSPACE, *, reads: bool = False) -> Store:
        """The store of a workspace, its default experiment in place; one that is only read is not begun."""
        store = store_of(self.engine(), workspace, self._piles)
        begins = workspace not in self._workspaces and (not reads or workspace == DEFAULT_WORKSPACE)
        if begins:
            store.experiments.ensure_default(self.root(workspace), time.time_ns() // 1_000_000)
            self._workspaces.add(workspace)
        return store

    def engine(self) -> Engine:
        """The database's engine, opened once; who waits while another request fails to shares its failure."""
        asked = time.monotonic()
        with self._lock:
            if self._engine is None:
                if self._failure is not None and self._failed > asked:
                    raise self._failure
                try:
                    self._engine = open_engine(self._settings.database)
                except GenesisError as failure:
                    self._failure, self._failed = failure, time.monotonic()
                    raise
            return self._engine

    def artifacts(self) -> ArtifactStore:
        """The artifact store, opened once."""
        with self._lock:
            if self._artifacts is None:
                settings = self._settings
                self._artifacts = open_artifacts(
                    settings.artifacts, settings.storage_connection_string, settings.minutes
                )
            return self._artifacts

    def sweep(self) -> None:
        """Remove what uploads left behind long ago; a failure is only logged, for the next call may do it."""
        try:
            self.artifacts().sweep()
        except Exception:
            logger.exception("Old uploads could not be removed")

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None
