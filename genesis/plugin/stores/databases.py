"""The databases this process has open: one for each URI and root, let go of at exit, not shared by forks."""

from __future__ import annotations

import atexit
import os
import threading
from urllib.parse import quote, unquote, urlsplit

from genesis.embedded import Embedded

EMBEDDED_SCHEME = "genesis+"
"""Before the scheme of the embedded engine, whose own one is MLflow's."""

_lock = threading.Lock()
_open: dict[tuple[str, str], Embedded] = {}
_inherited: list[Embedded] = []
"""From the process that this one was forked off: they are used no more, and closed only there."""


def database(store_uri: str, artifact_root: str) -> Embedded:
    """The database of a store URI, for experiments whose artifacts lie below a root."""
    with _lock:
        found = _open.get((store_uri, artifact_root))
        if found is None:
            found = _open[store_uri, artifact_root] = Embedded(store_uri, artifact_root)
        return found


def absolute(store_uri: str) -> str:
    """The URI as our engines take it, a relative file's path made absolute; raises ValueError without one."""
    if not store_uri.startswith(EMBEDDED_SCHEME):
        return store_uri
    uri = store_uri.removeprefix(EMBEDDED_SCHEME)
    file = unquote(urlsplit(uri).path)[1:]
    if not file:
        raise ValueError(f"The store's URI must name a file: {EMBEDDED_SCHEME}sqlite:///folder/file.db.")
    return f"sqlite:///{quote(os.path.abspath(file))}"


def joinable(artifact_root: str) -> str:
    """The root; raises ValueError for one to which no experiment's place could be appended."""
    parts = urlsplit(artifact_root)
    if parts.query or parts.fragment:
        raise ValueError("A default artifact root has neither query nor fragment.")
    return artifact_root


def _close() -> None:
    with _lock:
        while _open:
            _open.popitem()[1].close()


def _begin_anew() -> None:
    global _lock
    # Another thread may have held it at that moment.
    _lock = threading.Lock()
    _inherited.extend(_open.values())
    _open.clear()


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
