"""A storage that signs and moves nothing, and a scope over it: what verbs ask of it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import pytest

from genesis.api import transfers
from genesis.artifacts import ArtifactStore, Content, Downloading, IsAFolder, Signed, Uploading
from genesis.artifacts.spans import Span, bounds
from genesis.errors import Code, GenesisError, missing
from genesis.scope import Scope
from genesis.search.clauses import Where
from genesis.store import Store
from genesis.wire import transfers as w

MD5 = bytes(range(16))


class Storage:
    """An ``ArtifactStore`` as far as transfers need one; ``files`` are sizes by path, None for a folder."""

    def __init__(
        self, files: Mapping[str, int | None] | None = None, *, signs: bool = True, receives: bool = False
    ) -> None:
        self.files = dict(files or {})
        self.signs = signs
        self.receives = receives
        self.closed: list[str] = []
        self.asked: list[tuple[Any, ...]] = []
        self.failure: GenesisError | None = None
        self.base_url = ""

    def direct(self, base_url: str) -> Storage | None:
        self.base_url = base_url
        return self if self.signs else None

    def receiver(self) -> Receiving | None:
        return Receiving(self) if self.receives else None

    def open(self, path: str, span: Span | None = None) -> Content:
        self.asked.append(("open", path))
        size = self.files[path] or 0
        start, end = bounds(span, size)
        return Content(size, start, end, '"e"', 0.0, Bytes(self, path))

    def put(self, path: str, chunks: Iterable[bytes], content_type: str) -> None:
        self.asked.append(("put", path, b"".join(chunks), content_type))

    def begin(
        self, path: str, parts: int, content_type: str, seconds: int | None = None, upload_id: str = ""
    ) -> Uploading:
        self.asked.append(("begin", path, parts, content_type, upload_id))
        signed = [Signed(f"https://storage/{path}?part={n}", {"x": "y"}) for n in range(1, parts + 1)]
        return Uploading(upload_id or "u1", signed)

    def complete(
        self, path: str, upload_id: str, parts: Sequence[int], content_type: str, md5: bytes | None = None
    ) -> None:
        self.asked.append(("complete", path, upload_id, list(parts), content_type, md5))
        if self.failure is not None:
            raise self.failure

    def abort(self, path: str, upload_id: str) -> None:
        self.asked.append(("abort", path, upload_id))

    def whole(self, path: str, content_type: str, seconds: int | None = None) -> Signed:
        self.asked.append(("whole", path, content_type, seconds))
        return Signed(f"https://storage/{path}?whole", {"x-ms-blob-type": "BlockBlob"})

    def download(
        self, path: str, content_type: str, disposition: str, seconds: int | None = None
    ) -> Downloading | None:
        self.asked.append(("download", path, content_type, disposition, seconds))
        if self.failure is not None:
            raise self.failure
        if path not in self.files:
            return None
        size = self.files[path]
        if size is None:
            raise IsAFolder(path)
        return Downloading(Signed(f"https://storage/{path}?get", {}), size, MD5 if size else None, '"e"')


class Receiving:
    """The other end of the storage's own URLs."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, path: str, grant: Mapping[str, str], chunks: Iterable[bytes], md5: bytes | None) -> None:
        if self._storage.failure is not None:
            raise self._storage.failure
        self._storage.asked.append(("receive", path, grant, b"".join(chunks), md5))

    def check(self, path: str, grant: Mapping[str, str]) -> None:
        if self._storage.failure is not None:
            raise self._storage.failure
        self._storage.asked.append(("check", path, grant))


class Bytes:
    """A body of which nobody reads anything here."""

    def __init__(self, storage: Storage, path: str) -> None:
        self._storage = storage
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        raise StopIteration

    def close(self) -> None:
        self._storage.closed.append(self._path)


class Located:
    """Runs, logged models or versions, of which only their artifact locations are known."""

    def __init__(self, roots: Mapping[str, str]) -> None:
        self._roots = roots

    def get(self, id: str, number: int | None = None) -> Located:
        key = id if number is None else str(number)
        if key not in self._roots:
            raise missing(f"Run with id={id} not found")
        self.artifact_uri = self.storage = self._roots[key]
        self.experiment_id = "1"
        return self

    def search(self, ids: list[str], where: Where, *rest: object) -> tuple[list[Located], str]:
        """Logged models by run and name: their location is that of ``run/name``."""
        key = "/".join(clause.value for clause in where)
        return [Located(self._roots).get(key)] if key in self._roots else [], ""


class Stored:
    """A ``Store`` of runs, logged models and versions, their artifact locations by id or number."""

    def __init__(self, roots: Mapping[str, str]) -> None:
        self.runs = Located(roots)
        self.logged_models = Located(roots)
        self.model_versions = Located(roots)


def scope_of(
    storage: Storage,
    roots: Mapping[str, str] | None = None,
    workspace: str = "default",
    *,
    redirects: bool = False,
    largest_body: int | None = None,
) -> Scope:
    """A scope in which only ``storage`` and the locations ``roots`` can be got at."""
    return Scope(
        workspace=workspace,
        artifact_root="mlflow-artifacts:/",
        open_store=lambda: cast(Store, Stored(roots or {})),
        open_artifacts=lambda: cast(ArtifactStore, storage),
        base_url="http://here:7071",
        redirects=redirects,
        largest_body=largest_body,
    )


def sign(storage: Storage, workspace: str = "default", **fields: Any) -> Any:
    return transfers.sign(w.Sign.parse(fields), scope_of(storage, workspace=workspace))


def commit(storage: Storage, *uploads: dict[str, Any], workspace: str = "default") -> Any:
    return transfers.commit(w.Commit.parse({"uploads": uploads}), scope_of(storage, workspace=workspace))


def refusal(excinfo: pytest.ExceptionInfo[GenesisError]) -> tuple[Code, int]:
    return excinfo.value.code, excinfo.value.status
