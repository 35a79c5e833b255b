"""Verbs on logged models."""

from __future__ import annotations

from genesis.scope import Scope
from genesis.wire import models as w


def search(request: w.SearchLoggedModels, scope: Scope) -> w.SearchLoggedModelsReply:
    """None: no endpoint makes logged models yet, but clients look for some whenever they download artifacts
    of a run (``mlflow/store/artifact/runs_artifact_repo.py``) and give up on any error.
    """
    return {}
