"""Artifact paths as clients send them: made safe, kept in a workspace, found in a run's location; no I/O."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from genesis.entities.workspaces import DEFAULT_WORKSPACE
from genesis.errors import invalid

WORKSPACES = "workspaces"
ROUTE = "/api/2.0/mlflow-artifacts/artifacts"

DECODINGS = 10
# What the narrowest storage holds: a file system's names and a blob's path (1,024 characters, 254 segments).
SEGMENT_BYTES = 255
PATH_CHARACTERS = 1024
SEGMENTS = 250


def safe(path: str) -> str:
    """The normalised relative path a client means, or MLflow's refusal of it (also of the root)."""
    return safe_folder(path) or _refuse()


def safe_file(path: str) -> str:
    """As ``safe``, for a file to be written: a stock server refuses a path that ends like a folder's."""
    normal = safe(path)
    if _decoded(path).endswith("/"):
        # mlflow/server/artifact_router.py:164 (3.17.2), where it is FastAPI's {"detail": …}.
        raise invalid("Artifact path must include a filename (cannot end with '/').")
    return normal


def safe_folder(path: str | None) -> str:
    """As ``safe``, but None, ``""`` and ``"."`` are the root, ``""``."""
    decoded = _decoded(path or "")
    # A bare % stays: stock servers keep "100%.txt" too (3.17.2 and 3.18.0, tried with their client).
    if "#" in decoded or "\\" in decoded or _is_absolute(decoded) or _has_unstorable_characters(decoded):
        _refuse()
    segments = [segment for segment in decoded.split("/") if segment not in ("", ".")]
    if ".." in segments or len(segments) > SEGMENTS or len("/".join(segments)) > PATH_CHARACTERS:
        _refuse()
    if any(len(segment.encode()) > SEGMENT_BYTES for segment in segments):
        _refuse()
    return "/".join(segments)


def within(location: str) -> str | None:
    """The store's path of an artifact location that this server serves; None for every other location."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return None
    if parts.scheme == "mlflow-artifacts":
        return safe_folder(parts.path.lstrip("/"))
    # Whatever the host: as mlflow/server/handlers.py:707 (3.17.2) does, for the server has many names.
    _, route, path = parts.path.partition(ROUTE)
    if parts.scheme not in ("http", "https") or not route or path[:1] not in ("", "/"):
        return None
    return safe_folder(path.lstrip("/"))


def scoped(path: str, workspace: str) -> str:
    """The store's path of a workspace's ``path``; another workspace's path is refused."""
    # mlflow/server/handlers.py:3926 (3.17.2). Stock lets the default workspace name the folder
    # "workspaces" itself, and so delete every tenant's artifacts; here that is refused as well.
    first, _, rest = path.partition("/")
    if may_be(first, WORKSPACES):
        named = rest.partition("/")[0]
        if not named:
            raise invalid("Artifact paths prefixed with 'workspaces/' must include a workspace name.")
        if named != workspace:
            raise invalid(
                f"Artifact path targets workspace '{named}' "
                f"but the workspace specified in the request is '{workspace}'."
            )
        return path
    if workspace == DEFAULT_WORKSPACE:
        return path
    return f"{WORKSPACES}/{workspace}/{path}".rstrip("/")


def may_be(name: str, folder: str) -> bool:
    """Whether a file system may take ``name`` for ``folder``, for it differs in nothing that all look at."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    return seen.casefold().partition(":")[0].rstrip(". ") == folder


def _refuse() -> NoReturn:
    raise invalid("Invalid path")


def _decoded(path: str) -> str:
    for _ in range(DECODINGS):
        decoded = unquote(path)
        if decoded == path:
            return path
        path = decoded
    _refuse()


def _is_absolute(path: str) -> bool:
    # Stock reads file: URIs as paths, and they come out absolute (mlflow/utils/uri.py:520, 3.17.2).
    return (
        PurePosixPath(path).is_absolute()
        or PureWindowsPath(path).is_absolute()
        or path.casefold().startswith("file:")
    )


def _has_unstorable_characters(path: str) -> bool:
    """Control characters, lone surrogates and what XML, in which blobs are listed, cannot carry."""
    return any(unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff" for c in path)
