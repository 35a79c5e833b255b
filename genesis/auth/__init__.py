"""Who calls, and for which workspace; reads headers only."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from genesis.auth.attempts import Attempts
from genesis.auth.clock import Clock
from genesis.auth.credentials import Credential, address, denied, is_website
from genesis.auth.entra import Entra
from genesis.auth.origins import check_origin
from genesis.auth.platform import Platform
from genesis.auth.refusals import refusal
from genesis.auth.tokens import TokenCheck
from genesis.entities.workspaces import DEFAULT_WORKSPACE
from genesis.errors import invalid
from genesis.http import Request
from genesis.settings import Settings
from genesis.store.engine import Engine
from genesis.store.tokens import Tokens

__all__ = ["Authentication", "Context", "refusal", "workspace_of"]

WORKSPACE_HEADER = "x-mlflow-workspace"
PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
RESERVED = {"workspaces", "api", "ajax-api", "static-files"}
# The beginning is mlflow/server/security_utils.py:15 (3.17.2).
REBOUND = (
    "Invalid Host header - possible DNS rebinding attack detected: with GENESIS_AUTH=none this server is "
    "called by localhost or an address. Behind a proxy, set GENESIS_AUTH (docs/authentication.md)."
)


@dataclass(frozen=True)
class Context:
    """What a request may act on, and for whom."""

    workspace: str
    principal: str = ""
    """The caller's name as people know it; empty where nobody has to say it."""


class Authentication:
    """What ``GENESIS_AUTH`` says; safe for threads. Nothing is opened or fetched until a request needs it."""

    def __init__(self, settings: Settings, engine: Callable[[], Engine], clock: Clock | None = None) -> None:
        self._in_azure = settings.in_azure
        self._is_local = settings.auth == "none"
        self._credential = _credential(settings, lambda: Tokens(engine()), clock or Clock())

    def authenticate(self, request: Request, *, open: bool) -> Context:
        """The caller's context; on an ``open`` endpoint nobody has to say who they are.

        Raises UNAUTHENTICATED, PERMISSION_DENIED, REQUEST_LIMIT_EXCEEDED, and INVALID_PARAMETER_VALUE for
        a workspace name that MLflow would refuse.
        """
        principal = ""
        if self._is_local and not open and is_website(request.headers.get("host", "")):
            # A page that has its own name lead to this machine is, to a browser, of the same origin.
            raise denied(REBOUND)
        if not open:
            check_origin(request)
        if self._credential is not None and not open:
            principal = self._credential.principal(request.headers, address(request, in_azure=self._in_azure))
        return Context(workspace_of(request.headers.get(WORKSPACE_HEADER, "")), principal)

    def is_instant(self, request: Request) -> bool:
        """Whether ``authenticate`` would neither ask anybody nor compute for long."""
        return self._credential is None or self._credential.is_instant(request.headers)


def _credential(settings: Settings, tokens: Callable[[], Tokens], clock: Clock) -> Credential | None:
    if settings.auth == "token":
        return TokenCheck(settings.token, tokens, Attempts(clock), clock)
    if settings.auth == "entra":
        return Entra(settings, Attempts(clock), clock)
    if settings.auth == "platform":
        return Platform(settings.entra_role)
    return None


def workspace_of(name: str) -> str:
    """The workspace of that name, the default one where none is given; refused as MLflow refuses it."""
    workspace = name.strip() or DEFAULT_WORKSPACE
    if not 2 <= len(workspace) <= 63:
        raise invalid(f"Workspace name '{workspace}' must be between 2 and 63 characters.")
    if not re.fullmatch(PATTERN, workspace):
        raise invalid(
            f"Workspace name '{workspace}' must match the pattern {PATTERN} "
            "(lowercase alphanumeric with optional internal hyphens)."
        )
    if workspace in RESERVED:
        raise invalid(f"Workspace name '{workspace}' is reserved and cannot be used.")
    return workspace
