"""The build that a server shows: what its manifest names, read when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import orjson

from genesis.ui.build import FILES, MANIFEST, Entry

FETCHING = "fetching"
FAILED = "failed"
PAGE = "index.html"


class _Known(NamedTuple):
    """A manifest, and by what it is known that it is still the same."""

    stamp: tuple[int, int]
    files: Mapping[str, Entry]


class Site:
    """A folder that holds a build, or may hold one later; safe for threads; opens nothing until asked."""

    def __init__(self, folder: Path | None, storage: str = "") -> None:
        """``folder`` None: no UI is served. ``storage`` is the origin by which browsers reach artifacts."""
        self.folder = folder
        self.storage = storage
        self.state = ""
        """FETCHING or FAILED, where somebody fetches the build, or tried to."""
        self._known: _Known | None = None

    def entry(self, path: str) -> Entry | None:
        """What the manifest says of a file; None for what it does not name."""
        return self._files().get(path)

    def content(self, path: str, entry: Entry) -> bytes | None:
        """A file's bytes as they are kept; None where the build has just been replaced."""
        if self.folder is None:
            return None
        place = self.folder / FILES / (path if entry["gzip"] is None else f"{path}.gz")
        try:
            return place.read_bytes()
        except FileNotFoundError:
            return None

    def _files(self) -> Mapping[str, Entry]:
        if self.folder is None:
            return {}
        manifest = self.folder / MANIFEST
        try:
            found = manifest.stat()
            stamp = (found.st_mtime_ns, found.st_ino)
            known = self._known
            if known is None or known.stamp != stamp:
                files = dict(orjson.loads(manifest.read_bytes())["files"])
                known = self._known = _Known(stamp, files)
        except (OSError, ValueError, LookupError, TypeError):
            return {}
        return known.files
