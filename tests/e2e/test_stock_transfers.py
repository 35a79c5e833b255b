"""The stock client of this MLflow: its downloads go direct by themselves, its uploads once it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.e2e.clients import stock_client
from tests.e2e.transfers import MEGABYTE, Sent, digest, recorded, written
from tests.servers import Server

PROXIED = "/api/2.0/mlflow-artifacts/artifacts/"
SIZES = [0, 1, 3 * MEGABYTE + 1]


@pytest.fixture(params=["sqlite_server", "blob_server"], ids=["folder", "blob"])
def server(request: pytest.FixtureRequest) -> Server:
    serving: Server = request.getfixturevalue(request.param)
    return serving


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowClient]:
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(MEGABYTE))
    monkeypatch.setenv("MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE", str(MEGABYTE))
    with stock_client(server) as pointed:
        yield pointed


@pytest.fixture
def sent(server: Server, client: MlflowClient) -> Iterator[Sent]:
    with recorded(server) as sent:
        yield sent


@pytest.fixture
def run_id(client: MlflowClient, experiment_name: str) -> str:
    new: str = client.create_run(client.create_experiment(experiment_name)).info.run_id
    return new


@pytest.mark.parametrize("size", SIZES)
def test_a_download_goes_direct_without_any_setting(
    client: MlflowClient, run_id: str, sent: Sent, tmp_path: Path, size: int
) -> None:
    file = written(tmp_path / "a b+1 ü.bin", size)
    client.log_artifact(run_id, str(file), "dir")
    assert proxied(sent) == 1

    (tmp_path / "back").mkdir()
    back = Path(client.download_artifacts(run_id, "dir/a b+1 ü.bin", str(tmp_path / "back")))

    assert digest(back) == digest(file)
    assert proxied(sent) == 1


@pytest.mark.parametrize("size", SIZES)
def test_an_upload_goes_direct_where_the_client_says_so(
    client: MlflowClient,
    run_id: str,
    sent: Sent,
    tmp_path: Path,
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "0")
    file = written(tmp_path / "a b+1 ü.bin", size)

    client.log_artifact(run_id, str(file), "dir")
    (tmp_path / "back").mkdir()
    back = Path(client.download_artifacts(run_id, "dir/a b+1 ü.bin", str(tmp_path / "back")))

    assert digest(back) == digest(file)
    assert proxied(sent) == 0
    assert sent.put() == max(1, -(-size // MEGABYTE))


def test_a_file_as_large_as_mlflow_s_own_threshold_goes_direct_by_itself(
    client: MlflowClient, run_id: str, sent: Sent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(2 * MEGABYTE))
    small, large = written(tmp_path / "small", MEGABYTE), written(tmp_path / "large", 2 * MEGABYTE)

    client.log_artifact(run_id, str(small))
    assert proxied(sent) == 1
    client.log_artifact(run_id, str(large))
    assert proxied(sent) == 1


def test_an_upload_that_fails_on_its_way_leaves_nothing(
    client: MlflowClient, run_id: str, sent: Sent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "0")
    file = written(tmp_path / "f.bin", 3 * MEGABYTE)

    def break_off(count: int) -> None:
        if count == 2:
            raise ConnectionError("the network went away")

    sent.after_put = break_off
    with pytest.raises(Exception, match="Failed to upload"):
        client.log_artifact(run_id, str(file))

    assert client.list_artifacts(run_id) == []
    assert [path for path in sent.to_api() if "/mpu/abort/" in path]


def proxied(sent: Sent) -> int:
    """How many requests carried a file's bytes through the server."""
    return sum(count for path, count in sent.to_api().items() if path.startswith(PROXIED))
