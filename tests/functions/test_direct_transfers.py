"""What the function app leaves to the storage: large bodies neither come in nor go out through it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
import urllib3
from mlflow import MlflowClient

from tests.functions.published import functions_host
from tests.servers import Server
from tests.servers.azurite import azurite

MIB = 1024 * 1024
MOST = 3 * MIB
PROXIED = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture(scope="module")
def blob_host(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app over Blob Storage; it takes uploads of up to MOST bytes, and its host a little more."""
    with (
        azurite(tmp_path_factory.mktemp("azurite")) as storage,
        functions_host(
            published,
            GENESIS_DATA=str(tmp_path_factory.mktemp("functions-blob")),
            GENESIS_ARTIFACTS_URI=f"{storage.url}/devstoreaccount1/functions",
            GENESIS_STORAGE_CONNECTION_STRING="UseDevelopmentStorage=true",
            GENESIS_PROXIED_UPLOAD_LIMIT=str(MOST // MIB),
            FUNCTIONS_REQUEST_BODY_SIZE_LIMIT=str(2 * MOST),
        ) as server,
    ):
        yield server


@pytest.fixture
def pool() -> urllib3.PoolManager:
    """Sends what it is told to, once, and follows nothing by itself."""
    return urllib3.PoolManager(retries=False, timeout=60)


@pytest.fixture
def pointed(blob_host: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowClient]:
    """A stock client of that app."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("GENESIS_DIRECT_ARTIFACTS", "false")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(blob_host.url)
    yield MlflowClient(blob_host.url)
    mlflow.set_tracking_uri(before)


def put(pool: urllib3.PoolManager, host: Server, path: str, content: bytes) -> urllib3.BaseHTTPResponse:
    return pool.request("PUT", f"{host.url}{PROXIED}/{path}", body=content)


def test_readers_of_a_large_file_are_sent_to_the_storage(
    blob_host: Server, pool: urllib3.PoolManager
) -> None:
    content = os.urandom(MIB + 1)
    assert put(pool, blob_host, "out/large.bin", content).status == 200

    reply = pool.request("GET", f"{blob_host.url}{PROXIED}/out/large.bin", redirect=False)

    assert (reply.status, reply.data) == (302, b"")
    location = reply.headers["Location"]
    assert "/devstoreaccount1/functions/out/large.bin?" in location
    direct = pool.request("GET", location, headers={"Range": "bytes=0-9"})
    assert (direct.status, direct.data) == (206, content[:10])
    assert pool.request("GET", location).data == content


def test_small_files_and_headers_come_from_the_app(blob_host: Server, pool: urllib3.PoolManager) -> None:
    url = f"{blob_host.url}{PROXIED}/out/f.bin"
    content = os.urandom(MIB)
    put(pool, blob_host, "out/f.bin", content)
    assert pool.request("GET", url, redirect=False).data == content

    put(pool, blob_host, "out/f.bin", content + b"x")
    head = pool.request("HEAD", url, redirect=False)
    assert (head.status, head.headers["Content-Length"]) == (200, str(MIB + 1))
    part = pool.request("GET", url, headers={"Range": "bytes=0-9"}, redirect=False)
    assert (part.status, part.data) == (206, content[:10])


def test_an_upload_above_the_limit_is_told_the_two_ways_out(
    blob_host: Server, pool: urllib3.PoolManager
) -> None:
    reply = put(pool, blob_host, "in/large.bin", bytes(MOST + 1))

    assert (reply.status, reply.json()["error_code"]) == (413, "INVALID_PARAMETER_VALUE")
    for way in ("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "genesis-flow", "3.18"):
        assert way in reply.json()["message"]
    assert put(pool, blob_host, "in/large.bin", bytes(MOST)).status == 200


def test_a_stock_client_takes_the_first_way_and_reads_its_file_back(
    pointed: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = pointed.create_run("0").info.run_id
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(MOST + 1))
    with pytest.raises(Exception, match="413"):
        pointed.log_artifact(run_id, str(file))

    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(MOST))
    pointed.log_artifact(run_id, str(file))

    (tmp_path / "back").mkdir()
    back = Path(pointed.download_artifacts(run_id, "large.bin", str(tmp_path / "back")))
    assert back.read_bytes() == file.read_bytes()


def test_what_the_host_itself_does_not_take_is_refused_without_words(
    blob_host: Server, pool: urllib3.PoolManager
) -> None:
    """Nothing of ours sees the request: whoever raises this limit lets ours be told to more."""
    reply = put(pool, blob_host, "in/larger.bin", bytes(2 * MOST + 1))
    assert (reply.status, reply.data) == (413, b"")


def test_urls_of_a_local_store_lead_to_the_host_that_was_asked(
    host: Server, pool: urllib3.PoolManager
) -> None:
    signed = pool.request(
        "POST", f"{host.url}/api/2.0/genesis/artifacts/sign", json={"uploads": [{"path": "direct/ü 1.txt"}]}
    )
    (part,) = signed.json()["uploads"][0]["parts"]
    assert part["url"].startswith(f"{host.url}/signed/direct/")
    assert pool.request("PUT", part["url"], body=b"content", headers=part["headers"]).status == 200

    found = pool.request("GET", f"{host.url}/api/2.0/mlflow-artifacts/presigned/direct/%C3%BC%201.txt")
    assert pool.request("GET", found.json()["url"]).data == b"content"
