"""A reply's body: read in pieces, in one, or not at all, and let go of every time."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from random import Random

import pytest

from genesis.http import COMPRESSED_FROM, Request, Response


class Pieces:
    """A body that tells how much of it was read and whether it was closed."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = list(pieces)
        self.read = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.read == len(self._pieces):
            raise StopIteration
        piece = self._pieces[self.read]
        self.read += 1
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self) -> None:
        self.closed = True


def test_a_body_in_one_piece_is_closed() -> None:
    body = Pieces(b"a", b"b")
    assert Response(body=body).whole() == b"ab"
    assert body.closed


def test_a_begun_body_has_read_one_piece_and_loses_none() -> None:
    body = Pieces(b"a", b"b", b"c")
    response = Response(body=body)

    response.begin()

    assert body.read == 1
    assert response.whole() == b"abc"
    assert body.closed


@pytest.mark.parametrize("begun", [False, True])
def test_a_body_can_be_let_go_of_before_its_end(begun: bool) -> None:
    body = Pieces(b"a", b"b")
    response = Response(body=body)
    if begun:
        response.begin()

    response.close()

    assert (body.read, body.closed) == (int(begun), True)


@pytest.mark.parametrize("read", [Response.begin, Response.join])
def test_a_body_that_fails_is_closed(read: Callable[[Response], None]) -> None:
    body = Pieces(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        read(Response(body=body))
    assert body.closed


def test_an_empty_body_stays_empty_when_it_is_begun() -> None:
    response = Response(body=Pieces())
    response.begin()
    assert response.whole() == b""


@pytest.mark.parametrize("read", [Response.begin, Response.join, Response.skip, Response.close])
def test_a_body_of_bytes_stays_as_it_is(read: Callable[[Response], None]) -> None:
    response = Response(body=b"ab")
    read(response)
    assert response.body == b"ab"


def test_a_skipped_body_is_closed_unread() -> None:
    body = Pieces(b"a")
    response = Response(headers={"Content-Length": "1"}, body=body)

    response.skip()

    assert (body.read, body.closed) == (0, True)
    assert (response.body, response.headers) == (b"", {"Content-Length": "1"})


def test_a_generator_for_a_body_needs_no_care() -> None:
    response = Response(body=(piece for piece in (b"a", b"b")))
    response.begin()
    assert response.whole() == b"ab"


def test_an_iterator_that_cannot_be_closed_is_a_body_too() -> None:
    response = Response(body=iter([b"a", b"b"]))
    response.begin()
    assert response.whole() == b"ab"


@pytest.mark.parametrize(
    "host", ["here", "here:7071", "a-b.c_d.example:443", "127.0.0.1:80", "[::1]", "[2001:db8::1]:7071"]
)
def test_a_server_has_the_address_that_its_client_used(host: str) -> None:
    assert Request("GET", "/", headers={"host": host}, scheme="https").base_url == f"https://{host}"


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "user@a", "a?b", "a#b", 'a"b', "a\nb", "a:b", "[::1", "::1", "a,b", "ä"]
)
def test_a_host_that_is_none_gives_no_address(host: str) -> None:
    assert Request("GET", "/", headers={"host": host}).base_url == ""
    assert Request("GET", "/").base_url == ""


LONG = b'{"runs": "' + b"r" * COMPRESSED_FROM + b'"}'


def sent(body: bytes, accepted: str, content_type: str = "application/json") -> Response:
    response = Response(200, {"Content-Type": content_type}, body)
    response.compress(accepted)
    return response


@pytest.mark.parametrize(
    "accepted", ["gzip", "gzip, deflate", "deflate, GZIP;q=0.5", "*", "br;q=0, gzip ;q=1.0"]
)
def test_long_json_is_compressed_for_who_accepts_it(accepted: str) -> None:
    response = sent(LONG, accepted)

    assert response.headers["Content-Encoding"] == "gzip"
    assert isinstance(response.body, bytes) and len(response.body) < 200
    assert gzip.decompress(response.body) == LONG


@pytest.mark.parametrize(
    "accepted", ["", "identity", "deflate, br", "gzip;q=0", "gzip; q=0.000, br", "*;q=0"]
)
def test_who_does_not_accept_it_gets_long_json_as_it_is(accepted: str) -> None:
    response = sent(LONG, accepted)

    assert (response.body, "Content-Encoding" in response.headers) == (LONG, False)
    # A cache between must not give the one's reply to the other.
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("body", "content_type"), [(LONG[: COMPRESSED_FROM - 1], "application/json"), (LONG, "text/plain")]
)
def test_what_is_short_or_a_file_is_not_compressed(body: bytes, content_type: str) -> None:
    assert sent(body, "gzip", content_type).body == body


def test_a_long_reply_that_streams_is_compressed_as_it_goes() -> None:
    random = Random(1)
    sent = [random.randbytes(5000) for _ in range(100)]
    pieces = Pieces(*sent)
    response = Response(200, {"Content-Type": "application/json"}, pieces)
    response.compress("gzip")

    assert response.headers["Content-Encoding"] == "gzip"
    assert not isinstance(response.body, bytes)
    packed = [next(response.body)]
    assert pieces.read < 50
    packed += response.body
    assert all(packed)
    assert gzip.decompress(b"".join(packed)) == b"".join(sent)


def test_a_compressed_reply_that_nobody_reads_to_its_end_is_closed() -> None:
    pieces = Pieces(b"a", b"b")
    response = Response(200, {"Content-Type": "application/json"}, pieces)
    response.begin()
    response.compress("gzip")
    response.close()
    assert pieces.closed


@pytest.mark.parametrize("body", [LONG, iter([LONG])])
def test_a_file_of_json_which_says_how_long_it_is_is_not_compressed(body: bytes | Iterator[bytes]) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(LONG))}
    response = Response(200, headers, body)
    response.compress("gzip")
    assert (response.whole(), response.headers) == (LONG, headers)
