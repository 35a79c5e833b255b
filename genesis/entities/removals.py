"""What can be removed for good: what was deleted."""

from __future__ import annotations

from dataclasses import dataclass

RUN = "run"
LOGGED_MODEL = "logged model"
EXPERIMENT = "experiment"


@dataclass(frozen=True)
class Removal:
    """Something to remove with all that hangs on it; ``kept`` says why it cannot be."""

    kind: str
    id: str
    artifact_uri: str
    name: str = ""
    """The unique name it sets free."""
    kept: str = ""
