"""Page tokens: the place of a page's last item, opaque to clients, so that depth costs nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson

from genesis.errors import invalid


def token(position: Sequence[Any]) -> str:
    """The token of the page that begins behind ``position``."""
    return base64.b64encode(orjson.dumps({"after": list(position)})).decode()


def position(token: str, length: int) -> list[Any] | None:
    """What ``token`` carries; None for an empty one. ``length`` is what this search's positions have."""
    if not token:
        return None
    try:
        decoded = base64.b64decode(token)
    except (binascii.Error, ValueError):
        raise invalid("Invalid page token, could not base64-decode") from None
    try:
        parsed = orjson.loads(decoded)
    except ValueError:
        raise invalid(f"Invalid page token, decoded value={decoded!r}") from None
    after = parsed.get("after") if isinstance(parsed, dict) else None
    if not isinstance(after, list) or len(after) != length:
        raise invalid(f"Invalid page token, parsed value={parsed}")
    return after


def sort_position(token: str, orders: int) -> list[Any] | None:
    """A sort key from ``token``: [rank, value] for each of ``orders`` sort keys, then an id."""
    after = position(token, orders + 1)
    if after is None:
        return None
    *keys, id = after
    if not isinstance(id, str) or not all(_is_place(key) for key in keys):
        raise invalid(f"Invalid page token, parsed value={{'after': {after}}}")
    return after


def _is_place(key: Any) -> bool:
    if not isinstance(key, list) or len(key) != 2:
        return False
    rank, value = key
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        return False
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        # No database holds it, and their drivers fail on it.
        return False
    return rank in (0, 1, 2) and (value is None) == (rank != 0)
