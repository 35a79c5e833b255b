"""What the server says about itself."""

from __future__ import annotations

from typing import TypedDict

import orjson

from genesis import MLFLOW_VERSION
from genesis.readiness import READY
from genesis.scope import Scope
from genesis.wire.base import Nothing, Page, Raw

BACK_SECONDS = 5
"""After which it may be asked again whether it is ready."""


class ServerInfoReply(TypedDict):
    """What clients and the UI read before they choose how to work with this server."""

    store_type: str
    workspaces_enabled: bool
    trace_archival_enabled: bool
    multipart_uploads_enabled: bool
    multipart_downloads_enabled: bool
    artifact_serving_enabled: bool
    artifacts_presigned_only: bool
    presigned_upload_run_id_supported: bool
    presigned_upload_model_id_supported: bool
    model_artifact_presigned_downloads_supported: bool
    features_enabled: dict[str, bool]


def health(request: Nothing, scope: Scope) -> Page:
    return Page("OK")


def ready(request: Nothing, scope: Scope) -> Raw:
    """200 when database and artifact store answer; 503, and in general words why, when one does not."""
    components = scope.ready()
    is_ready = all(words == READY for words in components.values())
    body = {"status": "ready" if is_ready else "not ready", "components": components}
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if is_ready:
        return Raw(orjson.dumps(body), headers)
    return Raw(orjson.dumps(body), {**headers, "Retry-After": str(BACK_SECONDS)}, 503)


def version(request: Nothing, scope: Scope) -> Page:
    return Page(MLFLOW_VERSION)


def info(request: Nothing, scope: Scope) -> ServerInfoReply:
    """Only what is served is announced; the store calls itself what clients expect of a full one.

    ``artifacts_presigned_only`` makes clients from 3.18 on send every upload to the storage itself; what
    other clients send through this server is taken all the same.
    """
    signs = scope.artifacts.direct(scope.base_url) is not None
    return ServerInfoReply(
        store_type="SqlStore",
        workspaces_enabled=False,
        trace_archival_enabled=False,
        multipart_uploads_enabled=signs,
        multipart_downloads_enabled=signs,
        artifact_serving_enabled=True,
        artifacts_presigned_only=signs,
        presigned_upload_run_id_supported=signs,
        presigned_upload_model_id_supported=signs,
        model_artifact_presigned_downloads_supported=signs,
        features_enabled={"gateway": False},
    )
