"""Files that a host answers by itself, and those it sends clients to the storage for."""

from __future__ import annotations

from typing import Any

import pytest

from genesis.api import artifacts
from genesis.artifacts.spans import Span
from genesis.errors import Code, GenesisError
from genesis.http import BytesBody, Request
from genesis.wire import artifacts as w
from genesis.wire.base import Raw
from tests.unit.api.transferring import Storage, scope_of

LARGE = artifacts.PROXIED + 1


def download(storage: Storage, path: str, span: Span | None = None, *, redirects: bool = True) -> Raw:
    return artifacts.download(w.Download(path, span, ""), scope_of(storage, redirects=redirects))


def upload(storage: Storage, length: int, most: int | None) -> GenesisError | None:
    request = Request("PUT", "/", headers={"content-length": str(length)}, body=BytesBody(b"x"))
    message = w.Upload.decode(request, {"artifact_path": "1/f.bin"})
    try:
        artifacts.upload(message, scope_of(storage, largest_body=most))
    except GenesisError as error:
        return error
    return None


def test_a_host_that_cannot_stream_sends_readers_of_large_files_to_the_storage() -> None:
    storage = Storage({"1/f.bin": LARGE})
    reply = download(storage, "1/f.bin")
    location = {"Location": "https://storage/1/f.bin?get", "Cache-Control": "no-store"}
    assert (reply.status, reply.headers, reply.body) == (302, location, b"")
    assert storage.closed == ["1/f.bin"]


def test_small_files_it_answers_itself() -> None:
    reply = download(Storage({"1/f.bin": artifacts.PROXIED}), "1/f.bin")
    assert reply.status == 200


def test_small_parts_of_large_files_too() -> None:
    reply = download(Storage({"1/f.bin": LARGE}), "1/f.bin", (0, 99))
    assert reply.status == 206


def test_a_host_that_streams_sends_nobody_away() -> None:
    assert download(Storage({"1/f.bin": LARGE}), "1/f.bin", redirects=False).status == 200


def test_nobody_is_sent_to_the_same_host_again() -> None:
    assert download(Storage({"1/f.bin": LARGE}, receives=True), "1/f.bin").status == 200


def test_nobody_is_sent_away_without_a_signature() -> None:
    assert download(Storage({"1/f.bin": LARGE}, signs=False), "1/f.bin").status == 200


@pytest.mark.parametrize("length", [101, 10**17])
def test_what_the_host_does_not_take_is_refused_before_it_is_read(length: int) -> None:
    storage = Storage()
    error = upload(storage, length, 100)
    assert error is not None
    assert (error.code, error.status) == (Code.INVALID_PARAMETER_VALUE, 413)
    assert storage.asked == []
    for way in (
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD=true",
        "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE=100 ",
        "pip install genesis-flow",
    ):
        assert way in error.message


def test_where_nothing_is_signed_the_refusal_names_the_setting() -> None:
    error = upload(Storage(signs=False), 101, 100)
    assert error is not None
    assert "GENESIS_PROXIED_UPLOAD_LIMIT" in error.message
    assert "genesis-flow" not in error.message


@pytest.mark.parametrize(("length", "most"), [(100, 100), (10**17, None)])
def test_what_the_host_takes_is_stored(length: int, most: int | None) -> None:
    storage = Storage()
    assert upload(storage, length, most) is None
    assert storage.asked == [("put", "1/f.bin", b"x", "application/octet-stream")]


@pytest.mark.parametrize("announced", ["", "x", "-1", "²", "9" * 5000])
def test_a_length_that_is_no_number_is_that_of_the_body(announced: str) -> None:
    request = Request("PUT", "/", headers={"content-length": announced}, body=BytesBody(b"abc"))
    assert w.Upload.decode(request, {"artifact_path": "f"}).length == 3


ROOTS = {"m-1": "mlflow-artifacts:/1/models/m-1", "m-2": "s3://bucket/m-2", "1": "mlflow-artifacts:/1/v"}


def of_model(storage: Storage, model: str, query: str) -> Any:
    request = Request("GET", "/", f"artifact_file_path={query}")
    message = w.GetLoggedModelArtifact.decode(request, {"model_id": model})
    return artifacts.get_of_logged_model(message, scope_of(storage, ROOTS))


def of_version(storage: Storage, query: str, **roots: str) -> Any:
    message = w.GetModelVersionArtifact.decode(Request("GET", "/", f"name=n&version=1&path={query}"), {})
    return artifacts.get_of_model_version(message, scope_of(storage, ROOTS | roots))


def test_pages_get_a_url_of_a_model_s_file() -> None:
    storage = Storage({"1/models/m-1/MLmodel": 9})
    reply = of_model(storage, "m-1", "MLmodel&presigned=true")
    url = "https://storage/1/models/m-1/MLmodel?get"
    assert reply == {"url": url, "headers": {}, "file_size": 9}


def test_pages_get_a_url_of_a_version_s_file() -> None:
    reply = of_version(Storage({"1/v/MLmodel": 9}), "MLmodel&presigned=true")
    assert reply == {"url": "https://storage/1/v/MLmodel?get", "headers": {}, "file_size": 9}


@pytest.mark.parametrize("source", ["runs:/r/model", "runs:/r/model/"])
def test_a_version_whose_source_names_a_run_is_read_from_the_run(source: str) -> None:
    storage = Storage({"1/r/artifacts/model/MLmodel": 9})
    roots = {"1": source, "r": "mlflow-artifacts:/1/r/artifacts"}
    assert of_version(storage, "MLmodel", **roots).status == 200


def test_a_logged_model_of_that_name_comes_before_the_run_s_folder() -> None:
    storage = Storage({"1/models/m-1/data/f": 9})
    roots = {"1": "runs:/r/tree/data", "r": "mlflow-artifacts:/1/r/artifacts", "r/tree": ROOTS["m-1"]}
    assert of_version(storage, "f", **roots).status == 200


@pytest.mark.parametrize(
    "source", ["runs:/r/../../x", "runs:/r/%2e%2e/x", "runs://host/r/model", "runs:r/model", "runs:/"]
)
def test_a_version_whose_source_names_no_run_s_folder_is_not_read(source: str) -> None:
    storage = Storage()
    with pytest.raises(GenesisError) as excinfo:
        of_version(storage, "MLmodel", **{"1": source, "r": "mlflow-artifacts:/1/r/artifacts"})
    assert excinfo.value.status == 400
    assert storage.asked == []


def test_a_version_whose_run_is_gone_says_so() -> None:
    with pytest.raises(GenesisError) as excinfo:
        of_version(Storage(), "MLmodel", **{"1": "runs:/gone/model"})
    assert excinfo.value.code is Code.RESOURCE_DOES_NOT_EXIST


@pytest.mark.parametrize("asked", ["", "&presigned=false", "&presigned=True", "&presigned=", "&presigned=1"])
def test_only_the_word_true_asks_for_a_url(asked: str) -> None:
    storage = Storage({"1/models/m-1/MLmodel": 9, "1/v/MLmodel": 9})
    assert isinstance(of_model(storage, "m-1", f"MLmodel{asked}"), Raw)
    assert isinstance(of_version(storage, f"MLmodel{asked}"), Raw)


@pytest.mark.parametrize("path", ["../m-3/x", "%2e%2e/x", "%252e%252e/x", "/1/x", "a%23b", ""])
def test_no_file_outside_a_model_gets_a_url(path: str) -> None:
    for ask in (
        lambda s: of_model(s, "m-1", path + "&presigned=true"),
        lambda s: of_version(s, path + "&presigned=true"),
    ):
        storage = Storage()
        with pytest.raises(GenesisError) as excinfo:
            ask(storage)
        assert excinfo.value.status == 400
        assert storage.asked == []


def test_a_model_that_lies_elsewhere_gets_no_url() -> None:
    with pytest.raises(GenesisError, match="does not serve"):
        of_model(Storage(), "m-2", "x&presigned=true")


def test_a_model_s_file_that_is_missing_has_no_url() -> None:
    with pytest.raises(GenesisError) as excinfo:
        of_model(Storage(), "m-1", "x&presigned=true")
    assert excinfo.value.code is Code.RESOURCE_DOES_NOT_EXIST


def test_a_storage_that_cannot_sign_answers_pages_as_mlflow_does() -> None:
    with pytest.raises(GenesisError) as excinfo:
        of_model(Storage(signs=False), "m-1", "x&presigned=true")
    assert excinfo.value.status == 501
    assert excinfo.value.message == "Presigned download is not supported for the current artifact repository"
