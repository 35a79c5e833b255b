"""MLflow's artifact repository for ``mlflow-artifacts:`` URIs, of which the bytes bypass the server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import verify_artifact_path
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository
from mlflow.utils.file_utils import ArtifactProgressBar

from genesis.plugin.downloads import Downloads
from genesis.plugin.server import Server
from genesis.plugin.uploads import FILES_AT_ONCE, File, files_in, upload

ROUTE = "/api/2.0/mlflow-artifacts/artifacts"


class DirectArtifactRepository(MlflowArtifactsRepository):
    """Against any other server than Genesis-Flow it is MLflow's own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        url, _, root = self.artifact_uri.partition(ROUTE)
        self._server = Server(url.rstrip("/"))
        self._root = root.strip("/")
        self._downloads = Downloads(self._server)
        self._direct_pool: ThreadPoolExecutor | None = None
        self._just_listed: dict[str | None, list[FileInfo]] = {}

    def log_artifact(self, local_file: Any, artifact_path: str | None = None) -> None:
        if not self._server.signs():
            return super().log_artifact(local_file, artifact_path)
        verify_artifact_path(artifact_path)
        local = Path(local_file)
        for _ in upload(self._server, [File.at(local, self._path(artifact_path, local.name))]):
            pass

    def log_artifacts(self, local_dir: Any, artifact_path: str | None = None) -> None:
        if not self._server.signs():
            return super().log_artifacts(local_dir, artifact_path)
        verify_artifact_path(artifact_path)
        files = list(files_in(os.path.abspath(local_dir), self._path(artifact_path)))
        with ArtifactProgressBar.files("Uploading artifacts", len(files)) as bar:
            for _ in upload(self._server, files):
                bar.update()

    def download_artifacts(self, artifact_path: Any, dst_path: Any = None) -> Any:
        if self._server.signs() and self._direct_pool is None:
            # MLflow's has two threads a processor, as if the bytes were not waited for most of the time.
            self.thread_pool = self._direct_pool = ThreadPoolExecutor(
                FILES_AT_ONCE, thread_name_prefix="genesis-files"
            )
        return super().download_artifacts(artifact_path, dst_path)

    def _is_directory(self, artifact_path: Any) -> bool:
        """As MLflow's; what it listed to find out is what it wants next, when it is a folder."""
        found: list[FileInfo] = self.list_artifacts(artifact_path)
        if found and self._server.signs():
            self._just_listed[artifact_path] = found
        return bool(found)

    def _iter_artifacts_recursive(self, path: str | None) -> Iterator[FileInfo]:
        """As MLflow's; the files of a folder are made known before the first of them is fetched."""
        if not self._server.signs():
            yield from super()._iter_artifacts_recursive(path)
            return
        listed = self._just_listed.pop(path, None)
        if listed is None:
            listed = self.list_artifacts(path)
        found = [info for info in listed if info.path not in (".", path)]
        if not found:
            yield FileInfo(path=path, is_dir=True, file_size=None)
        files = [info for info in found if not info.is_dir]
        for info in files:
            self._downloads.expect(self._path(info.path), info.file_size)
        yield from files
        for info in found:
            if info.is_dir:
                yield from self._iter_artifacts_recursive(info.path)

    def _download_file(self, remote_file_path: str, local_path: Any) -> None:
        if not self._server.signs():
            return super()._download_file(remote_file_path, local_path)
        self._downloads.fetch(self._path(remote_file_path), Path(local_path))

    def _path(self, *parts: str | None) -> str:
        """The store's path of a path of this repository."""
        return "/".join(part.strip("/") for part in (self._root, *parts) if part)
