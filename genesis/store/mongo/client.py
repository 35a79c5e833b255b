"""The connection to MongoDB: opened late, retried within a request's time, its errors in our words."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from random import random
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    InvalidURI,
    OperationFailure,
    PyMongoError,
)
from pymongo.uri_parser import split_options

from genesis.errors import Code, GenesisError, invalid, unavailable
from genesis.store.engine import Document

PATIENCE_SECONDS = 20.0
"""How long a request waits for a database that throttles or changes its primary."""

START_SECONDS = 5.0
"""As ``PATIENCE_SECONDS``, before the first answer of a process: who starts it wants to know soon."""

THROTTLED = 16500
BUSY = {THROTTLED, 43, 50, 64, 112}
"""Worth another try: request rate too large (Cosmos DB), cursor lost, out of time, no majority in time, write
conflict."""
TOO_LARGE = {10334, 17420, 17419}
TOO_COMPLEX = {2, 51091, 51156}
"""What is said to a search that is too much: bad value, and regular expressions that cannot be used."""
STRANGERS = {13, 18}
"""Unauthorized, authentication failed."""

LOG = logging.getLogger(__name__)

T = TypeVar("T")


def connect(uri: str) -> Database[Document]:
    """The database a URI names; talks to nobody yet, so that a host no DNS knows shows at the first command.

    Raises ValueError with what is wrong with the URI.
    """
    # Secrets stand in the URI, so no message repeats it.
    try:
        client: MongoClient[Document] = MongoClient(
            uri,
            connect=False,
            retryWrites=False,  # Cosmos DB RU refuses them; `steadily` retries instead.
            w="majority",
            maxIdleTimeMS=120_000,  # Azure drops idle connections after about four minutes.
            serverSelectionTimeoutMS=5_000,
            connectTimeoutMS=5_000,
            socketTimeoutMS=30_000,
            **_unless_given(uri, journal=True, appname="genesis-flow"),
        )
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise ValueError(f"GENESIS_DATABASE_URI is not a valid MongoDB URI: {_clean(str(error))}") from None
    name = urlsplit(uri).path.strip("/") or "genesis"
    return client[name]


def _unless_given(uri: str, **options: Any) -> dict[str, Any]:
    """Options of ours that the URI says nothing of: Cosmos DB RU needs the ``appName`` that is in its own."""
    _, _, query = uri.partition("?")
    given = split_options(query, validate=False) if query else {}
    return {option: value for option, value in options.items() if option not in given}


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
            raise _too_large() from error
        except PyMongoError as error:
            wait = _wait(error, pause)
            if wait is None or time.monotonic() + wait > deadline:
                raise _failure(error, search) from _logged(error)
        time.sleep(wait)
        pause = min(pause * 2, 2.0)


def _wait(error: PyMongoError, pause: float) -> float | None:
    """Seconds to wait before the next try; None when another try is no use."""
    if isinstance(error, OperationFailure) and _codes(error) & BUSY:
        told = re.search(r"RetryAfterMs=(\d+)", str(error))
        return int(told[1]) / 1000 if told else pause * (0.5 + random())  # noqa: S311
    return pause * (0.5 + random()) if isinstance(error, AutoReconnect) else None  # noqa: S311


def _codes(error: OperationFailure) -> set[int | None]:
    """The error's own code, and those of a bulk's single writes, which it does not show otherwise."""
    details = error.details or {}
    failures = (*details.get("writeErrors", ()), *details.get("writeConcernErrors", ()))
    return {error.code, *(failure.get("code") for failure in failures)}


def _logged(error: PyMongoError) -> PyMongoError | None:
    """The error where it may be logged: the text of an operation's failure can hold whole documents."""
    return None if isinstance(error, OperationFailure) else error


def _failure(error: PyMongoError, search: bool) -> GenesisError:
    if isinstance(error, OperationFailure):
        return _refusal(error, search)
    if isinstance(error, ConnectionFailure):
        return unavailable("The database cannot be reached just now; try again.", 5)
    if isinstance(error, ConfigurationError):
        return unavailable("The database cannot be found, or is of no use; see the server's log.", 5)
    return unavailable("The database's driver failed; see the server's log.", 5)


def _refusal(error: OperationFailure, search: bool) -> GenesisError:
    codes = _codes(error)
    if THROTTLED in codes:
        return GenesisError(
            Code.REQUEST_LIMIT_EXCEEDED,
            "The database is over its request rate; try again.",
            retry_after=2,
        )
    if codes & BUSY:
        return unavailable("The database is too busy just now; try again.", 5)
    if codes & TOO_LARGE:
        return _too_large()
    LOG.error("The database refused an operation: %s %s", codes, (error.details or {}).get("codeName", ""))
    if search and codes & TOO_COMPLEX:
        return invalid("The search is too complex for the database.")
    if codes & STRANGERS:
        return unavailable("The database refuses this server's credentials; see the server's log.", 30)
    return unavailable("The database refused an operation; see the server's log.", 5)


def _too_large() -> GenesisError:
    return invalid("The run or experiment has grown larger than the database takes in one document.")


def _clean(text: str) -> str:
    return re.sub(r"//[^@\s/]+@", "//…@", text)
