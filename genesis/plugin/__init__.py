"""What MLflow finds of ours by its entry points; nothing here runs in our server.

MLflow loads this module whenever it is imported; the rest only when it is used.
"""

from __future__ import annotations

from typing import Any


def artifact_repository(*arguments: Any, **options: Any) -> Any:
    """The entry point of ``mlflow-artifacts:`` URIs, called with what MLflow gives its own repository.

    Where GENESIS_DIRECT_ARTIFACTS is ``false`` it is MLflow's own.
    """
    from genesis.plugin import environment

    if environment.direct():
        from genesis.plugin.repository import DirectArtifactRepository

        return DirectArtifactRepository(*arguments, **options)
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

    return MlflowArtifactsRepository(*arguments, **options)


def tracking_store(store_uri: str, artifact_uri: str | None = None) -> Any:
    """The entry point of tracking URIs that name a database of ours; ``artifact_uri`` is the default root."""
    from mlflow.utils.uri import resolve_uri_if_local

    from genesis.plugin import environment
    from genesis.plugin.stores.tracking import TrackingStore

    return TrackingStore(store_uri, resolve_uri_if_local(artifact_uri or environment.artifact_root()))


def registry_store(store_uri: str, tracking_uri: str | None = None) -> Any:
    """The entry point of registry URIs that name a database of ours; runs are at ``tracking_uri``."""
    from mlflow.utils.uri import resolve_uri_if_local

    from genesis.plugin import environment
    from genesis.plugin.stores.registry import RegistryStore

    return RegistryStore(store_uri, tracking_uri, resolve_uri_if_local(environment.artifact_root()))
