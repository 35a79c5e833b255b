"""A small file that a page writes into a run."""

from __future__ import annotations

from typing import Any

import pytest

from genesis.api.artifacts import upload_of_run
from genesis.errors import GenesisError
from genesis.wire.artifacts import UploadArtifact
from tests.unit.api.transferring import Storage, scope_of

ROOTS = {"r": "mlflow-artifacts:/1/r/artifacts", "far": "s3://bucket/run"}


def upload(storage: Storage, run: str, path: str, content: bytes, **scope: Any) -> None:
    reply = upload_of_run(UploadArtifact(run, path, content, False), scope_of(storage, ROOTS, **scope))
    assert (reply.status, reply.headers, reply.body) == (200, {"Content-Type": "application/json"}, b"")


def test_it_lies_among_the_run_s_files_with_its_type() -> None:
    storage = Storage()
    upload(storage, "r", "folder/page.html", b"x")
    assert storage.asked == [("put", "1/r/artifacts/folder/page.html", b"x", "text/html")]


def test_a_run_of_another_workspace_s_root_is_kept_apart() -> None:
    storage = Storage()
    upload(storage, "r", "t.json", b"{}", workspace="blue")
    assert storage.asked[0][1] == "workspaces/blue/1/r/artifacts/t.json"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/x", "%2e%2e/x", "a\\b", "a/", "a\nb", "."])
def test_no_path_leads_out_of_the_run_or_to_no_file(path: str) -> None:
    storage = Storage()
    with pytest.raises(GenesisError) as refused:
        upload(storage, "r", path, b"x")
    assert (refused.value.status, storage.asked) == (400, [])


def test_a_run_that_lies_elsewhere_takes_no_file() -> None:
    storage = Storage()
    with pytest.raises(GenesisError):
        upload(storage, "far", "a", b"x")
    assert storage.asked == []


def test_the_host_s_own_limit_holds_too() -> None:
    storage = Storage()
    upload(storage, "r", "a", b"xxx", largest_body=3)
    with pytest.raises(GenesisError) as refused:
        upload(storage, "r", "a", b"xxxx", largest_body=3)
    assert (refused.value.status, len(storage.asked)) == (413, 1)
