"""Who calls, and for which workspace; reads headers only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from genesis.entities.workspaces import DEFAULT_WORKSPACE
from genesis.errors import invalid

WORKSPACE_HEADER = "x-mlflow-workspace"
PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
RESERVED = {"workspaces", "api", "ajax-api", "static-files"}


@dataclass(frozen=True)
class Context:
    """What a request may act on."""

    workspace: str


def authenticate(headers: Mapping[str, str]) -> Context:
    """The caller's context; raises INVALID_PARAMETER_VALUE for a workspace name MLflow would refuse."""
    workspace = headers.get(WORKSPACE_HEADER, "").strip() or DEFAULT_WORKSPACE
    if not 2 <= len(workspace) <= 63:
        raise invalid(f"Workspace name '{workspace}' must be between 2 and 63 characters.")
    if not re.fullmatch(PATTERN, workspace):
        raise invalid(
            f"Workspace name '{workspace}' must match the pattern {PATTERN} "
            "(lowercase alphanumeric with optional internal hyphens)."
        )
    if workspace in RESERVED:
        raise invalid(f"Workspace name '{workspace}' is reserved and cannot be used.")
    return Context(workspace)
