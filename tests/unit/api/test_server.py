"""What clients are told before they choose how to move artifacts."""

from __future__ import annotations

from genesis.api import server
from genesis.wire.base import Nothing
from tests.unit.api.transferring import Storage, scope_of

DIRECT = (
    "multipart_uploads_enabled",
    "multipart_downloads_enabled",
    "artifacts_presigned_only",
    "presigned_upload_run_id_supported",
    "presigned_upload_model_id_supported",
    "model_artifact_presigned_downloads_supported",
)


def test_where_the_storage_signs_every_direct_transfer_is_announced() -> None:
    told = server.info(Nothing(), scope_of(Storage()))
    assert {name for name, value in told.items() if value is True} >= set(DIRECT)


def test_where_it_does_not_none_is() -> None:
    told = server.info(Nothing(), scope_of(Storage(signs=False)))
    assert not {name for name, value in told.items() if value is True} & set(DIRECT)


def test_nothing_is_announced_that_is_not_served() -> None:
    told = server.info(Nothing(), scope_of(Storage()))
    assert not told["workspaces_enabled"]
    assert not told["trace_archival_enabled"]
    assert told["features_enabled"] == {"gateway": False}
