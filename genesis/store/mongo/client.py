"""The connection to MongoDB: opened late, kept, and asked again within a request's time."""

from __future__ import annotations

import re
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from random import random, uniform
from typing import TypeVar

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    DocumentTooLarge,
    DuplicateKeyError,
    InvalidURI,
    OperationFailure,
    PyMongoError,
)

from genesis.errors import GenesisError
from genesis.observed import current
from genesis.store.engine import CONNECTIONS, Document
from genesis.store.mongo.commands import Commands, charged
from genesis.store.mongo.failures import BUSY, clean, codes, told, too_large
from genesis.store.mongo.uri import Address

PATIENCE_SECONDS = 10.0
"""How long requests wait for a database that throttles or changes its primary."""
ALONE_SECONDS = 1.0
"""How long one waits at least, when others have waited in vain."""
GLANCE_SECONDS = 0.25
"""How long the others wait for what the one finds out."""
LONGEST_SECONDS = 60.0
"""After which clients come back at the latest."""
FORGOTTEN_SECONDS = 2 * LONGEST_SECONDS
"""After which trouble that nobody has met again is none any more."""

START_SECONDS = 5.0
"""As ``PATIENCE_SECONDS``, before the first answer of a process: who starts it wants to know soon."""

SELECTION_MS = 5_000
SOCKET_MS = 30_000
QUEUE_MS = 10_000
"""Longest waits for a server, for its reply, and for a connection that others use."""

T = TypeVar("T")


def connect(uri: str, connections: int = CONNECTIONS) -> Database[Document]:
    """The database a URI names; talks to nobody yet, so that a host no DNS knows shows at the first command.

    Keeps at most ``connections`` open. Raises ValueError with what is wrong with the URI.
    """
    # MongoDB's driver advertises MongoDB's service to those who use another's.
    warnings.filterwarnings("ignore", "You appear to be connected to a ", UserWarning)
    # Secrets stand in the URI, so no message repeats it.
    try:
        address, commands = Address(uri), Commands()
        client: MongoClient[Document] = MongoClient(
            uri,
            connect=False,
            retryWrites=False,  # Cosmos DB RU refuses them; `Patience` retries instead.
            w="majority",
            event_listeners=[commands],
            # What a URI says goes before: Cosmos DB RU needs the ``appName`` that is in its own.
            **address.options(
                journal=True,
                appname="genesis-flow",
                maxPoolSize=connections,
                maxIdleTimeMS=120_000,  # Azure drops idle connections after about four minutes.
                serverSelectionTimeoutMS=SELECTION_MS,
                connectTimeoutMS=SELECTION_MS,
                socketTimeoutMS=SOCKET_MS,
                waitQueueTimeoutMS=QUEUE_MS,
            ),
        )
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise ValueError(f"GENESIS_DATABASE_URI is not a valid MongoDB URI: {clean(str(error))}") from None
    database = client[address.database]
    commands.database = database
    return database


class Patience:
    """Asks the database again while it is busy or away; what one request learns, all of the process share.

    Together they wait for ``PATIENCE_SECONDS`` and no longer, however many come meanwhile: in a function's
    few threads those that come later would wait for those before them to wait. From then on one of them
    asks at a time, the others are told at once, until the database does something for anyone.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._probe = threading.Lock()
        self._done = clock()
        self._trouble: _Trouble | None = None

    def __call__(
        self, operation: Callable[[], T], seconds: float | None = None, *, search: bool = False
    ) -> T:
        """The result of ``operation``, tried again for ``seconds`` at most, as all else that a request does.

        Only for operations that do no harm when they are done twice. Raises 429 when it is still throttled
        at the end, 503 when it is still away, and 400 for a ``search`` that the database cannot do.
        """
        patience = PATIENCE_SECONDS if seconds is None else seconds
        if self._spent(patience) is None:
            return self._tried(operation, patience, search)
        alone = self._probe.acquire(timeout=GLANCE_SECONDS)
        try:
            trouble = self._spent(patience)
            if trouble is not None and not alone:
                raise self._told(trouble.error, search)
            return self._tried(operation, patience, search)
        finally:
            if alone:
                self._probe.release()

    def _tried(self, operation: Callable[[], T], patience: float, search: bool) -> T:
        began = asked = self._clock()
        request = current()
        if request is not None:
            patience = max(0.0, patience - request.waited)
        pause = 0.05
        while True:
            try:
                result = operation()
            except DuplicateKeyError:
                self._well()
                raise
            except DocumentTooLarge as error:
                # Found out by the driver itself, and no PyMongoError.
                raise too_large() from error
            except PyMongoError as error:
                wait = self._next(error, pause, began, patience, search)
            else:
                self._well()
                charged()
                return result
            time.sleep(wait)
            pause = min(pause * 2, 2.0)
            waited, asked = self._clock() - asked, self._clock()
            if request is not None:
                request.add_wait(waited)

    def _next(self, error: PyMongoError, pause: float, began: float, patience: float, search: bool) -> float:
        """Seconds to wait until the next try, if there is to be one."""
        wait = _wait(error, pause)
        if wait is None:
            raise told(error, search=search) from _shown(error)
        if self._clock() + wait > self._deadline(error, began, patience):
            raise self._told(error, search) from _shown(error)
        return wait

    def _well(self) -> None:
        with self._lock:
            self._done, self._trouble = self._clock(), None

    def _deadline(self, error: PyMongoError, began: float, patience: float) -> float:
        """Until when an operation that has failed just now is tried again."""
        with self._lock:
            now, trouble = self._clock(), self._trouble
            is_known = trouble is not None and now - trouble.last < FORGOTTEN_SECONDS
            since = trouble.since if trouble is not None and is_known else max(began, self._done)
            self._trouble = _Trouble(since, now, error)
            # Whoever asks alone may do so twice: it may be one command that is refused.
            return max(min(since, began) + patience, began + min(ALONE_SECONDS, patience))

    def _spent(self, patience: float) -> _Trouble | None:
        """The trouble that has lasted for longer than anybody waits."""
        with self._lock:
            trouble, now = self._trouble, self._clock()
        if trouble is None or now - trouble.last >= FORGOTTEN_SECONDS:
            return None
        return trouble if now - trouble.since > patience else None

    def _told(self, error: PyMongoError, search: bool) -> GenesisError:
        """The failure; clients come back the later, the longer it lasts, and not all at once.

        MLflow's client asks seven times more, and waits each time as long as it is told.
        """
        failure = told(error, search=search)
        with self._lock:
            lasted = self._clock() - self._trouble.since if self._trouble is not None else 0.0
        later = round(min(lasted, LONGEST_SECONDS) * uniform(0.5, 1))  # noqa: S311
        failure.headers["Retry-After"] = str(max(int(failure.headers["Retry-After"]), later))
        return failure


@dataclass(frozen=True)
class _Trouble:
    """Since when nothing could be done, and the last that was tried in vain."""

    since: float
    last: float
    error: PyMongoError


def _wait(error: PyMongoError, pause: float) -> float | None:
    """Seconds to wait before the next try; None when another try is no use."""
    if isinstance(error, OperationFailure) and codes(error) & BUSY:
        told = re.search(r"RetryAfterMs=(\d+)", str(error))
        return int(told[1]) / 1000 if told else pause * (0.5 + random())  # noqa: S311
    return pause * (0.5 + random()) if isinstance(error, AutoReconnect) else None  # noqa: S311


def _shown(error: PyMongoError) -> PyMongoError | None:
    """The error where it may be shown: the text of an operation's failure can hold whole documents."""
    return None if isinstance(error, OperationFailure) else error
