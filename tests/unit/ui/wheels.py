"""A wheel as MLflow's, but small; what is pinned is made to fit it."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from genesis.ui import changes, pinned
from genesis.ui.sources import listed

SCRIPT = b"console.log('page')\n" * 500
PAGE = b"<!doctype html><script src='static-files/static/js/main.0123abcd.js'></script>"
IMAGE = bytes(range(256))
CHANGED = {change.path: b"before;" + change.old + b";after" for change in changes.CHANGES}
FILES = {
    "index.html": PAGE,
    "favicon.ico": b"icon",
    "manifest.json": b'{"name": "x"}',
    "static/js/main.0123abcd.js": SCRIPT,
    "static/js/main.0123abcd.js.LICENSE.txt": b"MIT",
    **CHANGED,
    "static/css/main.89abcdef.css": b"a{}" * 1000,
    "static/media/logo.0123456789abcdef.png": IMAGE,
}
BUILT = {
    **FILES,
    **{
        change.path: changes.notice(change) + b"before;" + change.new + b";after"
        for change in changes.CHANGES
    },
    changes.FRAME: changes.PAGE,
}
"""As they are kept and served, with our changes."""
LICENCE = b"Apache License, Version 2.0"


def members() -> dict[str, bytes]:
    """What is taken out of the wheel, by its name in it."""
    named = {pinned.BUILD + path: content for path, content in FILES.items()}
    return {**named, f"{pinned.LICENCES}LICENSE.txt": LICENCE}


def write_wheel(wheel: Path, more: Mapping[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in {**members(), **(more or {})}.items():
            archive.writestr(name, content)
    return wheel


def pin(monkeypatch: pytest.MonkeyPatch, wheel: Path) -> None:
    """Make this wheel, with the files of ``members``, the one that is wanted."""
    listing = b"".join(listed(name, content) for name, content in sorted(members().items()))
    monkeypatch.setattr(pinned, "WHEEL_SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    monkeypatch.setattr(pinned, "FILES_SHA256", hashlib.sha256(listing).hexdigest())
