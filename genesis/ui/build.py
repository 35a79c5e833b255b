"""A build as it lies in its folder: written once, beside it, and renamed; then only read."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypedDict

import orjson

from genesis.ui import changes, pinned

MANIFEST = "genesis-ui.json"
"""Written last: a folder without it holds no build."""
FILES = "files"
LICENCES = "licences"
BESIDE = ".genesis-ui-"
"""How the names of builds begin that are being written."""
FORSAKEN_SECONDS = 3600
"""After which one of those is nobody's any more."""
LEVEL = 9
WORTH = 0.9
"""A file is kept as gzip where that makes it smaller than this part of itself."""

TYPES = {
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "cjs": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "eot": "application/vnd.ms-fontobject",
    "wasm": "application/wasm",
}
"""The machine's own table is left out of it: on Windows it may say of scripts that they are text."""


class Entry(TypedDict):
    """A file as the manifest has it; ``gzip`` is its size where only that form is kept."""

    etag: str
    type: str
    size: int
    gzip: int | None


class NotOurs(Exception):
    """The folder holds something else, which is not to be replaced."""


def is_current(folder: Path) -> bool:
    """Whether the folder holds the pinned build, whole and as we change it."""
    try:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return False
    marks = {"sha256": pinned.FILES_SHA256, "changes": changes.SHA256}
    return isinstance(manifest, dict) and marks.items() <= manifest.items()


def check_place(folder: Path) -> None:
    """Raises NotOurs where a build would replace what is none."""
    if (
        folder.exists()
        and not (folder / MANIFEST).is_file()
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise NotOurs(f"{folder} is no build of the UI, and is not empty; name another folder.")


@contextmanager
def beside(folder: Path) -> Iterator[Path]:
    """A new folder on the same disk, gone afterwards; what earlier ones left behind goes, too."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _tidy(folder.parent)
    new = Path(tempfile.mkdtemp(prefix=BESIDE, dir=folder.parent))
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _tidy(parent: Path) -> None:
    for left in parent.glob(f"{BESIDE}*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - FORSAKEN_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def write(files: Iterable[tuple[str, bytes]], folder: Path) -> dict[str, int]:
    """Keep the files of a build in ``folder``, which is empty; returns how many there are and their bytes.

    They are changed already; names are those in the wheel, slashes between the parts.
    """
    kept: dict[str, Entry] = {}
    for name, content in files:
        if name.startswith(pinned.BUILD):
            path = name.removeprefix(pinned.BUILD)
            kept[path] = _keep(folder / FILES / path, content)
        else:
            _write(folder / LICENCES / name.removeprefix(pinned.LICENCES), content)
    marks = {"mlflow": pinned.VERSION, "sha256": pinned.FILES_SHA256, "changes": changes.SHA256}
    manifest = {**marks, "files": kept}
    _write(folder / MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return {
        "files": len(kept),
        "bytes": sum(one["size"] for one in kept.values()),
        "kept": sum(one["gzip"] or one["size"] for one in kept.values()),
    }


def _keep(place: Path, content: bytes) -> Entry:
    """Of what gzip makes smaller only that is kept: few ask for it in any other form."""
    packed = gzip.compress(content, LEVEL, mtime=0)
    is_packed = len(packed) < WORTH * len(content)
    if is_packed:
        _write(place.with_name(f"{place.name}.gz"), packed)
    else:
        _write(place, content)
    return {
        "etag": hashlib.sha256(content).hexdigest()[:32],
        "type": TYPES.get(place.suffix[1:].lower(), "application/octet-stream"),
        "size": len(content),
        "gzip": len(packed) if is_packed else None,
    }


def _write(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def put_in_place(new: Path, folder: Path) -> None:
    """Make ``new`` the build at ``folder``; one of two that do so at once wins, whole.

    Raises NotOurs, and OSError where the folder cannot be replaced.
    """
    check_place(folder)
    with beside(folder) as old:
        if folder.exists():
            with suppress(FileNotFoundError):
                os.rename(folder, old / "replaced")
        try:
            os.rename(new, folder)
        except OSError:
            if not is_current(folder):
                raise
