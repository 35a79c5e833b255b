"""Pages of other sites, in the browser of somebody who is signed in here."""

from __future__ import annotations

from urllib.parse import urlsplit

from genesis.auth.credentials import denied
from genesis.http import Request

CHANGES = frozenset(("POST", "PUT", "PATCH", "DELETE"))
# mlflow/server/security_utils.py:16 (3.17.2).
BLOCKED = "Cross-origin request blocked"
SAME = ("same-origin", "none")
"""What a browser says of a page of this server's, and of what nobody's page asks for."""


def check_origin(request: Request) -> None:
    """Raises PERMISSION_DENIED for a change that another site's page asks for; programs send no origin."""
    if request.method not in CHANGES:
        return
    headers = request.headers
    # A browser's own word, which holds behind a proxy, too; only over https and on this machine is it given.
    site = headers.get("sec-fetch-site", "")
    origin = headers.get("origin", "")
    is_ours = site in SAME if site else not origin or _host(origin) in _names(request)
    if not is_ours:
        raise denied(f"{BLOCKED}: this server's own pages alone may change anything.")


def _names(request: Request) -> tuple[str, ...]:
    """By which the client, or a proxy's, knows this server; no page can set them."""
    forwarded = request.headers.get("x-forwarded-host", "").partition(",")[0].strip()
    return tuple(name.lower() for name in (request.headers.get("host", ""), forwarded) if name)


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
