"""What the plug-in reads of the environment of the process it is in; the server's settings are elsewhere."""

from __future__ import annotations

import os
from pathlib import Path


def direct() -> bool:
    """Whether artifacts may bypass the server at all."""
    return os.environ.get("GENESIS_DIRECT_ARTIFACTS", "true").strip().lower() not in (
        "false",
        "0",
        "no",
        "off",
    )


def artifact_root() -> str:
    """Where new experiments put their artifacts when MLflow names no place, as with its own SQL store.

    A process of a server inherits the server's.
    """
    given = ("_MLFLOW_SERVER_ARTIFACT_ROOT", "MLFLOW_DEFAULT_ARTIFACT_ROOT")
    return next((os.environ[name] for name in given if os.environ.get(name)), "./mlruns")


def cache() -> Path:
    """The folder of what this user's transfers remember; it need not be there."""
    kept = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(kept) if kept else Path.home() / ".cache") / "genesis-flow"


def entra_audience() -> str:
    """The application that a token is to be for; "": the server says it."""
    return os.environ.get("GENESIS_ENTRA_AUDIENCE", "").strip()


def entra_tenant() -> str:
    """The directory that a token is to be of; "": the server says it."""
    return os.environ.get("GENESIS_ENTRA_TENANT", "").strip()
