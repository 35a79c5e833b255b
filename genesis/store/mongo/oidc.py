"""Signing in to Azure DocumentDB (Cosmos DB for MongoDB, vCore) as the process's own Azure identity."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from pymongo.auth_oidc import OIDCCallback, OIDCCallbackContext, OIDCCallbackResult
from pymongo.errors import PyMongoError

MECHANISM = "MONGODB-OIDC"
SCOPE = "https://ossrdbms-aad.database.windows.net/.default"
"""What a token for a cluster is for."""
RETRIES = 1
SECONDS = 5
"""The endpoint of a managed identity is on this very machine."""


class NoIdentity(PyMongoError):
    """Azure gave this process no token; a failure of the driver's to whoever calls it."""


class Token(Protocol):
    token: str
    expires_on: int


class Credential(Protocol):
    def get_token(self, *scopes: str) -> Token: ...


class Identity(OIDCCallback):
    """Fetches tokens; the driver keeps each until the database refuses it, and then asks for another."""

    def __init__(self, credential: Callable[[str], Credential] | None = None) -> None:
        self._open = credential or azure_identity
        self._credential: Credential | None = None

    def fetch(self, context: OIDCCallbackContext) -> OIDCCallbackResult:
        """A token for the identity whose client id is the URI's user; raises NoIdentity."""
        # Inside the function, for the sake of cold starts.
        from azure.core.exceptions import AzureError

        # The driver asks one question at a time.
        if self._credential is None:
            self._credential = self._open(context.username)
        try:
            token = self._credential.get_token(SCOPE)
        except AzureError as error:
            raise NoIdentity(f"{type(error).__name__}: {error.message}") from None
        return OIDCCallbackResult(token.token, expires_in_seconds=token.expires_on - time.time())


def azure_identity(client_id: str) -> Any:
    """A managed identity in Azure (that of AZURE_CLIENT_ID where none is named), on a desk who signed in."""
    from azure.identity import DefaultAzureCredential

    limits: dict[str, Any] = {
        "retry_total": RETRIES,
        "connection_timeout": SECONDS,
        "read_timeout": SECONDS,
        "process_timeout": SECONDS,
    }
    if client_id:
        limits["managed_identity_client_id"] = client_id
    return DefaultAzureCredential(**limits)
