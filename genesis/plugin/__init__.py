"""MLflow's client with it moves artifacts to and from the storage itself; nothing here runs in the server."""

from __future__ import annotations

from typing import Any


def artifact_repository(*arguments: Any, **options: Any) -> Any:
    """The entry point of ``mlflow-artifacts:`` URIs, called with what MLflow gives its own repository.

    Where GENESIS_DIRECT_ARTIFACTS is ``false`` it is MLflow's own.
    """
    # MLflow loads this module whenever it is imported; the rest only when there are artifacts to move.
    from genesis.plugin import environment

    if environment.direct():
        from genesis.plugin.repository import DirectArtifactRepository

        return DirectArtifactRepository(*arguments, **options)
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

    return MlflowArtifactsRepository(*arguments, **options)
