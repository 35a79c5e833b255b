"""Artifacts through the stock client, byte for byte, in a local folder and in Blob Storage."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import matplotlib.figure
import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tests.e2e.clients import stock_client

SIZES = {"empty": 0, "small": 1024, "large": 50 * 1024 * 1024}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each size."""
    folder = tmp_path_factory.mktemp("files")
    for name, size in SIZES.items():
        (folder / f"{name}.bin").write_bytes(os.urandom(size))
    return folder


@pytest.fixture(params=["sqlite_server", "blob_server"], ids=["folder", "blob"])
def client(request: pytest.FixtureRequest) -> Iterator[MlflowClient]:
    """A stock client of a server with artifacts in a local folder, and of one with artifacts in blobs."""
    with stock_client(request.getfixturevalue(request.param)) as pointed:
        yield pointed


@pytest.fixture
def run_id(client: MlflowClient, experiment_name: str) -> str:
    new: str = client.create_run(client.create_experiment(experiment_name)).info.run_id
    return new


@pytest.mark.parametrize("name", SIZES)
def test_a_file_comes_back_as_it_was(
    client: MlflowClient, run_id: str, files: Path, tmp_path: Path, name: str
) -> None:
    client.log_artifact(run_id, str(files / f"{name}.bin"), "deep/er")

    (listed,) = client.list_artifacts(run_id, "deep/er")
    downloaded = Path(client.download_artifacts(run_id, f"deep/er/{name}.bin", str(tmp_path)))

    assert (listed.path, listed.is_dir) == (f"deep/er/{name}.bin", False)
    assert (listed.file_size or 0) == SIZES[name]
    assert digest(downloaded) == digest(files / f"{name}.bin")


def digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def test_a_folder_comes_back_as_it_was(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    written = {"a.txt": b"a", "sub/b.bin": bytes(range(256)), "sub/deep/c": b"", "sub/d e+f&g.txt": b"odd"}
    for name, content in written.items():
        file = tmp_path / "up" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    client.log_artifacts(run_id, str(tmp_path / "up"), "all")
    (tmp_path / "down").mkdir()
    top = Path(client.download_artifacts(run_id, "all", str(tmp_path / "down")))

    files = [file for file in top.rglob("*") if file.is_file()]
    assert {file.relative_to(top).as_posix(): file.read_bytes() for file in files} == written


def test_a_listing_shows_files_and_folders_of_one_level(client: MlflowClient, run_id: str) -> None:
    for path in ("top.txt", "one/a.txt", "one/b.txt", "one/two/c.txt", "three/d.txt"):
        client.log_text(run_id, "12345", path)

    def listed(folder: str | None) -> list[tuple[str, bool, int | None]]:
        return [(a.path, a.is_dir, a.file_size) for a in client.list_artifacts(run_id, folder)]

    assert listed(None) == [("one", True, None), ("three", True, None), ("top.txt", False, 5)]
    assert listed("one") == [("one/a.txt", False, 5), ("one/b.txt", False, 5), ("one/two", True, None)]
    assert listed("absent") == []


def test_the_artifacts_of_runs_are_apart(client: MlflowClient, run_id: str) -> None:
    other = client.create_run(client.get_run(run_id).info.experiment_id).info.run_id
    client.log_text(run_id, "here", "note.txt")

    assert client.list_artifacts(other) == []


def test_text_comes_back_with_every_character(client: MlflowClient, run_id: str) -> None:
    client.log_text(run_id, "naïve 模型 😀\n", "überblick/模型.txt")

    assert mlflow.artifacts.load_text(f"runs:/{run_id}/überblick/模型.txt") == "naïve 模型 😀\n"
    assert [a.path for a in client.list_artifacts(run_id, "überblick")] == ["überblick/模型.txt"]


@pytest.mark.parametrize("name", ["settings.json", "settings.yaml"])
def test_a_dictionary_comes_back(client: MlflowClient, run_id: str, name: str, tmp_path: Path) -> None:
    client.log_dict(run_id, {"depth": 3, "names": ["a", "ä"]}, name)

    text = Path(client.download_artifacts(run_id, name, str(tmp_path))).read_text()
    assert "depth" in text
    if name.endswith("json"):
        assert mlflow.artifacts.load_dict(f"runs:/{run_id}/{name}") == {"depth": 3, "names": ["a", "ä"]}


def test_a_figure_comes_back_as_an_image(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    figure = matplotlib.figure.Figure()
    figure.subplots().plot([1, 2, 3])

    client.log_figure(run_id, figure, "plots/line.png")

    image = Path(client.download_artifacts(run_id, "plots/line.png", str(tmp_path)))
    assert image.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_file_logged_again_replaces_the_first(client: MlflowClient, run_id: str) -> None:
    client.log_text(run_id, "the first one, which is longer", "note.txt")
    client.log_text(run_id, "second", "note.txt")

    assert mlflow.artifacts.load_text(f"runs:/{run_id}/note.txt") == "second"
    assert [artifact.file_size for artifact in client.list_artifacts(run_id)] == [6]


# What MLflow's reading of the table raises with pandas 3.
@pytest.mark.filterwarnings("ignore:For backward compatibility, 'str' dtypes")
def test_a_table_grows_with_each_call(client: MlflowClient, run_id: str) -> None:
    mlflow.set_experiment(experiment_id=client.get_run(run_id).info.experiment_id)
    with mlflow.start_run(run_id=run_id):
        mlflow.log_table({"question": ["a"], "score": [1]}, "table.json")
        mlflow.log_table({"question": ["b"], "score": [2]}, "table.json")

    assert mlflow.load_table("table.json", run_ids=[run_id])["question"].tolist() == ["a", "b"]


def test_an_artifact_that_is_not_there_is_told_as_such(client: MlflowClient, run_id: str) -> None:
    with pytest.raises(MlflowException, match=r"absent\.txt"):
        client.download_artifacts(run_id, "absent.txt")
