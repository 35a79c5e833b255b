"""Artifacts on this machine and in Genesis-Flow's own store."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from genesis.artifacts import ArtifactStore
from genesis.artifacts.paths import safe_file, scoped
from genesis.errors import invalid, missing, unavailable
from genesis.migrate.ends import File
from genesis.migrate.locations import local_path, proxied_path

CHUNK = 1 << 20
"""Bytes that are read from a file at a time."""


class LocalFiles:
    """``Files`` of locations on this machine: paths, and ``file:`` URIs."""

    def walk(self, uri: str) -> Iterator[File]:
        root = _folder(uri)
        if root.is_file():
            # A model version may name one file.
            yield File("", root.stat().st_size)
        seen: set[str] = set()
        for folder, folders, names in os.walk(root, followlinks=True):
            real = os.path.realpath(folder)
            if real in seen:
                # A link that leads back up.
                folders.clear()
                continue
            seen.add(real)
            folders.sort()
            for name in sorted(names):
                place = Path(folder, name)
                if place.is_file():
                    yield File(place.relative_to(root).as_posix(), place.stat().st_size)

    def read(self, uri: str, path: str) -> Iterator[bytes]:
        with (_folder(uri) / path).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


def _folder(uri: str) -> Path:
    found = local_path(uri)
    if found is None:
        raise ValueError(f"{uri} is no folder of this machine.")
    return found


class StoreFiles:
    """``Depot`` of the ``mlflow-artifacts:`` locations of one workspace, without a server."""

    def __init__(self, store: ArtifactStore, workspace: str) -> None:
        self._store = store
        self._workspace = workspace

    def walk(self, uri: str) -> Iterator[File]:
        top = self._place(uri)
        folders = [top]
        while folders:
            for info in self._store.list(folders.pop()):
                if info.size is None:
                    folders.append(info.path)
                else:
                    yield File(info.path.removeprefix(top).lstrip("/"), info.size)

    def read(self, uri: str, path: str) -> Iterator[bytes]:
        content = self._store.open(self._place(uri, path))
        if content is None:
            raise missing(f"There is no artifact {path} at {uri}.")
        size = 0
        for chunk in content.chunks:
            size += len(chunk)
            yield chunk
        if size != content.size:
            raise unavailable(f"Artifact {path} at {uri} was cut off at {size} of {content.size} bytes.")

    def put(self, uri: str, path: str, chunks: Iterable[bytes]) -> None:
        place = self._place(uri, path)
        if safe_file(place) != place:
            raise invalid(f"No client would find an artifact of the name {path!r}: rename it.")
        content_type = mimetypes.guess_type(place)[0] or "application/octet-stream"
        self._store.put(place, chunks, content_type)

    def _place(self, uri: str, path: str = "") -> str:
        place = proxied_path(uri)
        if place is None:
            raise ValueError(f"{uri} is not kept by this server.")
        return scoped("/".join(part for part in (place, path) if part), self._workspace)


class FolderFiles(LocalFiles):
    """``Depot`` of locations on this machine."""

    def put(self, uri: str, path: str, chunks: Iterable[bytes]) -> None:
        target = _folder(uri) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        with partial.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        os.replace(partial, target)
