"""MLflow's client with our plug-in: artifacts bypass the server, in a local folder and in Blob Storage."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from genesis.plugin.uploads import PART
from tests.e2e.clients import direct_client, stock_client
from tests.e2e.transfers import SIGN, Sent, digest, recorded, written
from tests.servers import Server
from tests.servers.stock import stock_mlflow

# Raised by what MLflow calls.
pytestmark = pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning")

MEGABYTE = 1024 * 1024
NAMES = [
    "a b.txt",
    "1+1=2.txt",
    "100%.txt",
    "größe €.txt",
    "日本.bin",
    "what?.txt",
    "a&b;c=d'e.txt",
    "~$.txt",
]


@pytest.fixture(params=["sqlite_server", "blob_server"], ids=["folder", "blob"])
def server(request: pytest.FixtureRequest) -> Server:
    serving: Server = request.getfixturevalue(request.param)
    return serving


@pytest.fixture
def client(server: Server, tmp_path: Path) -> Iterator[MlflowClient]:
    with direct_client(server, tmp_path / "cache") as pointed:
        yield pointed


@pytest.fixture
def sent(server: Server, client: MlflowClient) -> Iterator[Sent]:
    with recorded(server) as sent:
        yield sent


@pytest.fixture
def run_id(client: MlflowClient, experiment_name: str) -> str:
    new: str = client.create_run(client.create_experiment(experiment_name)).info.run_id
    return new


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 50 * MEGABYTE, 120 * MEGABYTE])
def test_a_file_of_any_size_bypasses_the_server(
    client: MlflowClient, run_id: str, sent: Sent, tmp_path: Path, size: int
) -> None:
    file = written(tmp_path / "file.bin", size)

    client.log_artifact(run_id, str(file), "deep/er")
    back = tmp_path / "back"
    back.mkdir()
    downloaded = Path(client.download_artifacts(run_id, "deep/er/file.bin", str(back)))

    assert digest(downloaded) == digest(file)
    assert sent.bytes_to_api() < 1000
    assert not [path for path in sent.to_api() if path.startswith("/api/2.0/mlflow-artifacts/artifacts/")]
    assert sent.to_api()[SIGN] == 2
    assert not list((tmp_path / "cache").rglob("*.jsonl"))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_comes_back_as_it_was(client: MlflowClient, run_id: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "files" / "sub").mkdir(parents=True)
    (tmp_path / "files" / "sub" / name).write_text(name)

    client.log_artifacts(run_id, str(tmp_path / "files"), "top")

    (listed,) = client.list_artifacts(run_id, "top/sub")
    assert listed.path == f"top/sub/{name}"
    # Not by its own path: what follows a ? is cut off by MLflow itself.
    (downloaded,) = Path(client.download_artifacts(run_id, "top/sub", str(tmp_path))).iterdir()
    assert (downloaded.name, downloaded.read_text()) == (name, name)


def test_a_name_that_the_server_refuses_is_told_of(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    (tmp_path / "a#b.txt").write_text("x")
    with pytest.raises(MlflowException, match=r"Invalid path: 'a#b\.txt'"):
        client.log_artifact(run_id, str(tmp_path / "a#b.txt"))


def test_a_thousand_files_take_two_calls_each_way(
    client: MlflowClient, run_id: str, sent: Sent, tmp_path: Path
) -> None:
    for number in range(1000):
        folder = tmp_path / "files" / str(number % 3)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_text(str(number))

    client.log_artifacts(run_id, str(tmp_path / "files"))
    assert sent.to_api()[SIGN] == 2
    assert sent.put() == 1000

    back = Path(client.download_artifacts(run_id, ""))
    assert sorted(int(file.read_text()) for file in back.rglob("*.txt")) == list(range(1000))
    # Three folders of 333 files are signed folder by folder, or in two batches: as they were listed.
    assert sent.to_api()[SIGN] <= 2 + 3
    assert not [path for path in sent.to_api() if path.startswith("/api/2.0/mlflow-artifacts/artifacts/")]


def test_a_model_is_logged_and_loaded(client: MlflowClient, sent: Sent, experiment_name: str) -> None:
    mlflow.set_experiment(experiment_name)
    features, target = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=150).fit(features, target)
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(model, name="iris", registered_model_name=experiment_name)

    for uri in (logged.model_uri, f"models:/{experiment_name}/1"):
        loaded = mlflow.sklearn.load_model(uri)
        assert list(loaded.predict(features)) == list(model.predict(features))
    assert sent.put() > 3
    assert not [path for path in sent.to_api() if path.startswith("/api/2.0/mlflow-artifacts/artifacts/")]


def test_a_missing_file_is_not_there(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    place = client.get_run(run_id).info.artifact_uri
    with pytest.raises(MlflowException, match="No such artifact") as caught:
        mlflow.artifacts.download_artifacts(f"{place}/nothing", dst_path=str(tmp_path))
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_what_one_client_sends_another_reads(
    client: MlflowClient, server: Server, run_id: str, tmp_path: Path
) -> None:
    for name in ("direct.bin", "stock.bin"):
        written(tmp_path / name, 20 * MEGABYTE)
    client.log_artifact(run_id, str(tmp_path / "direct.bin"))
    back = tmp_path / "back"
    back.mkdir()
    with stock_client(server) as stock:
        stock.log_artifact(run_id, str(tmp_path / "stock.bin"))
        downloaded = stock.download_artifacts(run_id, "direct.bin", str(back))
        assert digest(Path(downloaded)) == digest(tmp_path / "direct.bin")

    with direct_client(server, tmp_path / "cache") as direct:
        downloaded = direct.download_artifacts(run_id, "stock.bin", str(back))
    assert digest(Path(downloaded)) == digest(tmp_path / "stock.bin")


def test_threads_upload_and_replace_at_once(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    files = [written(tmp_path / f"{number}.bin", 20 * MEGABYTE) for number in range(3)]
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        written(tmp_path / str(number) / "same.bin", 20 * MEGABYTE)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda file: client.log_artifact(run_id, str(file)), files))
        same = [tmp_path / str(number) / "same.bin" for number in range(3)]
        list(pool.map(lambda file: client.log_artifact(run_id, str(file)), same))

    back = Path(client.download_artifacts(run_id, ""))
    for file in files:
        assert digest(back / file.name) == digest(file)
    assert digest(back / "same.bin") in {digest(file) for file in same}


def test_a_stock_server_is_used_as_ever(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with stock_mlflow(tmp_path) as server, direct_client(server, tmp_path / "cache") as client:
        run_id = client.create_run("0").info.run_id
        file = written(tmp_path / "file.bin", 20 * MEGABYTE)
        client.log_artifact(run_id, str(file))
        client.log_artifacts(run_id, str(tmp_path / "artifacts"), "again")
        back = Path(client.download_artifacts(run_id, ""))

        assert digest(back / "file.bin") == digest(file)
        assert list((back / "again").rglob("file.bin"))
        assert not [record for record in caplog.records if "genesis" in record.name]
