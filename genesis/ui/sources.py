"""Where the files of the build come from: a wheel, or the MLflow that is installed beside us."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from genesis.ui import pinned
from genesis.ui.pinned import WrongBuild

Files = Iterable[tuple[str, bytes]]


def of_wheel(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents in a wheel; raises WrongBuild unless it is the pinned one."""
    if digest(wheel) != pinned.WHEEL_SHA256:
        raise WrongBuild(f"{wheel.name} is not the {pinned.WHEEL} of PyPI: its SHA-256 is another one.")
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(filter(_is_wanted, archive.namelist())):
            yield name, archive.read(name)


def installed() -> Files | None:
    """What ``mlflow`` in this environment has of it; None where it is of another version, or not there."""
    try:
        mlflow = distribution("mlflow")
    except PackageNotFoundError:
        return None
    names = sorted(name for file in mlflow.files or () if _is_wanted(name := file.as_posix()))
    root = Path(str(mlflow.locate_file("")))
    if mlflow.version != pinned.VERSION or not all((root / name).is_file() for name in names):
        return None
    return ((name, (root / name).read_bytes()) for name in names)


def _is_wanted(name: str) -> bool:
    is_file = not name.endswith(("/", pinned.SOURCE_MAPS))
    is_within = ".." not in PurePosixPath(name).parts
    return is_file and is_within and name.startswith((pinned.BUILD, pinned.LICENCES))


def checked(files: Files) -> Iterator[tuple[str, bytes]]:
    """The files; raises WrongBuild after the last one unless all are those of the pinned build."""
    listing = hashlib.sha256()
    for name, content in files:
        listing.update(listed(name, content))
        yield name, content
    if listing.hexdigest() != pinned.FILES_SHA256:
        raise WrongBuild(
            f"These are not the files of MLflow {pinned.VERSION}'s UI: their list has another SHA-256."
        )


def listed(name: str, content: bytes) -> bytes:
    """A file's line in the list, which is sorted by name: as ``sha256sum`` would write it."""
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()


def digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
