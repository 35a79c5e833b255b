"""``GENESIS_AUTH=platform``: Azure's own sign-in (Easy Auth) has checked the caller, and says who it is.

It takes these headers away from what clients send; where it is not on, ``refusal`` lets nobody in.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from genesis.auth.credentials import denied, name, unauthenticated

ID = "x-ms-client-principal-id"
NAME = "x-ms-client-principal-name"
CLAIMS = "x-ms-client-principal"
ROLE_CLAIMS = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
CHALLENGE = 'Bearer realm="mlflow"'


class Platform:
    """Tells whom the platform signed in, and whether they have ``role``, if there is one."""

    def __init__(self, role: str) -> None:
        self._role = role

    def principal(self, headers: Mapping[str, str], address: str) -> str:
        """The name that people know them by, or their id."""
        found = name(headers.get(NAME)) or name(headers.get(ID))
        if not found:
            raise unauthenticated("You are not signed in.", CHALLENGE)
        if self._role and self._role not in _roles(headers.get(CLAIMS, "")):
            raise denied("You are signed in, but have not been given the role that this server asks for.")
        return found

    def is_instant(self, headers: Mapping[str, str]) -> bool:
        """Always: the headers say it all."""
        return True


def _roles(encoded: str) -> set[str]:
    try:
        given: Any = json.loads(base64.b64decode(encoded))
        claims = given.get("claims", [])
        return {
            str(claim["val"]) for claim in claims if claim["typ"] in (*ROLE_CLAIMS, given.get("role_typ"))
        }
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError):
        return set()
