"""The MD5 by which files are found to have been damaged on their way."""

from __future__ import annotations

import hashlib
from typing import Any


def checksum(data: bytes = b"") -> Any:
    """The MD5 of ``data``, to be updated; nothing is secret or trusted because of it."""
    return hashlib.md5(data, usedforsecurity=False)
