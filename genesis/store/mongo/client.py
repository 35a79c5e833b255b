"""The connection to MongoDB: opened late, retried within a request's time, its errors in our words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from random import random
from typing import TypeVar
from urllib.parse import urlsplit

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidURI,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from genesis.errors import Code, GenesisError, invalid, unavailable
from genesis.store.engine import Document

PATIENCE_SECONDS = 20.0
"""How long a request waits for a database that throttles or changes its primary."""

START_SECONDS = 5.0
"""As ``PATIENCE_SECONDS``, before the first answer of a process: who starts it wants to know soon."""

THROTTLED = 16500
BUSY = {THROTTLED, 50, 112}
"""Request rate too large, time limit exceeded, write conflict: worth another try (Cosmos DB for MongoDB)."""
TOO_LARGE = {10334, 17420, 17419}

T = TypeVar("T")


def connect(uri: str) -> Database[Document]:
    """The database a URI names; talks to nobody yet. Raises ValueError with what is wrong with the URI."""
    # Secrets stand in the URI, so no message repeats it.
    try:
        client: MongoClient[Document] = MongoClient(
            uri,
            retryWrites=False,  # Cosmos DB RU refuses them; `steadily` retries instead.
            w="majority",
            journal=None if "journal" in uri.lower() else True,
            maxIdleTimeMS=120_000,  # Azure drops idle connections after about four minutes.
            serverSelectionTimeoutMS=5_000,
            connectTimeoutMS=5_000,
            socketTimeoutMS=30_000,
            appname="genesis-flow",
        )
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise ValueError(f"GENESIS_DATABASE_URI is not a valid MongoDB URI: {_clean(str(error))}") from None
    name = urlsplit(uri).path.strip("/") or "genesis"
    return client[name]


def steadily(operation: Callable[[], T], patience: float | None = None) -> T:
    """The result of ``operation``, tried again while the database is busy or away.

    For at most ``patience`` seconds, and only for operations that do no harm when they are done twice.
    Raises 429 when it is still throttled at the end, 503 when it is still away.
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
            raise _too_large() from error
        except PyMongoError as error:
            wait = _wait(error, pause)
            if wait is None or time.monotonic() + wait > deadline:
                raise _refusal(error) from error
        time.sleep(wait)
        pause = min(pause * 2, 2.0)


def _wait(error: PyMongoError, pause: float) -> float | None:
    """Seconds to wait before the next try; None when another try is no use."""
    if isinstance(error, OperationFailure) and error.code in BUSY:
        told = re.search(r"RetryAfterMs=(\d+)", str(error))
        return int(told[1]) / 1000 if told else pause * (0.5 + random())  # noqa: S311
    if isinstance(error, AutoReconnect | NetworkTimeout | ExecutionTimeout | WTimeoutError):
        return pause * (0.5 + random())  # noqa: S311
    return None


def _refusal(error: PyMongoError) -> GenesisError:
    if isinstance(error, OperationFailure):
        if error.code == THROTTLED:
            return GenesisError(
                Code.REQUEST_LIMIT_EXCEEDED,
                "The database is over its request rate; try again.",
                retry_after=2,
            )
        if error.code in TOO_LARGE:
            return _too_large()
        if error.code in (13, 18):
            return unavailable("The database refuses this server's credentials; see the server's log.", 30)
    return unavailable("The database cannot be reached just now; try again.", 5)


def _too_large() -> GenesisError:
    return invalid("The run or experiment has grown larger than the database takes in one document.")


def _clean(text: str) -> str:
    return re.sub(r"//[^@\s/]+@", "//…@", text)
