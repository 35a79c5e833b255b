"""Artifacts that MLflow's own repositories reach, and which of a source's places are to be moved."""

from __future__ import annotations

import os
import posixpath
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from genesis.errors import GenesisError, invalid, unavailable
from genesis.migrate.ends import File, Files
from genesis.migrate.files import CHUNK, LocalFiles
from genesis.migrate.locations import local_path, normal, proxied_path, shown

SIGNATURE = re.compile(r"\bsig=[^&\s'\"]+")
LONGEST = 500
"""Characters of what a storage says that are told."""
AZURE_ML = "azureml"
"""Locations that its plug-in for MLflow serves, wherever they are asked for."""
HOW = (
    "The source has artifacts at mlflow-artifacts: locations, which only its server knows. Say where that "
    "keeps them with --artifacts-from (its --artifacts-destination: a folder, wasbs://…, s3://…), give the "
    "server's URL as the source, or leave them with --no-artifacts."
)


class RepositoryFiles:
    """``Depot`` of whatever MLflow has a repository for; ``server`` is who serves what is proxied."""

    def __init__(self, scratch: Path, server: str | None = None) -> None:
        self._scratch = scratch
        self._server = server

    def walk(self, uri: str) -> Iterator[File]:
        with told(uri):
            repository = get_artifact_repository(uri, tracking_uri=self._server)
            folders: list[str | None] = [None]
            while folders:
                for info in repository.list_artifacts(folders.pop()):
                    if info.is_dir:
                        folders.append(info.path)
                    else:
                        yield File(info.path, info.file_size or 0)

    def read(self, uri: str, path: str) -> Iterator[bytes]:
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            with told(uri):
                repository = get_artifact_repository(uri, tracking_uri=self._server)
                file = Path(repository.download_artifacts(path, folder))
            with file.open("rb") as opened:
                while chunk := opened.read(CHUNK):
                    yield chunk

    def put(self, uri: str, path: str, chunks: Iterable[bytes]) -> None:
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            file = Path(folder, posixpath.basename(path))
            with file.open("wb") as opened:
                for chunk in chunks:
                    opened.write(chunk)
            with told(uri):
                repository = get_artifact_repository(uri, tracking_uri=self._server)
                repository.log_artifact(os.fspath(file), posixpath.dirname(path) or None)


class told:
    """MLflow's failures, and those of the storages it reaches, as ours."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, GenesisError) or not isinstance(error, Exception):
            return
        reason = SIGNATURE.sub("sig=…", f"{type(error).__name__}: {error}".partition("\n")[0])[:LONGEST]
        words = f"Artifacts at {shown(self._uri)}: {reason}"
        if isinstance(error, MlflowException) and error.get_http_status_code() < 500:
            raise invalid(words) from error
        # It may be so only now, and is tried again by the next call.
        raise unavailable(words) from error


class SourceFiles:
    """Which reader a location has.

    ``root`` is what proxied locations stand for, and below which everything moves; ``server`` answers for
    proxied ones instead. Other storages than this machine's stay where they are.
    """

    def __init__(self, scratch: Path, root: str = "", server: str | None = None, move: bool = True) -> None:
        self.scratch = scratch
        self._local = LocalFiles()
        self._remote = RepositoryFiles(scratch, server)
        self._root = root.rstrip("/")
        self._server = server
        self._move = move

    def of(self, uri: str) -> Files | None:
        """None for what stays; raises ValueError for what nobody can say where it is."""
        if not self._move or not uri:
            return None
        if proxied_path(uri) is not None and self._server is None:
            return self._below_root()
        if local_path(uri) is not None:
            return self._local
        if proxied_path(uri) is not None or urlsplit(uri).scheme == AZURE_ML:
            return self._remote
        is_below = self._root and f"{normal(uri)}/".startswith(f"{normal(self._root)}/")
        return self._remote if is_below else None

    def _below_root(self) -> Files:
        if not self._root:
            raise ValueError(HOW)
        reader: Files = self._local if local_path(self._root) is not None else self._remote
        return Rebased(reader, self._root)


class Rebased:
    """Proxied locations, read where the server keeps them."""

    def __init__(self, files: Files, root: str) -> None:
        self._files = files
        self._root = root

    def _at(self, uri: str) -> str:
        return f"{self._root}/{proxied_path(uri)}"

    def walk(self, uri: str) -> Iterator[File]:
        return self._files.walk(self._at(uri))

    def read(self, uri: str, path: str) -> Iterator[bytes]:
        return self._files.read(self._at(uri), path)
