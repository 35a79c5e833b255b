"""What Azure's errors mean to a client: nothing of a key, a signature or a URL passes through here."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from genesis.errors import GenesisError, invalid, unavailable

LOG = logging.getLogger(__name__)

ROLE_SECONDS = 30
BUSY_SECONDS = 2

CONTRIBUTOR = "Storage Blob Data Contributor"
DELEGATOR = "Storage Blob Delegator"
"""The roles that the server's identity needs: for the bytes, and for keys to sign URLs with."""

UNUSABLE_NAME = {"InvalidResourceName", "InvalidUri", "OutOfRangeInput"}


@contextmanager
def told(role: str = CONTRIBUTOR) -> Iterator[None]:
    """Turns what azure-core raises into a GenesisError; ``role`` is what the identity needs for the call."""
    # Inside the function, for the sake of cold starts.
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        # Not chained: the original's text may hold a signed URL, and chains end up in logs.
        raise _translated(error, role) from None


def error_code(error: Exception) -> str:
    """The service's name for what went wrong; empty if it was not the service that failed."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def _translated(error: Exception, role: str) -> GenesisError:
    from azure.core.exceptions import ClientAuthenticationError

    reply = getattr(error, "response", None)
    status = getattr(reply, "status_code", None)
    headers = getattr(reply, "headers", None) or {}
    code = error_code(error) or type(error).__name__
    LOG.warning(
        "Blob Storage failed: %s, status %s, request %s", code, status, headers.get("x-ms-request-id")
    )
    if status in (401, 403):
        return _forbidden(code, role)
    if isinstance(error, ClientAuthenticationError):
        return unavailable(
            "The server has no Azure identity with which to reach Blob Storage: "
            "give it a managed identity, or sign in with the Azure CLI.",
            ROLE_SECONDS,
        )
    if status == 400 and code in UNUSABLE_NAME:
        return invalid("Invalid path")
    wait = str(headers.get("Retry-After", ""))
    return unavailable(f"Blob Storage failed ({code}).", int(wait) if wait.isdigit() else BUSY_SECONDS)


def _forbidden(code: str, role: str) -> GenesisError:
    if code == "AuthenticationFailed":
        return unavailable(
            "Blob Storage does not accept the server's credentials (AuthenticationFailed): "
            "check its connection string, or its clock.",
            ROLE_SECONDS,
        )
    return unavailable(
        f"Blob Storage refuses the server ({code}): its identity needs the role '{role}' "
        "on the storage account, and the account's firewall must let it in.",
        ROLE_SECONDS,
    )
