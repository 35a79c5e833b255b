"""How a server must not be run: open by accident, or with a lock that does not close."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from genesis.settings import Settings

SEE = "docs/authentication.md tells how to choose."
MODES = ("none", "token", "entra", "platform", "open-to-anyone")
FIRST_TOKEN = re.compile(r"[!-~]{32,1000}")
UNRESOLVED = "@Microsoft.KeyVault("
"""What stands where a secret should, when the app may not read the vault: no secret at all."""
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def refusal(settings: Settings, *, is_reachable: bool = False) -> str:
    """Why nobody may be answered as it is configured; "" where all is well.

    ``is_reachable``: from other machines than this one.
    """
    if settings.auth not in MODES:
        return f"GENESIS_AUTH is {settings.auth!r}; it must be one of {', '.join(MODES)}."
    if settings.auth == "none":
        return _open(settings, is_reachable)
    checks = {"token": _token, "entra": _entra, "platform": _platform}
    return checks[settings.auth](settings) if settings.auth in checks else ""


def _open(settings: Settings, is_reachable: bool) -> str:
    where = "in Azure" if settings.in_azure else "on an address that other machines reach"
    if not (settings.in_azure or is_reachable):
        return ""
    return (
        f"GENESIS_AUTH is none, which is refused {where}: anybody could read and delete everything. "
        f"Set it to token, entra or platform; or to open-to-anyone, if that is what you want. {SEE}"
    )


def _token(settings: Settings) -> str:
    if settings.token.startswith(UNRESOLVED):
        return (
            "GENESIS_TOKEN is a reference to a key vault that was not resolved: the app's identity may not "
            "read the secret, or it is not there."
        )
    if settings.token and not FIRST_TOKEN.fullmatch(settings.token):
        return "GENESIS_TOKEN must have 32 characters or more, and no spaces."
    return ""


def _entra(settings: Settings) -> str:
    if not GUID.fullmatch(settings.entra_tenant):
        return "GENESIS_ENTRA_TENANT must be the id of a directory: 8-4-4-4-12 hexadecimal digits."
    if not settings.entra_audience:
        return "GENESIS_ENTRA_AUDIENCE must be the id of the application that tokens are for."
    try:
        authority = urlsplit(settings.entra_authority)
        is_safe = authority.scheme == "https" or (authority.scheme, authority.hostname in LOOPBACK) == (
            "http",
            True,
        )
    except ValueError:
        is_safe = False
    return "" if is_safe else "GENESIS_ENTRA_AUTHORITY must begin with https://."


def _platform(settings: Settings) -> str:
    if settings.in_azure and settings.easy_auth:
        return ""
    return (
        "GENESIS_AUTH is platform, but no platform authenticates here (Azure's sets WEBSITE_AUTH_ENABLED): "
        f"anybody could claim to be anybody. {SEE}"
    )
