"""``GENESIS_AUTH=entra``: access tokens of one directory of Microsoft Entra ID."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from genesis.auth.attempts import Attempts
from genesis.auth.clock import Clock
from genesis.auth.credentials import bearer, denied, name, unauthenticated
from genesis.auth.keys import Keys
from genesis.errors import GenesisError
from genesis.settings import Settings

logger = logging.getLogger("genesis.auth")

QUOTABLE = re.compile(r"[!#-\[\]-~]+")
"""What stands between quotes in a header without being escaped."""
ALGORITHMS = ["RS256"]
LEEWAY = 60
"""Seconds that clocks may differ by."""
NAMES = ("preferred_username", "upn", "unique_name", "oid", "azp", "appid", "sub")
CHINA = ("login.partner.microsoftonline.cn", "login.chinacloudapi.cn")


class Entra:
    """Tells whose access token a request carries; safe for threads."""

    def __init__(self, settings: Settings, attempts: Attempts, clock: Clock) -> None:
        authority = settings.entra_authority.rstrip("/")
        self._tenant = settings.entra_tenant.lower()
        self._role = settings.entra_role
        self._audiences = [settings.entra_audience]
        if "://" not in settings.entra_audience:
            # The id alone in tokens of version 2, in those of version 1 the app's URI as it is made at first.
            self._audiences.append(f"api://{settings.entra_audience}")
        first = "sts.chinacloudapi.cn" if urlsplit(authority).hostname in CHINA else "sts.windows.net"
        self._issuers = [f"{authority}/{self._tenant}/v2.0", f"https://{first}/{self._tenant}/"]
        self._keys = Keys(keys_url(settings), clock)
        self._challenge = _challenge(f"{authority}/{self._tenant}", settings.entra_audience)
        self._attempts = attempts
        self._clock = clock

    def is_instant(self, headers: Mapping[str, str]) -> bool:
        """Never: the directory's keys may have to be fetched."""
        return False

    def principal(self, headers: Mapping[str, str], address: str) -> str:
        """The user's name, or the app's id; raises UNAUTHENTICATED, PERMISSION_DENIED, 429 and 503."""
        token = bearer(headers)
        if token == "":
            raise unauthenticated(
                "You are not authenticated: set MLFLOW_TRACKING_TOKEN to an access token of Entra ID for "
                "this server, or, where genesis-flow is installed, MLFLOW_TRACKING_AUTH to genesis-entra.",
                self._challenge,
            )
        try:
            claims = self._claims(token or "")
        except _Refused as refused:
            self._attempts.check(f"address {address}")
            self._attempts.failed(f"address {address}")
            logger.info("Refused a token of Entra ID: %s", refused)
            raise refused.error(self._challenge) from None
        return self._allowed(claims)

    def _claims(self, token: str) -> dict[str, Any]:
        """What a good token says; its signature is checked before all else."""
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            id = header.get("kid")
            if header.get("alg") not in ALGORITHMS or not isinstance(id, str):
                raise _Refused("not signed with RS256 by a named key")
            key = self._keys.get(id)
            if key is None:
                raise _Refused("signed by an unknown key")
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audiences,
                issuer=self._issuers,
                # The time is checked below, by a clock that can be set.
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError, jwt.MissingRequiredClaimError) as error:
            raise _Refused(str(error), "it is not for this server, or not of its directory") from None
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise _Refused(type(error).__name__) from None
        self._check_time(claims)
        if str(claims.get("tid", self._tenant)).lower() != self._tenant:
            raise _Refused("of another directory", "it is not of this server's directory")
        return claims

    def _check_time(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.wall()
        try:
            expires, begins = float(claims["exp"]), float(claims.get("nbf", 0))
        except (TypeError, ValueError):
            raise _Refused("without a time") from None
        if now >= expires + LEEWAY:
            raise _Refused("expired", "it has expired")
        if now < begins - LEEWAY:
            raise _Refused("not good yet", "it is not good yet")

    def _allowed(self, claims: Mapping[str, Any]) -> str:
        given = claims.get("roles")
        roles = given if isinstance(given, list) else []
        if self._role and self._role not in roles:
            raise denied("Your token has not the app role that this server asks for.")
        if not roles and not claims.get("scp"):
            # Any app of a directory gets a token for any other, without a role; and a sign-in gives one, too.
            raise denied("Your token gives access to nothing here: it has neither a scope nor a role.")
        return next(filter(None, (name(claims.get(claim)) for claim in NAMES)), "")


class _Refused(Exception):
    """Why a token is no good: for the log, and for whoever sent it, where they may know."""

    def __init__(self, why: str, told: str = "it is not valid") -> None:
        super().__init__(why)
        self._told = told

    def error(self, challenge: str) -> GenesisError:
        return unauthenticated(f"The token is not good here: {self._told}.", challenge)


def keys_url(settings: Settings) -> str:
    """Where the directory gives out its keys."""
    return f"{settings.entra_authority.rstrip('/')}/{settings.entra_tenant.lower()}/discovery/v2.0/keys"


def _challenge(authority: str, audience: str) -> str:
    """Says where a token is to be had and for what, as Azure's own services do; neither is a secret."""
    scope = f"{audience.rstrip('/') if '://' in audience else f'api://{audience}'}/.default"
    realm = 'Bearer realm="mlflow"'
    if not (QUOTABLE.fullmatch(authority) and QUOTABLE.fullmatch(scope)):
        return realm
    return f'{realm}, authorization_uri="{authority}", scope="{scope}"'
