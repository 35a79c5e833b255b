"""What the server says about itself."""

from __future__ import annotations

from typing import TypedDict

from genesis import MLFLOW_VERSION
from genesis.scope import Scope
from genesis.wire.base import Message, Page


class Nothing(Message):
    """A request without fields."""


class ServerInfoReply(TypedDict):
    """What clients and the UI read before they choose how to work with this server."""

    store_type: str
    workspaces_enabled: bool
    trace_archival_enabled: bool
    multipart_uploads_enabled: bool
    multipart_downloads_enabled: bool
    artifact_serving_enabled: bool
    presigned_upload_run_id_supported: bool
    presigned_upload_model_id_supported: bool
    features_enabled: dict[str, bool]


def health(request: Nothing, scope: Scope) -> Page:
    return Page("OK")


def version(request: Nothing, scope: Scope) -> Page:
    return Page(MLFLOW_VERSION)


def info(request: Nothing, scope: Scope) -> ServerInfoReply:
    """Only what is served is announced; the store calls itself what clients expect of a full one."""
    return {
        "store_type": "SqlStore",
        "workspaces_enabled": False,
        "trace_archival_enabled": False,
        "multipart_uploads_enabled": False,
        "multipart_downloads_enabled": False,
        "artifact_serving_enabled": True,
        "presigned_upload_run_id_supported": False,
        "presigned_upload_model_id_supported": False,
        "features_enabled": {"gateway": False},
    }
