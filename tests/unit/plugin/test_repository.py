"""When the plug-in steps in, and when MLflow's own repository does everything."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

from genesis.plugin import artifact_repository, server
from tests.unit.plugin.conftest import PART, content
from tests.unit.plugin.fakes import HANG_UP, INFO, ROUTE, SIGN, Answer, Fakes, Seen

ROOT = "0/run/artifacts"
URI = f"mlflow-artifacts:/{ROOT}"


def test_mlflow_finds_the_plug_in(fake: Fakes) -> None:
    found = get_artifact_repository(URI, tracking_uri=fake.url)
    assert type(found).__module__ == "genesis.plugin.repository"


def test_the_module_that_mlflow_loads_at_import_loads_nothing() -> None:
    loaded = "import sys, genesis.plugin; print('mlflow' in sys.modules, 'requests' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("off", ["false", "False", "0", "no"])
def test_it_can_be_turned_off(monkeypatch: pytest.MonkeyPatch, fake: Fakes, off: str) -> None:
    monkeypatch.setenv("GENESIS_DIRECT_ARTIFACTS", off)
    assert type(artifact_repository(URI, fake.url)) is MlflowArtifactsRepository


@pytest.mark.parametrize(
    "info",
    [
        *(Answer(404), Answer(500), HANG_UP, Answer(401, b"{}")),
        *(Answer(200, b"{}"), Answer(200, b"[1]"), Answer(200, b"<html>")),
        *(Answer(200, b'{"protocol": 2}'), Answer(405, b"{}"), Answer(501, b"{}")),
    ],
)
def test_at_another_server_everything_is_mlflows_own(
    fake: Fakes, repository: Any, folder: Path, info: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    fake.tracking_fault = lambda seen: info if seen.path == INFO else None
    (folder / "sub").mkdir()
    (folder / "sub" / "file.bin").write_bytes(b"x")
    back = folder.with_name("back")
    back.mkdir()

    repository.log_artifact(folder / "sub" / "file.bin")
    repository.log_artifacts(folder)
    repository.download_artifacts("sub", str(back))

    assert fake.files == {f"{ROOT}/file.bin": b"x", f"{ROOT}/sub/file.bin": b"x"}
    assert (back / "sub" / "file.bin").read_bytes() == b"x"
    assert not fake.moved and not fake.calls(SIGN)
    assert not [record for record in caplog.records if not record.name.startswith("urllib3")]


def test_a_server_is_asked_once_a_minute(fake: Fakes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file.bin").write_bytes(b"x")
    for run in range(3):
        artifact_repository(f"mlflow-artifacts:/0/{run}/artifacts", fake.url).log_artifacts(folder)
    assert len(fake.calls(INFO)) == 1

    monkeypatch.setattr(server, "INFO_SECONDS", 0)
    artifact_repository(URI, fake.url).log_artifact(folder / "file.bin")
    assert len(fake.calls(INFO)) == 2


@pytest.mark.parametrize(
    ("uri", "prefix"),
    [
        ("mlflow-artifacts:/0/run/artifacts", "0/run/artifacts/"),
        ("mlflow-artifacts:/", ""),
        ("mlflow-artifacts:/0/run/artifacts/models/", "0/run/artifacts/models/"),
    ],
)
@pytest.mark.parametrize("below", ["", "/mlflow"])
def test_the_root_is_that_of_the_uri_and_the_server_may_be_below_a_path(
    fake: Fakes, folder: Path, uri: str, prefix: str, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    track, asked = fake.track, []

    def strip(seen: Seen) -> Answer:
        asked.append(seen.path)
        return track(replace(seen, path=seen.path.removeprefix(below)))

    fake.tracking_fault = lambda seen: None if seen.path.startswith("/api") else strip(seen)
    (folder / "file.bin").write_bytes(b"x")

    artifact_repository(uri, fake.url + below).log_artifact(folder / "file.bin", "a/b")

    assert list(fake.files) == [f"{prefix}a/b/file.bin"]
    assert all(path.startswith(below) for path in asked)


def test_a_path_that_mlflow_refuses_is_refused(fake: Fakes, repository: Any, folder: Path) -> None:
    (folder / "file.bin").write_bytes(b"x")
    with pytest.raises(mlflow.MlflowException, match="Invalid artifact path"):
        repository.log_artifact(folder / "file.bin", "../up")
    with pytest.raises(mlflow.MlflowException, match="Invalid artifact path"):
        repository.log_artifacts(folder, "../up")
    assert not fake.moved


def test_progress_is_shown_as_mlflow_shows_it(
    fake: Fakes, repository: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars: list[dict[str, Any]] = []

    class Bar:
        def __init__(self, total: int, desc: str, **options: Any) -> None:
            bars.append({"desc": desc, "total": total, "done": 0})
            self.bar = bars[-1]

        def update(self, step: int) -> None:
            self.bar["done"] += step

        def refresh(self) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "tqdm.auto", SimpleNamespace(tqdm=Bar))
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "true")
    monkeypatch.setattr("mlflow.utils.file_utils._PROGRESS_BAR_DISPLAY_THRESHOLD", 2 * PART)
    (folder / "large.bin").write_bytes(content(3 * PART + 1))
    (folder / "small.bin").write_bytes(b"x")

    repository.log_artifacts(folder)
    repository.download_artifacts("", str(folder))

    assert all(bar["done"] == bar["total"] for bar in bars)
    assert {bar["desc"]: bar["total"] for bar in bars} == {
        "Uploading artifacts": 2,
        "Uploading large.bin": 3 * PART + 1,
        "Downloading artifacts": 2,
        f"Downloading {ROOT}/large.bin": 3 * PART + 1,
    }


@pytest.mark.parametrize("answer", [Answer(503), Answer(401, b"{}")], ids=lambda a: str(a.status))
def test_a_failed_question_is_asked_again_the_next_time(
    fake: Fakes, repository: Any, folder: Path, answer: Answer
) -> None:
    (folder / "file.bin").write_bytes(b"x")
    fake.tracking_fault = lambda seen: answer if seen.path == INFO else None
    repository.log_artifact(folder / "file.bin")
    assert [seen.path for seen in fake.asked][-1].startswith(ROUTE)

    fake.tracking_fault = lambda seen: None
    repository.log_artifact(folder / "file.bin")
    assert len(fake.sent()) == 1


def test_a_folder_is_listed_once_to_be_downloaded(fake: Fakes, repository: Any, folder: Path) -> None:
    (folder / "deeper").mkdir()
    for name in ("a.bin", "deeper/b.bin"):
        (folder / name).write_bytes(b"x")
    repository.log_artifacts(folder, "all")
    back = folder.with_name("back")
    back.mkdir()

    for _ in range(2):
        repository.download_artifacts("all", str(back))

    assert [call.query["path"] for call in fake.calls(ROUTE)] == [f"{ROOT}/all", f"{ROOT}/all/deeper"] * 2
    assert (back / "all" / "deeper" / "b.bin").read_bytes() == b"x"
