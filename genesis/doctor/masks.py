"""Settings fit to be shown: what is secret in them is left out."""

from __future__ import annotations

import re
from urllib.parse import unquote

from genesis.settings import UNRESOLVED

DEVELOPMENT_STORAGE = "usedevelopmentstorage=true"
SECRET_OPTIONS = re.compile(r"(?i)([?&;][^=&;]*(?:password|token|properties|sig|key|secret)[^=&;]*)=[^&;]*")
ACCOUNT = re.compile(r"(?i)(?:^|;)\s*accountname=([^;]*)")
PARTS = re.compile(r"(?i)(?:accountkey|sharedaccesssignature)=([^;]+)")


def masked(variable: str, value: str) -> str:
    """The value of a setting, without what nobody may see."""
    if not value or value.startswith(UNRESOLVED):
        return value
    if variable == "GENESIS_TOKEN":
        return f"… ({len(value)} characters)"
    if variable == "GENESIS_STORAGE_CONNECTION_STRING":
        return _connection(value)
    return _uri(value) if "://" in value else value


def secrets(variable: str, value: str) -> list[str]:
    """What of a setting must never be shown."""
    if not value or value.startswith(UNRESOLVED):
        return []
    if variable == "GENESIS_TOKEN":
        return [value]
    if variable == "GENESIS_STORAGE_CONNECTION_STRING":
        return [] if value.strip(" ;").lower() == DEVELOPMENT_STORAGE else [value, *PARTS.findall(value)]
    user = _user(value)
    password = user.partition(":")[2] if user else ""
    return list(dict.fromkeys(one for one in (password, unquote(password)) if one))


def _connection(value: str) -> str:
    if value.strip(" ;").lower() == DEVELOPMENT_STORAGE:
        return value
    account = ACCOUNT.search(value)
    return f"AccountName={account[1]};…" if account else "…"


def _uri(value: str) -> str:
    user = _user(value)
    if user is not None:
        name, colon, _ = user.partition(":")
        value = value.replace(f"://{user}@", f"://{name}:…@" if colon else f"://{name}@", 1)
    return SECRET_OPTIONS.sub(r"\1=…", value)


def _user(value: str) -> str | None:
    """What stands before the host: all of it, even where a password has a character that it should not."""
    scheme, _, rest = value.partition("://")
    # Cosmos DB's own URIs have an @ in their options.
    place, _, _ = rest.rpartition("?")
    holder = place if "@" in place else rest
    return holder.rpartition("@")[0] if scheme and "@" in holder else None
