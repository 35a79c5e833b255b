"""One request in, one reply out, for every host: route, authenticate, decode, act, encode."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from genesis.artifacts import ArtifactStore, open_artifacts
from genesis.auth import Authentication, Context, refusal
from genesis.entities.workspaces import DEFAULT_WORKSPACE
from genesis.errors import Code, GenesisError, Misconfigured, told, unavailable
from genesis.http import Request, Response
from genesis.observed import Observed, Pieces
from genesis.readiness import Readiness
from genesis.routes import is_brief, match
from genesis.scope import Scope
from genesis.settings import Settings
from genesis.store import Store, open_engine, store_of
from genesis.store.engine import Engine
from genesis.store.histories import Piles
from genesis.telemetry import ids
from genesis.telemetry.lines import REQUESTS
from genesis.telemetry.spans import Spans
from genesis.ui.site import Site
from genesis.wire.base import encode, encode_error

logger = logging.getLogger("genesis")
requests = logging.getLogger(REQUESTS)
"""One line a request: in the function host there is one function, so this alone says what was called."""

ALIVE = "/health/live"
"""Answered however the server is configured: the process lives."""
REFUSED_SECONDS = 30
"""After which clients may ask again whether somebody has configured it."""
SHARED_SECONDS = 1.0
"""How long a failure to open the database answers those that come next: they would wait for it one by one."""
STORES = 64
"""Workspaces whose stores are kept for the next request."""
UNUSABLE_DATABASE = "GENESIS_DATABASE_URI leads to no database of use; see the server's log."
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # Whatever is opened as a page, an artifact above all, can do nothing here; the UI's files say their own.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'; sandbox",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Replies have signed URLs, which nobody is to find in a cache; those that are files say their own.
    "Cache-Control": "no-store",
}
HSTS = "max-age=31536000"
"""A year of https alone, for whoever has been reached by it once."""


class App:
    """Genesis-Flow itself; safe for threads. Opens nothing until a request needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        logger.setLevel(settings.level)
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._failure: GenesisError | None = None
        self._failed = 0.0
        self._told: set[str] = set()
        self._artifacts: ArtifactStore | None = None
        self._authentication = Authentication(settings, self.engine)
        self._refusal = refusal(settings) or settings.database_refusal
        if self._refusal:
            logger.critical("Every request is refused: %s", self._refusal)
        piles = Piles()
        self._store = lru_cache(STORES)(lambda workspace: store_of(self.engine(), workspace, piles))
        self._spans = Spans()
        self._opening_artifacts = threading.Lock()
        self._readiness = Readiness(
            {
                "database": lambda: self.engine().check(),
                "artifacts": lambda: self.artifacts().check(),
            }
        )
        self._workspaces: set[str] = set()
        self.site = Site(settings.ui_folder, settings.storage_origin)

    @property
    def is_embedded(self) -> bool:
        """Whether its database is a part of this process, so that most requests wait for nothing."""
        return self._settings.is_embedded

    def is_brief(self, request: Request) -> bool:
        """Whether it may be handled together with others: it waits for nothing, and opens nothing."""
        is_open = DEFAULT_WORKSPACE in self._workspaces
        return is_open and is_brief(request.method, request.path) and self._authentication.is_instant(request)

    @contextmanager
    def together(self) -> Iterator[None]:
        """The writes of all brief requests handled within are kept at its end, before which none is answered.

        Raises, without waiting, where others write just now, and at the end what kept them from staying:
        none of them does, and each is to be handled again, by itself.
        """
        is_begun = False
        try:
            with self.engine().together():
                is_begun = True
                yield
        except Exception:
            if is_begun:
                # Workspaces that were begun within are not there.
                self._workspaces.clear()
            raise

    def handle(self, request: Request) -> Response:
        """The reply; never raises. The first piece of a body that streams is read already."""
        return self._handle(request, whole=False)

    def handle_whole(self, request: Request) -> Response:
        """The reply, its body in one piece, for hosts that cannot stream; never raises."""
        return self._handle(request, whole=True)

    def _handle(self, request: Request, *, whole: bool) -> Response:
        id = ids.request_id(request.headers)
        with (
            Observed(request.method, id, is_charged=self._settings.asks_charge) as observed,
            self._spans.span(observed, request.headers),
        ):
            response = self._reply(request, observed, whole=whole)
            if not isinstance(response.body, bytes):
                response.body = Pieces(response.body, observed)
            for header, value in SECURITY_HEADERS.items():
                response.headers.setdefault(header, value)
            if request.scheme == "https":
                response.headers["Strict-Transport-Security"] = HSTS
            response.headers[ids.HEADER] = id
            response.compress(request.headers.get("accept-encoding", ""))
            observed.end(response.status)
            requests.info("%s %s %d %.1f ms", request.method, observed.route, response.status, observed.ms)
        return response

    def _reply(self, request: Request, observed: Observed, *, whole: bool) -> Response:
        try:
            return self._answer(request, observed, whole=whole)
        except GenesisError as error:
            self._note(error, observed)
            return encode_error(told(error, observed.id))
        except Exception:
            logger.exception("%s %s failed, request id %s", request.method, observed.route, observed.id)
            words = "An internal error occurred; the server's log has it."
            return encode_error(told(GenesisError(Code.INTERNAL_ERROR, words), observed.id))

    def _answer(self, request: Request, observed: Observed, *, whole: bool) -> Response:
        route, parameters = match(request.method, request.decoded_path())
        observed.route = route.path
        if self._refusal and route.path != ALIVE:
            raise unavailable(self._refusal, REFUSED_SECONDS)
        context = self._authentication.authenticate(request, open=route.open)
        observed.workspace, observed.principal = context.workspace, context.principal
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
        return response

    def _note(self, error: GenesisError, observed: Observed) -> None:
        """Log a failure of ours; how this server is configured is told once, not to every request."""
        if isinstance(error, Misconfigured):
            if str(error) not in self._told:
                logger.critical("%s", error)
            self._told.add(str(error))
            return
        is_known = error.is_logged or bool(self._refusal) or error.code is Code.NOT_IMPLEMENTED
        if error.status >= 500 and not is_known:
            logger.error("%s %s: %s", observed.method, observed.route, error.message, exc_info=error)

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
            site=self.site,
            ready=self._readiness.ask,
            redirects=whole and request.method == "GET",
            largest_body=self._settings.largest_body if whole else None,
        )

    def root(self, workspace: str) -> str:
        """The URI, which ends in `/`, below which a workspace's experiments put their artifacts."""
        root = self._settings.artifact_root.rstrip("/") + "/"
        return root if workspace == DEFAULT_WORKSPACE else f"{root}workspaces/{workspace}/"

    def store(self, workspace: str = DEFAULT_WORKSPACE, *, reads: bool = False) -> Store:
        """The store of a workspace, its default experiment in place; one that is only read is not begun."""
        store = self._store(workspace)
        begins = workspace not in self._workspaces and (not reads or workspace == DEFAULT_WORKSPACE)
        if begins:
            store.experiments.ensure_default(self.root(workspace), time.time_ns() // 1_000_000)
            self._workspaces.add(workspace)
        return store

    def engine(self) -> Engine:
        """The database's engine, opened once; who waits for a failure, or comes right after, shares it."""
        asked = time.monotonic()
        with self._lock:
            if self._engine is None:
                if self._failure is not None and self._failed > asked - SHARED_SECONDS:
                    raise self._failure
                try:
                    self._engine = self._opened()
                except GenesisError as failure:
                    self._failure, self._failed = failure, time.monotonic()
                    raise
            return self._engine

    def _opened(self) -> Engine:
        settings = self._settings
        try:
            return open_engine(settings.database, settings.connections)
        except ValueError as error:
            raise Misconfigured(UNUSABLE_DATABASE, str(error), REFUSED_SECONDS) from error

    def artifacts(self) -> ArtifactStore:
        """The artifact store, opened once."""
        # Not the database's lock: who wants nothing of the database does not wait for it.
        with self._opening_artifacts:
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
                self._store.cache_clear()
