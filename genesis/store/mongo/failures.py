"""What MongoDB's failures mean: general words for the client, for the log what to do about them."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)

from genesis.errors import Code, GenesisError, invalid, unavailable
from genesis.store.engine import not_begun
from genesis.store.mongo.causes import Causes
from genesis.store.mongo.oidc import NoIdentity

THROTTLED = 16500
BUSY = {THROTTLED, 43, 50, 64, 112}
"""Worth another try: request rate too large (Cosmos DB), cursor lost, out of time, no majority in time, write
conflict."""
TOO_LARGE = {10334, 17420, 17419}
TOO_COMPLEX = {2, 51091, 51156}
"""What is said to a search that is too much: bad value, and regular expressions that cannot be used."""
UNAUTHORIZED = 13
NAMESPACE_NOT_FOUND = 26
STRANGERS = {UNAUTHORIZED, 18, 8000}
"""Not allowed, authentication failed, and what Atlas calls both."""

SEE_LOG = "see the server's log"
MOST_TEXT = 600

LOG = logging.getLogger(__name__)
CAUSES = Causes(LOG)


@dataclass(frozen=True)
class Cause:
    """One thing that can be wrong; ``advice`` is for the log, ``words`` for clients."""

    name: str
    words: str
    advice: str
    seconds: int = 5
    """After which a client may come back."""


FIREWALL = Cause(
    "firewall",
    f"The database does not let this server in; {SEE_LOG}.",
    "The database's firewall does not let this server in. Allow its addresses, or make a private endpoint.",
    30,
)
AUTHENTICATION = Cause(
    "authentication",
    f"The database refuses this server's credentials; {SEE_LOG}.",
    "The database does not accept the user or key in GENESIS_DATABASE_URI. Was the key renewed? With "
    "MONGODB-OIDC: is the identity a user of the cluster (mongoClusters/users)?",
    30,
)
ROLE = Cause(
    "role",
    f"The database refuses this server's credentials; {SEE_LOG}.",
    "The user of GENESIS_DATABASE_URI may not do this. It needs the role readWrite on the database (with "
    "MONGODB-OIDC: a role in mongoClusters/users); or let `python -m genesis init` be run by one that may.",
    30,
)
IDENTITY = Cause(
    "identity",
    f"The server has no identity to show to its database; {SEE_LOG}.",
    "Azure gave this process no token for the database. Is the managed identity assigned to the app, and its "
    "client id the user in GENESIS_DATABASE_URI, or in AZURE_CLIENT_ID? On a desk: az login.",
    30,
)
ENCRYPTION = Cause(
    "encryption",
    f"The server has no secure connection to its database; {SEE_LOG}.",
    "No TLS connection to the database. Is it the right port, and are its certificate's name and authority "
    "those expected (tlsCAFile)?",
    30,
)
NAME = Cause(
    "name",
    f"The database cannot be found; {SEE_LOG}.",
    "DNS does not know the host of GENESIS_DATABASE_URI. Is it written right, and are the private network's "
    "zones linked?",
)
ROUTE = Cause(
    "route",
    "The database cannot be reached just now; try again.",
    "The database does not answer. Is it running, does its firewall let this server in, and is there a way "
    "to it (private endpoint)?",
)
POOL = Cause(
    "pool",
    "The server is too busy to ask its database just now; try again.",
    "All connections to the database were in use for too long. Raise GENESIS_DATABASE_CONNECTIONS, or look "
    "at what makes it slow.",
    2,
)
BROKEN = Cause(
    "connection",
    "The database cannot be reached just now; try again.",
    "Connections to the database break.",
)
ADDRESS = Cause(
    "address",
    f"The database cannot be found, or is of no use; {SEE_LOG}.",
    "GENESIS_DATABASE_URI leads to no database that can be used.",
)
DRIVER = Cause("driver", f"The database's driver failed; {SEE_LOG}.", "The database's driver failed.")

ENCRYPTED = re.compile(r"\[SSL|SSL handshake|certificate verify")
UNKNOWN = re.compile(
    r"name or service not known|nodename nor servname|getaddrinfo|name resolution|no address associated",
    re.IGNORECASE,
)


def told(error: PyMongoError, *, search: bool = False) -> GenesisError:
    """The failure for whoever asked; what to do about it is in the log, once a minute for each cause."""
    if isinstance(error, OperationFailure):
        return _refusal(error, search)
    return _failure(_cause(error), clean(str(error)))


def codes(error: OperationFailure) -> set[int | None]:
    """The error's own code, and those of a bulk's single writes, which it does not show otherwise."""
    details = error.details or {}
    failures = (*details.get("writeErrors", ()), *details.get("writeConcernErrors", ()))
    return {error.code, *(failure.get("code") for failure in failures)}


def too_large() -> GenesisError:
    return invalid("The run or experiment has grown larger than the database takes in one document.")


def _cause(error: PyMongoError) -> Cause:
    if isinstance(error, NoIdentity):
        return IDENTITY
    if isinstance(error, WaitQueueTimeoutError):
        return POOL
    if isinstance(error, ConnectionFailure):
        return _broken(error)
    return ADDRESS if isinstance(error, ConfigurationError) else DRIVER


def _broken(error: ConnectionFailure) -> Cause:
    text = str(error)
    if ENCRYPTED.search(text):
        return ENCRYPTION
    if UNKNOWN.search(text):
        return NAME
    return ROUTE if isinstance(error, ServerSelectionTimeoutError) else BROKEN


def _refusal(error: OperationFailure, search: bool) -> GenesisError:
    """The text of such an error can hold whole documents: of it only codes reach the log."""
    found = codes(error)
    if THROTTLED in found:
        return _throttled()
    if found & BUSY:
        return _failure(
            Cause("busy", "The database is too busy just now; try again.", "It is too busy."), f"{found}"
        )
    if found & TOO_LARGE:
        return too_large()
    code = f"{found} {(error.details or {}).get('codeName', '')}"
    if error.code in STRANGERS:
        return _failure(_stranger(error), code)
    if error.code == NAMESPACE_NOT_FOUND:
        return _logged(not_begun(), "collections", f"The database lacks a collection: {not_begun().message}")
    refused = Cause(
        f"refused {found}",
        f"The database refused an operation; {SEE_LOG}.",
        "The database refused an operation.",
    )
    failure = _failure(refused, code)
    return (
        invalid("The search is too complex for the database.") if search and found & TOO_COMPLEX else failure
    )


def _stranger(error: OperationFailure) -> Cause:
    if "firewall" in str(error).lower():
        return FIREWALL
    return ROLE if error.code == UNAUTHORIZED else AUTHENTICATION


def _throttled() -> GenesisError:
    words = "The database is over its request rate; try again."
    CAUSES.tell(logging.WARNING, "throttled", f"{words} Clients are told to come back (429).")
    return GenesisError(Code.REQUEST_LIMIT_EXCEEDED, words, retry_after=2)


def _failure(cause: Cause, detail: str) -> GenesisError:
    return _logged(unavailable(cause.words, cause.seconds), cause.name, f"{cause.advice} [{detail}]")


def _logged(error: GenesisError, cause: str, line: str) -> GenesisError:
    CAUSES.tell(logging.ERROR, cause, line)
    error.is_logged = True
    return error


def clean(text: str) -> str:
    """A driver's words, shortened, without the user and password of a URI in them."""
    return re.sub(r"//[^@\s/]+@", "//…@", text)[:MOST_TEXT]
