"""Direct transfer to and from a folder: this process signs, and is itself what the signed URLs lead to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from genesis.artifacts import MOST_PARTS, Downloading, Signed, Uploading
from genesis.artifacts.grants import READ, WRITE, Begun, Grant, Grants, life, now, shared_key
from genesis.artifacts.local_files import Places, etag, kept_md5, put, without_paths, written
from genesis.artifacts.local_uploads import DAY, Upload, check_numbers
from genesis.errors import invalid

SIGNED = "/signed/"
"""What all signed URLs of a local store have below the server's own."""


class LocalDirect:
    """A ``Direct`` whose URLs are below ``base``."""

    def __init__(self, places: Places, base: str, minutes: int) -> None:
        self._places = places
        self._base = base
        self._minutes = minutes

    def begin(
        self, path: str, parts: int, content_type: str, seconds: int | None = None, upload_id: str = ""
    ) -> Uploading:
        if not 0 < parts <= MOST_PARTS:
            raise invalid(f"An upload has 1 to {MOST_PARTS} parts, not {parts}.")
        with without_paths():
            self._places.unfollowed(path)
            grants = _grants(self._places)
            upload_id = upload_id or grants.upload_id(path, parts)
            begun = grants.begun(path, upload_id)
            if parts != begun.parts:
                raise invalid(f"This upload began with {begun.parts} parts.")
            self._upload(path, upload_id, begun).touch()
        seconds = life(self._minutes, parts, seconds)
        granted = [Grant(WRITE, path, upload_id, number) for number in range(1, parts + 1)]
        return Uploading(upload_id, [self._signed(grants, grant, seconds) for grant in granted])

    def complete(
        self, path: str, upload_id: str, parts: Sequence[int], content_type: str, md5: bytes | None = None
    ) -> None:
        with without_paths():
            target = self._places.unfollowed(path)
            begun = _grants(self._places).begun(path, upload_id)
            check_numbers(parts, begun.parts)
            self._upload(path, upload_id, begun).publish(range(1, begun.parts + 1), target, path, md5)

    def abort(self, path: str, upload_id: str) -> None:
        with without_paths():
            # An id that is no upload's may be anything, a path too.
            if _grants(self._places).is_upload(path, upload_id):
                Upload(self._places.uploads, upload_id).abort()

    def whole(self, path: str, content_type: str, seconds: int | None = None) -> Signed:
        with without_paths():
            self._places.unfollowed(path)
            grants = _grants(self._places)
        return self._signed(grants, Grant(WRITE, path), life(self._minutes, 1, seconds))

    def download(
        self, path: str, content_type: str, disposition: str, seconds: int | None = None
    ) -> Downloading | None:
        file = self._places.opened(path)
        if file is None:
            return None
        with file, without_paths():
            status = os.fstat(file.fileno())
            md5 = kept_md5(file.fileno())
            grants = _grants(self._places)
        signed = self._signed(grants, Grant(READ, path), life(self._minutes, 0, seconds))
        return Downloading(signed, status.st_size, md5, etag(status))

    def _upload(self, path: str, upload_id: str, begun: Begun) -> Upload:
        upload = Upload(self._places.uploads, upload_id)
        if begun.started < now() - DAY and not upload.exists():
            raise invalid(f"The upload of '{path}' began more than a day ago and was given up; begin anew.")
        return upload

    def _signed(self, grants: Grants, grant: Grant, seconds: int) -> Signed:
        return Signed(f"{self._base}{quote(grant.path)}?{grants.query(grant, seconds)}", {})


class LocalReceiver:
    """A ``Receiver`` that writes below ``places``."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def put(self, path: str, grant: Mapping[str, str], chunks: Iterable[bytes], md5: bytes | None) -> None:
        granted = self._granted(WRITE, path, grant)
        if granted.upload:
            self._put_part(granted, chunks, md5)
        else:
            put(self._places, path, chunks, md5)

    def check(self, path: str, grant: Mapping[str, str]) -> None:
        self._granted(READ, path, grant)

    def _put_part(self, granted: Grant, chunks: Iterable[bytes], md5: bytes | None) -> None:
        upload = Upload(self._places.uploads, granted.upload)
        if upload.is_done():
            raise invalid(f"The upload of '{granted.path}' is complete; it takes no more parts.")
        with written(self._places.uploads, chunks, md5) as part, without_paths():
            upload.keep(granted.part, part)

    def _granted(self, allows: str, path: str, grant: Mapping[str, str]) -> Grant:
        with without_paths():
            grants = _grants(self._places)
        return grants.check(allows, path, grant)


def _grants(places: Places) -> Grants:
    """Read anew each time: another process may have made the key, or an administrator removed it."""
    return Grants(shared_key(places.uploads))
