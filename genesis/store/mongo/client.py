"""The connection to MongoDB: opened late, kept, and asked again within a request's time."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable
from random import random
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

from genesis.store.engine import CONNECTIONS, Document
from genesis.store.mongo.failures import BUSY, codes, told, too_large
from genesis.store.mongo.uri import Address

PATIENCE_SECONDS = 20.0
"""How long a request waits for a database that throttles or changes its primary."""

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
        address = Address(uri)
        client: MongoClient[Document] = MongoClient(
            uri,
            connect=False,
            retryWrites=False,  # Cosmos DB RU refuses them; `steadily` retries instead.
            w="majority",
            maxIdleTimeMS=120_000,  # Azure drops idle connections after about four minutes.
            serverSelectionTimeoutMS=SELECTION_MS,
            connectTimeoutMS=SELECTION_MS,
            socketTimeoutMS=SOCKET_MS,
            waitQueueTimeoutMS=QUEUE_MS,
            # Cosmos DB RU needs the ``appName`` that is in its own URIs.
            **address.options(journal=True, appname="genesis-flow", maxPoolSize=connections),
        )
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise ValueError(f"GENESIS_DATABASE_URI is not a valid MongoDB URI: {_clean(str(error))}") from None
    return client[address.database]


def steadily(operation: Callable[[], T], patience: float | None = None, *, search: bool = False) -> T:
    """The result of ``operation``, tried again while the database is busy or away.

    For at most ``patience`` seconds, and only for operations that do no harm when they are done twice.
    Raises 429 when it is still throttled at the end, 503 when it is still away, and 400 for a ``search``
    that the database cannot do.
    """
    deadline = time.monotonic() + (PATIENCE_SECONDS if patience is None else patience)
    pause = 0.05
    while True:
        try:
            return operation()
        except DuplicateKeyError:
            raise
        except DocumentTooLarge as error:
            # Found out by the driver itself, and no PyMongoError.
            raise too_large() from error
        except PyMongoError as error:
            wait = _wait(error, pause)
            if wait is None or time.monotonic() + wait > deadline:
                raise told(error, search=search) from _shown(error)
        time.sleep(wait)
        pause = min(pause * 2, 2.0)


def _wait(error: PyMongoError, pause: float) -> float | None:
    """Seconds to wait before the next try; None when another try is no use."""
    if isinstance(error, OperationFailure) and codes(error) & BUSY:
        told = re.search(r"RetryAfterMs=(\d+)", str(error))
        return int(told[1]) / 1000 if told else pause * (0.5 + random())  # noqa: S311
    return pause * (0.5 + random()) if isinstance(error, AutoReconnect) else None  # noqa: S311


def _shown(error: PyMongoError) -> PyMongoError | None:
    """The error where it may be shown: the text of an operation's failure can hold whole documents."""
    return None if isinstance(error, OperationFailure) else error


def _clean(text: str) -> str:
    return re.sub(r"//[^@\s/]+@", "//…@", text)
