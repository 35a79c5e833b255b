"""What a local store's signed URLs allow, and the HMAC that keeps them from being altered."""

from __future__ import annotations

import errno
import hmac
import json
import os
import secrets
import shutil
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from genesis.artifacts import MOST_SECONDS, PART_SECONDS
from genesis.errors import Code, GenesisError, invalid, unavailable

READ, WRITE = "read", "write"
KEY_FOLDER = "signing"
KEY_BYTES = 32
SKEW = 300
"""Seconds that the clocks of two machines over one folder may differ."""

STARTED, PARTS, RANDOM, SEAL = 11, 4, 16, 32
"""Hexadecimal digits of an upload's id: milliseconds since the epoch, parts, randomness, HMAC."""


@dataclass(frozen=True)
class Grant:
    """One permission for one path; ``upload`` and ``part`` are set for a part of an upload only."""

    allows: str
    path: str
    upload: str = ""
    part: int = 0


@dataclass(frozen=True)
class Begun:
    """What an upload's id says of it; ``started`` in seconds since the epoch."""

    started: float
    parts: int


class Grants:
    """Signs and checks; every process that has the same key takes another's grants for its own."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def query(self, grant: Grant, seconds: int) -> str:
        """The grant as a URL's query, good for ``seconds``."""
        made = now()
        fields = {"allows": grant.allows, "made": str(made), "expires": str(made + seconds)}
        if grant.upload:
            fields |= {"upload": grant.upload, "part": str(grant.part)}
        return urlencode(fields | {"sig": self._signature(grant.path, fields)})

    def check(self, allows: str, path: str, query: Mapping[str, str]) -> Grant:
        """What the query grants; raises PERMISSION_DENIED unless that is ``allows`` for ``path``, now."""
        if "sig" not in query:
            raise _denied("The URL is not signed.")
        fields = {name: value for name, value in query.items() if name != "sig"}
        if not _same(query["sig"], self._signature(path, fields)):
            raise _denied("The URL's signature does not fit: the URL was altered, or is another artifact's.")
        if fields["allows"] != allows:
            raise _denied(f"The URL was signed to {fields['allows']}, not to {allows}.")
        if int(fields["made"]) > now() + SKEW:
            raise _denied("The URL is not valid yet: the clocks of two servers differ.")
        if int(fields["expires"]) < now():
            raise _denied("The URL has expired; ask for a new one.")
        return Grant(allows, path, fields.get("upload", ""), int(fields.get("part", 0)))

    def upload_id(self, path: str, parts: int) -> str:
        """A new upload's id, which is good for this path and this many parts alone."""
        started = f"{time.time_ns() // 1_000_000:0{STARTED}x}"
        begun = f"{started}{parts:0{PARTS}x}{secrets.token_hex(RANDOM // 2)}"
        return begun + self._seal(path, begun)

    def is_upload(self, path: str, upload_id: str) -> bool:
        """True for an id that was made for the path; only such a one may be part of a file's name."""
        begun, seal = upload_id[:-SEAL], upload_id[-SEAL:]
        return len(begun) == STARTED + PARTS + RANDOM and _same(seal, self._seal(path, begun))

    def begun(self, path: str, upload_id: str) -> Begun:
        """The upload that has the id; raises INVALID_PARAMETER_VALUE if none has."""
        if not self.is_upload(path, upload_id):
            raise invalid(f"There is no such upload of '{path}'.")
        parts = upload_id[STARTED : STARTED + PARTS]
        return Begun(int(upload_id[:STARTED], 16) / 1000, int(parts, 16))

    def _signature(self, path: str, fields: Mapping[str, str]) -> str:
        return self._mac(["url", path, sorted(fields.items())])

    def _seal(self, path: str, begun: str) -> str:
        return self._mac(["upload", path, begun])[:SEAL]

    def _mac(self, words: list[object]) -> str:
        # JSON, so that no word can pass for the end of another one.
        return hmac.new(self._key, json.dumps(words).encode(), "sha256").hexdigest()


def life(minutes: int, parts: int, seconds: int | None) -> int:
    """Seconds that a URL of ``parts`` parts lives (0: a download's); ``seconds`` may only shorten it."""
    longest = min(minutes * 60 + PART_SECONDS * parts, MOST_SECONDS)
    return longest if seconds is None else min(seconds, longest)


def now() -> int:
    """Seconds since the epoch."""
    return int(time.time())


def shared_key(folder: Path) -> bytes:
    """The key of all processes over ``folder``, made by the first of them that needs it."""
    place = folder / KEY_FOLDER / "key"
    if not place.exists():
        _make_key(folder)
    key = place.read_bytes()
    if len(key) != KEY_BYTES:
        raise unavailable("The key that signs URLs is damaged: remove the folder 'signing' it lies in.")
    return key


def _make_key(folder: Path) -> None:
    made = folder / uuid.uuid4().hex
    made.mkdir(mode=0o700)
    try:
        with open(os.open(made / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A folder replaces no folder that has something in it: the first one stays.
        os.rename(made, folder / KEY_FOLDER)
    except OSError as error:
        with suppress(OSError):
            shutil.rmtree(made)
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), right.encode())


def _denied(message: str) -> GenesisError:
    return GenesisError(Code.PERMISSION_DENIED, message)
