"""MLFLOW_TRACKING_AUTH=genesis-entra: MLflow's client sends a token of Entra ID to the tracking server.

None goes to any other host: not by a redirect, nor because a run or a model says that its files are there.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from genesis.plugin import environment
from genesis.plugin.access_tokens import AccessTokens, Identity, NoToken, Wanted

log = logging.getLogger(__name__)

NAME = "genesis-entra"
HEADER = "Authorization"
BEARER = "Bearer "
PORTS = {"http": 80, "https": 443}
LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")

PAIR = re.compile(r'\b(authorization_uri|scope)="([^"]*)"')
OURS = re.compile(r"api://[A-Za-z0-9._~/-]+/\.default")
"""What a server may ask a token for on its own word: an application of a directory's, never Azure itself."""
TENANT = re.compile(r"https?://[^/]+/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/.*)?")

Origin = tuple[str, str, int]
"""Scheme, host and port of a URL."""


class EntraProvider:
    """What MLflow registers: ``MLFLOW_TRACKING_AUTH`` chooses it by its name."""

    def __init__(self) -> None:
        self._auth: EntraAuth | None = None

    def get_name(self) -> str:
        return NAME

    def get_auth(self) -> EntraAuth:
        """The same for each request: it knows the tokens."""
        if self._auth is None:
            tokens = AccessTokens(Identity())
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(after_in_child=tokens.forked)
            self._auth = EntraAuth(tokens, servers)
        return self._auth


class EntraAuth:
    """Authorises requests of the library ``requests``; safe for threads."""

    def __init__(self, tokens: AccessTokens, servers: Callable[[], Iterator[str]]) -> None:
        """``servers`` are the URIs of those that may have a token."""
        self._tokens = tokens
        self._servers = servers
        self._wanted: dict[Origin, Wanted] = {}
        self._warned: set[Origin] = set()

    def __call__(self, request: Any) -> Any:
        """Called for each request before it is sent; raises MlflowException where no token can be had."""
        if HEADER in request.headers:
            # MLFLOW_TRACKING_TOKEN, or a user name and a password.
            return request
        origin = _origin(request.url)
        if self._is_server(origin):
            wanted = _configured() or self._wanted.get(origin)
            if wanted is not None:
                request.headers[HEADER] = BEARER + self._token(origin, wanted)
        request.register_hook("response", partial(self._answered, start=_position(request.body)))
        return request

    def _answered(self, response: Any, start: int | None, **options: Any) -> Any:
        """The reply, or what the request is answered with a token that the server says it wants."""
        request = response.request
        sent = request.headers.get(HEADER, "")
        if response.status_code != 401 or (sent and not sent.startswith(BEARER)):
            return response
        origin = _origin(request.url)
        if not self._is_server(origin):
            self._warn(origin)
            return response
        _ = response.content  # kept, and its connection given back, however this ends
        wanted = _configured() or self._learned(origin, response.headers.get("WWW-Authenticate", ""))
        if wanted is None or start is None:
            return response
        token = self._token(origin, wanted, refused=sent.removeprefix(BEARER))
        if sent == BEARER + token:
            return response
        return _sent_again(response, token, start, options)

    def _learned(self, origin: Origin, challenge: str) -> Wanted | None:
        """What the server says that its token is to be for, now or, where it says nothing, before."""
        given = dict(PAIR.findall(challenge))
        scope = given.get("scope", "")
        if not scope:
            return self._wanted.get(origin)
        if not OURS.fullmatch(scope):
            raise _failure(
                f"The server at {origin[1]} asks for a token for {scope[:200]}, which none is given for "
                "asking: if that is its application, set GENESIS_ENTRA_AUDIENCE to it."
            )
        tenant = TENANT.fullmatch(given.get("authorization_uri", "").lower())
        self._wanted[origin] = Wanted(scope, environment.entra_tenant() or (tenant[1] if tenant else ""))
        return self._wanted[origin]

    def _token(self, origin: Origin, wanted: Wanted, refused: str = "") -> str:
        _check_encrypted(origin)
        try:
            return self._tokens.get(wanted, refused)
        except NoToken as error:
            raise _failure(str(error)) from None

    def _is_server(self, origin: Origin) -> bool:
        return bool(origin[1]) and any(origin == _origin(uri) for uri in self._servers())

    def _warn(self, origin: Origin) -> None:
        if origin not in self._warned:
            self._warned.add(origin)
            log.warning(
                "%s asked who calls, and was not told: %s sends its token to the tracking server alone. "
                "If it is yours, set MLFLOW_TRACKING_URI to it, or call mlflow.set_tracking_uri.",
                origin[1],
                NAME,
            )


def servers() -> Iterator[str]:
    """The URIs that MLflow in this process works with."""
    from mlflow import get_registry_uri, get_tracking_uri

    yield str(get_tracking_uri())
    yield str(get_registry_uri())


def _configured() -> Wanted | None:
    audience = environment.entra_audience()
    if not audience:
        return None
    scope = audience.rstrip("/") if "://" in audience else f"api://{audience}"
    return Wanted(f"{scope}/.default", environment.entra_tenant())


def _origin(url: str) -> Origin:
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        return scheme, (parts.hostname or "").rstrip("."), parts.port or PORTS.get(scheme, 0)
    except ValueError:
        return "", "", 0


def _check_encrypted(origin: Origin) -> None:
    scheme, host, _ = origin
    if scheme != "https" and not LOOPBACK.fullmatch(host):
        raise _failure(
            f"A token of Entra ID is not sent to {host} without TLS, where anybody on the way could take it: "
            "set the tracking URI to https://…"
        )


def _position(body: Any) -> int | None:
    """Where a body begins, for sending it once more; None where it cannot be."""
    if body is None or isinstance(body, str | bytes):
        return 0
    try:
        return int(body.tell())
    except (AttributeError, OSError):
        return None


def _sent_again(response: Any, token: str, start: int, options: dict[str, Any]) -> Any:
    request = response.request.copy()
    if request.body is not None and not isinstance(request.body, str | bytes):
        request.body.seek(start)
    request.headers[HEADER] = BEARER + token
    answer = response.connection.send(request, **options)
    answer.history.append(response)
    answer.request = request
    return answer


def _failure(message: str) -> Exception:
    from mlflow.exceptions import MlflowException

    return MlflowException(message)
