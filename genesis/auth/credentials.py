"""What a request says of its sender, and how it is refused; verifies nothing."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from genesis.errors import Code, GenesisError
from genesis.http import Request

LONGEST = 16_384
"""Characters of a credential; those of Entra ID have 2,000 or so."""
LONGEST_NAME = 250
"""Characters of a principal: what a run's user may have in MLflow's own database."""

OWN = (".localhost", ".internal")
"""Ends of names that nobody can have in the public DNS; containers call their host so."""

BEARER = re.compile(r"bearer +([!-~]+)", re.IGNORECASE)
BASIC = re.compile(r"basic +([A-Za-z0-9+/=]+)", re.IGNORECASE)


class Credential(Protocol):
    """One way to prove who one is."""

    def principal(self, headers: Mapping[str, str], address: str) -> str:
        """Who sends these headers from ``address``; raises UNAUTHENTICATED, PERMISSION_DENIED and others."""

    def is_instant(self, headers: Mapping[str, str]) -> bool:
        """Whether ``principal`` would neither ask anybody nor compute for long."""


def unauthenticated(message: str, challenge: str) -> GenesisError:
    """401; ``challenge`` says how to prove who one is, so that a browser asks."""
    return GenesisError(Code.UNAUTHENTICATED, message, headers={"WWW-Authenticate": challenge})


def denied(message: str) -> GenesisError:
    """403: it is known who asks, and that they may not."""
    return GenesisError(Code.PERMISSION_DENIED, message)


def bearer(headers: Mapping[str, str]) -> str | None:
    """The credential that a client sends for MLFLOW_TRACKING_TOKEN; "" is none, None something else."""
    given = headers.get("authorization", "").strip()
    if not given:
        return ""
    found = BEARER.fullmatch(given) if len(given) <= LONGEST else None
    return found[1] if found else None


def password(headers: Mapping[str, str]) -> str | None:
    """The password of HTTP's basic authentication, whoever's it is; None where there is none."""
    given = headers.get("authorization", "").strip()
    found = BASIC.fullmatch(given) if len(given) <= LONGEST else None
    if found is None:
        return None
    try:
        return base64.b64decode(found[1], validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None


def address(request: Request, *, in_azure: bool) -> str:
    """Where a request comes from: an IPv4 address, or a network of IPv6, which is one sender's as a rule.

    In Azure the front end adds it to what the client itself may have forged. "" where nobody knows.
    """
    given = request.peer
    if in_azure:
        given = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        found = ip_address(_without_port(given))
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ip_network((found.packed, 64), strict=False))
    return str(found)


@lru_cache(maxsize=32)
def is_website(host: str) -> bool:
    """Whether the name in a Host header may be that of a web page: no address, no machine's own name."""
    named = _without_port(host).rstrip(".").lower()
    if "." not in named or named.endswith(OWN):
        return False
    try:
        ip_address(named)
    except ValueError:
        return True
    return False


def _without_port(given: str) -> str:
    if given.startswith("["):
        return given[1:].partition("]")[0]
    return given.partition(":")[0] if given.count(":") == 1 else given


def name(given: object) -> str:
    """What may stand in a run and in a line of the log; "" for what may not."""
    text = given.strip() if isinstance(given, str) else ""
    return text[:LONGEST_NAME] if text.isprintable() else ""
