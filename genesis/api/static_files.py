"""The web UI's page and its files; nothing here is of any workspace."""

from __future__ import annotations

import gzip

from genesis.errors import Code, GenesisError, unavailable
from genesis.scope import Scope
from genesis.ui.site import FAILED, FETCHING
from genesis.wire import static_files as w
from genesis.wire.base import Raw

AGAIN_SECONDS = 3
NO_ENDPOINT = "This server has no such endpoint."
COMING = "The web UI is being fetched."
NONE = "This server has no web UI."
LOOKS_AGAIN = "This page looks again by itself."
ALL_THE_SAME = "MLflow's clients are served all the same."
HOW = "Run `genesis ui build` where it runs"
SAID = {
    "": f"{NONE} {HOW}; no restart is needed.",
    FAILED: f"The web UI could not be fetched; the server's log says why. {HOW}, or start it again.",
}
"""By what became of fetching it."""


def page(request: w.StaticFile, scope: Scope) -> Raw:
    """The page itself, or what there is to say where there is no build yet."""
    return _file(w.PAGE, request, scope) or _missing(request, scope)


def get(request: w.StaticFile, scope: Scope) -> Raw:
    reply = _file(request.path, request, scope)
    if reply is None:
        raise GenesisError(Code.ENDPOINT_NOT_FOUND, NO_ENDPOINT)
    return reply


def _file(path: str, request: w.StaticFile, scope: Scope) -> Raw | None:
    """A file as the client takes it; None for what the build does not have."""
    site = scope.site
    entry = site.entry(path)
    if entry is None:
        return None
    is_gzip = entry["gzip"] is not None and request.is_gzip_accepted
    content = None
    if entry["etag"] not in request.etags:
        content = site.content(path, entry)
        if content is None:
            raise unavailable("The web UI is being replaced; try again.")
        if entry["gzip"] is not None and not is_gzip:
            content = gzip.decompress(content)
    return w.file(path, entry, content, site.storage, is_gzip=is_gzip)


def _missing(request: w.StaticFile, scope: Scope) -> Raw:
    """Why there is no page: in HTML, or else raised, as everything that is not served."""
    site = scope.site
    if site.folder is not None and site.state == FETCHING:
        if request.is_browser:
            return w.notice("One moment", f"{COMING} {LOOKS_AGAIN}", 503, again_after=AGAIN_SECONDS)
        raise unavailable(COMING, AGAIN_SECONDS)
    said = NONE if site.folder is None else SAID[site.state]
    if request.is_browser:
        return w.notice("No web UI", f"{said} {ALL_THE_SAME}", 404)
    raise GenesisError(Code.ENDPOINT_NOT_FOUND, said)
