"""How a file that a page sends is read: no more of it than may be kept, and nothing that forms send."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from genesis.http import Body, BytesBody, Request
from genesis.wire.artifacts import MAX_PAGE_UPLOAD, UploadArtifact

QUERY = "run_uuid=r&path=a%2Fb"


def uploaded(body: Body, content_type: str = "text/plain", query: str = QUERY) -> UploadArtifact:
    headers = {"content-type": content_type} if content_type else {}
    return UploadArtifact.decode(Request("POST", "/", query, headers, body), {})


def test_the_body_is_the_file_whatever_its_type() -> None:
    for content_type in ("text/plain", "application/json", "image/png", ""):
        assert uploaded(BytesBody(b'{"a'), content_type) == UploadArtifact("r", "a/b", b'{"a', False)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "Application/X-WWW-Form-Urlencoded ;charset=utf-8",
    ],
)
def test_forms_send_no_file(content_type: str) -> None:
    assert uploaded(BytesBody(b"a=b"), content_type).content == b""


def test_a_run_has_one_name_here() -> None:
    assert uploaded(BytesBody(b"x"), query="run_id=r&path=a").run_id == ""


def test_the_largest_file_is_kept_and_one_byte_more_is_not() -> None:
    assert len(uploaded(BytesBody(b"x" * MAX_PAGE_UPLOAD)).content) == MAX_PAGE_UPLOAD
    larger = uploaded(BytesBody(b"x" * (MAX_PAGE_UPLOAD + 1)))
    assert (larger.is_too_large, larger.content) == (True, b"")


def test_a_file_without_end_is_not_read_to_it() -> None:
    read = 0

    class Endless(BytesBody):
        length = None

        def chunks(self) -> Iterator[bytes]:
            nonlocal read
            while True:
                read += 1 << 20
                yield b"x" * (1 << 20)

    assert uploaded(Endless()).is_too_large
    assert read == MAX_PAGE_UPLOAD + (1 << 20)
